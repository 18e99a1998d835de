"""What two sweeps must have in common to be the same."""

from typing import Any

from tilewright.sweeps.result import SweepResult


def essence(result: SweepResult) -> list[dict[str, Any]]:
    """Everything of the trials but how long they took."""
    return [{**record.to_json(), "seconds": None} for record in result.records]

"""What the timing module of an engine offers."""

from typing import Any, Protocol

from golden.contract import Jobs

__all__ = ["TimedEngine"]


class TimedEngine(Protocol):
    """Exact cycles of an engine."""

    DATA_INDEPENDENT: bool
    """Whether cycles depend on the sizes of jobs alone."""

    def timing_sequence(self, params: Any, jobs: Jobs) -> int:
        """Cycles from the transfer of the first job to that of the last result, both included."""

    def timing(self, params: Any, m: int, n: int, k: int) -> int:
        """Cycles of a whole GEMM."""

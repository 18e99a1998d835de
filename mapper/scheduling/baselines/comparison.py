"""How many bytes a scheduler saves against a baseline."""

from collections.abc import Iterable
from dataclasses import dataclass

from mapper.scheduling.outcome import Outcome

__all__ = ["Reduction", "reduction"]


@dataclass(frozen=True, kw_only=True)
class Reduction:
    """Of pairs of schedules for the same graphs and budgets.

    Parameters
    ----------
    counted : tuple of float
        1 - bytes / bytes of the baseline, non-compulsory ones, of each pair in which both have a
        schedule and the baseline moves something.
    degenerate : int
        Pairs in which both have a schedule and the baseline moves nothing: there is nothing to
        save, and the quotient is none.
    baseline_failures : int
        Pairs in which only the scheduler has a schedule.
    failures : int
        Pairs in which the scheduler has none.
    """

    counted: tuple[float, ...]
    degenerate: int
    baseline_failures: int
    failures: int

    @property
    def average(self) -> float | None:
        """Mean of what is counted; None where nothing is."""
        return sum(self.counted) / len(self.counted) if self.counted else None


def reduction(pairs: Iterable[tuple[Outcome, Outcome]]) -> Reduction:
    """What a scheduler saves against a baseline.

    Parameters
    ----------
    pairs : iterable of (Outcome, Outcome)
        Of the scheduler and of the baseline, for the same graph and budget.
    """
    counted: list[float] = []
    degenerate = baseline_failures = failures = 0
    for ours, baseline in pairs:
        moved, most = ours.objective_bytes, baseline.objective_bytes
        if moved is None:
            failures += 1
        elif most is None:
            baseline_failures += 1
        elif most == 0:
            degenerate += 1
        else:
            counted.append(1 - moved / most)
    return Reduction(
        counted=tuple(counted),
        degenerate=degenerate,
        baseline_failures=baseline_failures,
        failures=failures,
    )

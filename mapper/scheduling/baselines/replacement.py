"""Which tensors make room."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import pulp

from mapper.milp import solve

__all__ = ["Replacement", "Resident", "victims"]


class Replacement(Enum):
    """A rule for who is evicted."""

    BELADY = "furthest next use first"
    """One at a time (Belady, IBM Systems Journal 5(2), 1966); of equals the largest."""
    GREEDY = "fewest bytes moved for this step"
    """The set that gives the bytes that lack for the fewest bytes of spills and retrievals, by an
    integer program for each step: it looks at sums of sizes alone, and not beyond the step."""


@dataclass(frozen=True, kw_only=True)
class Resident:
    """A tensor that may be evicted.

    Parameters
    ----------
    name : str
        Of the tensor.
    size_bytes : int
        That it gives.
    next_use : int
        Number of the step that reads it next.
    moved_bytes : int
        What evicting it costs: its retrieval, and its spill where memory has no copy.
    """

    name: str
    size_bytes: int
    next_use: int
    moved_bytes: int


def victims(
    replacement: Replacement,
    residents: Sequence[Resident],
    lacking_bytes: int,
    *,
    solver: str | None = None,
    time_limit: float = math.inf,
) -> list[str]:
    """Names of the tensors to evict next.

    Parameters
    ----------
    replacement : Replacement
    residents : sequence of Resident
        At least one.
    lacking_bytes : int
        At least 1. If they have no more together, all go.
    solver : str, optional
        PuLP's name of it; None for the best one that is installed.
    time_limit : float
        Seconds for it.
    """
    if replacement is Replacement.BELADY:
        furthest = max(residents, key=lambda resident: (resident.next_use, resident.size_bytes))
        return [furthest.name]
    if sum(resident.size_bytes for resident in residents) <= lacking_bytes:
        return [resident.name for resident in residents]
    problem = pulp.LpProblem("victims", pulp.LpMinimize)
    goes = [
        problem.add_variable(f"x{index}", 0, 1, pulp.LpInteger) for index in range(len(residents))
    ]
    chosen = list(zip(residents, goes, strict=True))
    problem += pulp.lpSum(resident.moved_bytes * x for resident, x in chosen)
    problem += pulp.lpSum(resident.size_bytes * x for resident, x in chosen) >= lacking_bytes
    values = solve(problem, solver=solver, time_limit=time_limit).values
    # Without an answer in time, all go.
    return [resident.name for resident, x in chosen if not values or values[x.name]]

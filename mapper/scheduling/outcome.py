"""What a scheduler answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from golden.errors import UserError
from mapper.scheduling.checker import check
from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.schedule import Schedule, Traffic, traffic
from mapper.status import Status

__all__ = ["Options", "Outcome", "concluded"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a scheduler may do.

    Parameters
    ----------
    in_place : bool
        Whether an output may take the bytes of an input where its operator allows it.
    order : tuple of str, optional
        Names of all operators, where their order is given; None where it is free.
    solver : str, optional
        Name of PuLP's solver of integer programs; None for the best one that is installed.
    time_limit : float
        Seconds after which a search ends with what it knows.
    """

    in_place: bool = False
    order: tuple[str, ...] | None = None
    solver: str | None = None
    time_limit: float = 60.0

    def __post_init__(self) -> None:
        """Check the time limit."""
        if not self.time_limit > 0:
            raise UserError(f"time_limit must be more than 0 seconds, not {self.time_limit}")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A scheduler's answer. Make it by `concluded`, which checks the schedule.

    Parameters
    ----------
    strategy : str
        Name of the scheduler.
    status : Status
    schedule : Schedule, optional
        None where there is none.
    traffic : Traffic, optional
        Of the schedule.
    bound_bytes : int, optional
        No schedule has fewer non-compulsory bytes; None where nothing is known.
    proof : str
        What shows that the bound holds, in a few words.
    reason : str
        Why there is no schedule, or no better one, in a sentence; mostly empty.
    seconds : float
        That it took, compilation apart.
    details : mapping of str to (int or float or str)
        What the scheduler tells besides: sizes of models, nodes, states.
    """

    strategy: str
    status: Status
    schedule: Schedule | None
    traffic: Traffic | None
    bound_bytes: int | None
    proof: str
    reason: str
    seconds: float
    details: Mapping[str, int | float | str] = field(default_factory=dict)

    @property
    def objective_bytes(self) -> int | None:
        """Non-compulsory bytes of the schedule; None where there is none."""
        return None if self.traffic is None else self.traffic.non_compulsory_bytes

    @property
    def gap(self) -> float | None:
        """(objective - bound) / objective: 0 if optimal, None where either is not known."""
        objective, bound = self.objective_bytes, self.bound_bytes
        if objective is None or bound is None:
            return None
        return 0.0 if objective == bound else (objective - bound) / objective


def concluded(
    graph: SizedGraph,
    *,
    strategy: str,
    schedule: Schedule | None,
    seconds: float,
    bound_bytes: int | None = 0,
    proof: str = "",
    reason: str = "",
    is_infeasible: bool = False,
    details: Mapping[str, int | float | str] | None = None,
) -> Outcome:
    """An answer with its status, and with a schedule that has passed the checker.

    Parameters
    ----------
    graph : SizedGraph
    strategy, schedule, seconds, bound_bytes, proof, reason, details
        As those of an `Outcome`.
    is_infeasible : bool
        Whether it is proven that there is no schedule.

    Raises
    ------
    AssertionError
        If the schedule violates a rule, or its bytes undercut the bound: the scheduler is wrong.
    """
    moved = None
    status = Status.INFEASIBLE if is_infeasible else Status.UNKNOWN
    if schedule is not None:
        violation = check(graph, schedule)
        if violation is not None:
            raise AssertionError(f"strategy {strategy} is wrong: {violation.message}")
        moved = traffic(graph, schedule)
        status = Status.FEASIBLE
        if bound_bytes is not None and moved.non_compulsory_bytes <= bound_bytes:
            if moved.non_compulsory_bytes < bound_bytes:
                raise AssertionError(
                    f"strategy {strategy} is wrong: {moved.non_compulsory_bytes} bytes undercut its"
                    f" bound of {bound_bytes}"
                )
            status = Status.OPTIMAL
    return Outcome(
        strategy=strategy,
        status=status,
        schedule=schedule,
        traffic=moved,
        bound_bytes=None if is_infeasible else bound_bytes,
        proof=proof,
        reason=reason,
        seconds=seconds,
        details=details or {},
    )

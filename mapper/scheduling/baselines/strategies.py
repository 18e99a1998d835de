"""The baselines as schedulers."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from golden.errors import UserError
from mapper import clock
from mapper.scheduling.baselines.arena import Lifetime, plan
from mapper.scheduling.baselines.replacement import Replacement
from mapper.scheduling.baselines.residency import Arena, Moves, Sums, moves
from mapper.scheduling.footprint import least_peak, listed_order, operators_in_order
from mapper.scheduling.graph import SizedGraph, SizedOperator
from mapper.scheduling.limits import why_none_fits
from mapper.scheduling.outcome import Options, Outcome, concluded
from mapper.scheduling.schedule import Placement, Schedule, Step

__all__ = [
    "BASELINES",
    "LEAST_PEAK_BELADY",
    "LEAST_PEAK_GREEDY",
    "PLANNED_LEAST_PEAK_BELADY",
    "PLANNED_LEAST_PEAK_GREEDY",
    "PLANNED_TFLITE_BELADY",
    "PLANNED_TFLITE_GREEDY",
    "TFLITE_BELADY",
    "TFLITE_GREEDY",
    "Baseline",
    "Order",
    "Placing",
]

_Addresses = Mapping[tuple[str, int], int]
"""Of each tensor, by its name and the step at which it came."""


class Order(Enum):
    """In which order operators run."""

    GIVEN = "tflite"
    """That of the options, or else that of the graph, as TFLite does."""
    LEAST_PEAK = "least-peak"
    """That of the smallest peak without spills."""


class Placing(Enum):
    """When TFLite's arena finds places."""

    BY_STEP = "when tensors come"
    """Eviction goes on until there is contiguous room, so that it always ends with some. An
    operator's own inputs are moved in the end."""
    PLANNED = "when all lifetimes are known"
    """Eviction makes room in the sum of sizes alone, and the arena may find none."""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A scheduler in the manner of those that COSMA, arXiv 2311.18246, is compared with.

    Called as any other: ``baseline(graph, capacity_bytes, options)``. Outputs never take the place
    of inputs, even where the options allow it.

    Parameters
    ----------
    order : Order
    replacement : Replacement
    placing : Placing
    """

    order: Order
    replacement: Replacement
    placing: Placing = Placing.BY_STEP

    @property
    def name(self) -> str:
        """Of the strategy: ``tflite-belady``, ``planned-least-peak-greedy``, ..."""
        prefix = "planned-" if self.placing is Placing.PLANNED else ""
        return f"{prefix}{self.order.value}-{self.replacement.name.lower()}"

    def __call__(
        self, graph: SizedGraph, capacity_bytes: int, options: Options | None = None
    ) -> Outcome:
        """A schedule, or a status and a sentence that say why there is none.

        Parameters
        ----------
        graph : SizedGraph
        capacity_bytes : int
            Of the scratchpad.
        options : Options, optional

        Returns
        -------
        Outcome
            Optimal where nothing is moved. ``details`` has ``moved_bytes``: inputs that had to be
            moved to another place just before the operator that reads them.

        Raises
        ------
        UserError
            If the order is none of the graph's, or given for a baseline that finds its own; or if
            the solver is not installed.
        """
        options = options or Options()
        begin = clock.now()
        if self.order is Order.LEAST_PEAK and options.order is not None:
            raise UserError(f"strategy {self.name} finds its own order, but one is given")
        given = operators_in_order(graph, options.order or listed_order(graph))
        reason = why_none_fits(graph, capacity_bytes)
        # With outputs in the place of inputs there might be a schedule all the same.
        is_infeasible = bool(reason) and not options.in_place
        found = None
        if not reason:
            if self.order is Order.LEAST_PEAK:
                given = operators_in_order(graph, least_peak(graph).order)
            found, reason = self._found(graph, capacity_bytes, given, options, begin)
        return concluded(
            graph,
            strategy=self.name,
            schedule=found,
            seconds=clock.now() - begin,
            proof="needs of a single operator" if is_infeasible else "nothing is less than none",
            reason=reason,
            is_infeasible=is_infeasible,
            details={} if found is None else {"moved_bytes": _moved_bytes(graph, found)},
        )

    def _found(
        self,
        graph: SizedGraph,
        capacity_bytes: int,
        order: Sequence[SizedOperator],
        options: Options,
        begin: float,
    ) -> tuple[Schedule | None, str]:
        """A schedule, or why there is none."""
        sizes = {name: tensor.size_bytes for name, tensor in graph.tensors.items()}
        is_planned = self.placing is Placing.PLANNED
        arena = Arena(sizes, capacity_bytes)
        steps = moves(
            graph,
            order,
            Sums(sizes, capacity_bytes) if is_planned else arena,
            self.replacement,
            solver=options.solver,
            deadline=begin + options.time_limit,
        )
        if steps is None:
            return None, f"no schedule was found within {options.time_limit:g} seconds"
        addresses = _planned(steps, sizes) if is_planned else arena.addresses
        height = max(at + sizes[name] for (name, _), at in addresses.items())
        if height > capacity_bytes:
            return None, (
                f"the arena needs {height} bytes for what fits by the sum of sizes, but the"
                f" scratchpad has {capacity_bytes}"
            )
        return _schedule(steps, addresses, capacity_bytes), ""


def _arrivals(steps: Sequence[Moves]) -> list[dict[str, int]]:
    """For each step, what is resident, with the step at which it came."""
    came: dict[str, int] = {}
    result = []
    for number, step in enumerate(steps):
        fresh = {*step.retrieved, *step.operator.outputs}
        came = {name: number if name in fresh else came[name] for name in step.resident}
        result.append(came)
    return result


def _planned(steps: Sequence[Moves], sizes: Mapping[str, int]) -> _Addresses:
    """Addresses by the arena's planner."""
    ends: dict[tuple[str, int], int] = {}
    for number, came in enumerate(_arrivals(steps)):
        ends |= dict.fromkeys(came.items(), number + 1)
    lifetimes = [
        Lifetime(tensor=name, begin=arrival, end=end, size_bytes=sizes[name])
        for (name, arrival), end in ends.items()
    ]
    return dict(zip(ends, plan(lifetimes, len(steps)), strict=True))


def _schedule(steps: Sequence[Moves], addresses: _Addresses, capacity_bytes: int) -> Schedule:
    return Schedule(
        capacity_bytes=capacity_bytes,
        steps=tuple(
            Step(
                operator=step.operator.name,
                resident=tuple(
                    Placement(tensor=name, address=addresses[name, arrival])
                    for name, arrival in came.items()
                ),
                spilled=step.spilled,
                retrieved=step.retrieved,
            )
            for step, came in zip(steps, _arrivals(steps), strict=True)
        ),
    )


def _moved_bytes(graph: SizedGraph, schedule: Schedule) -> int:
    """Bytes of what was resident in the step before, and comes to another place."""
    return sum(
        graph.tensors[place.tensor].copy_bytes
        for before, step in itertools.pairwise(schedule.steps)
        for place in before.resident
        if place.tensor in step.retrieved
    )


TFLITE_BELADY, TFLITE_GREEDY, LEAST_PEAK_BELADY, LEAST_PEAK_GREEDY = (
    Baseline(order=order, replacement=replacement)
    for order, replacement in itertools.product(Order, Replacement)
)
(
    PLANNED_TFLITE_BELADY,
    PLANNED_TFLITE_GREEDY,
    PLANNED_LEAST_PEAK_BELADY,
    PLANNED_LEAST_PEAK_GREEDY,
) = (
    Baseline(order=order, replacement=replacement, placing=Placing.PLANNED)
    for order, replacement in itertools.product(Order, Replacement)
)

BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {
        baseline.name: baseline
        for baseline in (
            TFLITE_BELADY,
            TFLITE_GREEDY,
            LEAST_PEAK_BELADY,
            LEAST_PEAK_GREEDY,
            PLANNED_TFLITE_BELADY,
            PLANNED_TFLITE_GREEDY,
            PLANNED_LEAST_PEAK_BELADY,
            PLANNED_LEAST_PEAK_GREEDY,
        )
    }
)
"""All of them, by name."""

"""The smallest scratchpad from which nothing has to go to memory and back."""

from dataclasses import dataclass, replace

import numpy as np

from mapper import clock
from mapper.allocation.problem import Buffer
from mapper.allocation.problem import Problem as Buffers
from mapper.allocation.search import allocate_buffers
from mapper.scheduling.footprint import least_peak
from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.optimal.plan import Plan, residencies
from mapper.scheduling.optimal.problem import reduce_graph
from mapper.scheduling.optimal.scheduler import schedule_optimally
from mapper.scheduling.outcome import Options, Outcome
from mapper.status import Status

__all__ = ["ZeroCapacity", "least_zero_capacity"]

_SEED = 0
_ALLOCATION_SHARE = 0.25
"""Part of the time for the height of the order of the smallest peak."""

_LEAST_S = 0.1
"""Seconds that any capacity gets."""


@dataclass(frozen=True, kw_only=True)
class ZeroCapacity:
    """How large a scratchpad must be.

    Parameters
    ----------
    capacity_bytes : int
        With so much, a schedule moves no non-compulsory bytes: that of ``outcome``.
    bound_bytes : int
        With less than this, none does.
    outcome : Outcome
    """

    capacity_bytes: int
    bound_bytes: int
    outcome: Outcome

    @property
    def is_least(self) -> bool:
        """Whether no smaller scratchpad will do."""
        return self.capacity_bytes == self.bound_bytes


def least_zero_capacity(graph: SizedGraph, options: Options | None = None) -> ZeroCapacity:
    """Find the least capacity from which non-compulsory bytes are 0.

    It is the smallest peak of any order, unless at that capacity no order has contiguous addresses.
    More capacity never moves more bytes, so that halving the interval decides.

    Parameters
    ----------
    graph : SizedGraph
    options : Options, optional
        The time limit is for all capacities together.

    Raises
    ------
    UserError
        As `schedule_optimally`.
    """
    options = options or Options()
    deadline = clock.now() + options.time_limit
    problem = reduce_graph(graph, 1, in_place=options.in_place)
    unit = problem.unit_bytes
    low, high = problem.largest, _height(graph, options)
    best = _at(graph, high * unit, options, deadline)
    # The smallest peak is mostly the answer; other ends are halfway.
    middle = low
    if options.order is None:
        least = least_peak(graph, in_place=options.in_place).bound_bytes
        middle = max(low, min(high, least // unit))
    while low < high and clock.now() < deadline:
        outcome = _at(graph, middle * unit, options, deadline)
        if outcome.objective_bytes == 0:
            high, best = middle, outcome
        elif outcome.status is Status.INFEASIBLE or outcome.bound_bytes:
            low = middle + 1
        else:
            break
        middle = (low + high) // 2
    return ZeroCapacity(capacity_bytes=high * unit, bound_bytes=low * unit, outcome=best)


def _at(graph: SizedGraph, capacity_bytes: int, options: Options, deadline: float) -> Outcome:
    left = max(_LEAST_S, deadline - clock.now())
    return schedule_optimally(graph, capacity_bytes, replace(options, time_limit=left))


def _height(graph: SizedGraph, options: Options) -> int:
    """Units in which a schedule is found that drops nothing."""
    problem = reduce_graph(graph, 1)
    number = {operator.name: index for index, operator in enumerate(graph.operators)}
    names = options.order or least_peak(graph).order
    plan = Plan(order=tuple(number[name] for name in names), retrievals=frozenset())
    buffers = tuple(
        Buffer(
            id=str(index), lower=span.first, upper=span.last + 1, size=problem.sizes[span.tensor]
        )
        for index, span in enumerate(residencies(problem, plan))
    )
    allocation = allocate_buffers(
        Buffers(buffers),
        time_limit=options.time_limit * _ALLOCATION_SHARE,
        rng=np.random.default_rng(_SEED),
    )
    assert allocation.height is not None  # first fit finds one without a capacity
    return allocation.height

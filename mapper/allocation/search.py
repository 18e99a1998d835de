"""Search for offsets, ended by a proof, by time, or by the user."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf
from threading import Thread

import numpy as np

from mapper import clock
from mapper.allocation.checker import find_faults
from mapper.allocation.first_fit import first_fit
from mapper.allocation.instance import Instance, reduce_problem
from mapper.allocation.orders import Order, order_buffers, vary_order
from mapper.allocation.problem import Allocation, Problem
from mapper.status import Status

__all__ = ["allocate_buffers"]

_RUN_NODES = 1000
"""Nodes of the shortest run."""

_POLL_S = 0.2
"""Seconds after which a waiting thread looks for what the user wants."""


@dataclass(frozen=True, kw_only=True)
class _Knowledge:
    """What is known of heights, in units: none is below ``low``; none was sought from ``high`` on.

    ``high`` is the height of ``offsets`` where there are any, and else one above the capacity.
    """

    low: int | None
    high: int | None
    offsets: tuple[int, ...] | None = None
    runs: int = 0
    nodes: int = 0
    interrupted: bool = False

    @property
    def is_exhausted(self) -> bool:
        return self.low is None or (self.high is not None and self.low >= self.high)


def allocate_buffers(
    problem: Problem,
    *,
    capacity: int | None = None,
    minimise: bool = False,
    time_limit: float = inf,
    rng: np.random.Generator,
    report: Callable[[int, int | None, int | None], None] = lambda runs, bound, height: None,
) -> Allocation:
    """Find offsets, or prove that there are none.

    Parameters
    ----------
    problem : Problem
    capacity : int, optional
        Bytes under which all buffers must end.
    minimise : bool
        Go on to the least height; so it is without a capacity.
    time_limit : float
        Seconds after which the search ends with what it knows, compilation apart.
    rng : numpy.random.Generator
        Varies orders.
    report : callable
        Called now and then with the number of runs, bound and height, in bytes where known.

    Returns
    -------
    Allocation
        Checked. What was known when the user interrupted, if so.
    """
    deadline = clock.now() + time_limit
    instance = reduce_problem(problem)
    seeks_least = minimise or capacity is None
    limit = None if capacity is None else capacity // instance.unit
    known = _look(instance, limit)
    try:
        for better in _improve(instance, known, seeks_least, deadline, rng):
            known = better
            _report(report, instance, known)
    except KeyboardInterrupt:
        known = replace(known, interrupted=True)
    return _concluded(problem, instance, known, capacity)


def _look(instance: Instance, limit: int | None) -> _Knowledge:
    """What can be known without a search."""
    low = instance.bound()
    high = None if limit is None else limit + 1
    if low is None or (high is not None and low >= high):
        return _Knowledge(low=low, high=high)
    offsets = None
    for order in Order:
        tried = first_fit(instance, order_buffers(instance, order))
        height = instance.height(tried)
        if high is None or height < high:
            high, offsets = height, tuple(tried)
    return _Knowledge(low=low, high=high, offsets=offsets)


def _improve(
    instance: Instance,
    known: _Knowledge,
    seeks_least: bool,
    deadline: float,
    rng: np.random.Generator,
) -> Iterator[_Knowledge]:
    """Search in runs, each of which decides on one height or gives up."""
    orders = [order_buffers(instance, order) for order in Order]
    while not known.is_exhausted and (seeks_least or known.offsets is None):
        if clock.now() >= deadline:
            return
        assert known.low is not None  # by is_exhausted
        assert known.high is not None  # first fit finds offsets where there is no capacity
        height = known.high - 1
        if seeks_least:
            # The least height is mostly the bound; then again the middle says most, and one less
            # is the easiest.
            height = (known.low, (known.low + height) // 2, height)[known.runs // 3 % 3]
        turn = known.runs // (9 if seeks_least else 3)
        order = orders[known.runs % 3]
        if turn > 0:
            order = vary_order(order, rng)
        known = _run(instance, known, height, order, _RUN_NODES * _luby(turn + 1), deadline)
        yield known


def _run(
    instance: Instance,
    known: _Knowledge,
    height: int,
    order: list[int],
    nodes: int,
    deadline: float,
) -> _Knowledge:
    """Decide whether buffers fit under ``height``, if that takes no more than ``nodes``."""
    # Imported late: what first fit solves needs no compiler.
    from mapper.allocation import kernel as k
    from mapper.allocation.state import start_state

    state = start_state(instance, height, order)
    results: list[int] = []
    thread = Thread(target=lambda: results.append(k.decide(state, nodes)), daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_POLL_S)
            if clock.now() >= deadline:
                state.scalars[k.STOP] = 1
    finally:
        state.scalars[k.STOP] = 1
        thread.join()
    known = replace(known, runs=known.runs + 1, nodes=known.nodes + int(state.scalars[k.NODES]))
    if results[0] == k.FITS:
        offsets = tuple(int(offset) for offset in state.buffers[k.OFFSET, :-1])
        return replace(known, offsets=offsets, high=instance.height(offsets))
    if results[0] == k.FAILED:
        needed = int(state.scalars[k.NEXT])
        return replace(known, low=None if needed == k.UNBOUNDED else needed)
    return known


def _luby(i: int) -> int:
    """The i-th of 1, 1, 2, 1, 1, 2, 4, 1, …: lengths of runs where the right one is not known."""
    k = i.bit_length()
    return 1 << (k - 1) if i == (1 << k) - 1 else _luby(i - (1 << (k - 1)) + 1)


def _report(
    report: Callable[[int, int | None, int | None], None], instance: Instance, known: _Knowledge
) -> None:
    bound = None if known.low is None else known.low * instance.unit
    height = None if known.offsets is None else instance.height(known.offsets) * instance.unit
    report(known.runs, bound, height)


def _concluded(
    problem: Problem, instance: Instance, known: _Knowledge, capacity: int | None
) -> Allocation:
    if known.offsets is None:
        status = Status.INFEASIBLE if known.is_exhausted else Status.UNKNOWN
        offsets, height = None, None
    else:
        status = Status.OPTIMAL if known.is_exhausted else Status.FEASIBLE
        offsets = tuple(offset * instance.unit for offset in known.offsets)
        height = instance.height(known.offsets) * instance.unit
        faults = find_faults(problem, offsets, capacity)
        if faults:
            raise AssertionError(f"the search is wrong: {faults[0]}")
    return Allocation(
        status=status,
        offsets=offsets,
        height=height,
        bound=None if known.low is None else known.low * instance.unit,
        runs=known.runs,
        nodes=known.nodes,
        interrupted=known.interrupted,
    )

"""The best plan with addresses for a given order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf

from mapper import clock
from mapper.scheduling.optimal.gaps import Gap, gaps, solve_gaps
from mapper.scheduling.optimal.placement import place, place_spans
from mapper.scheduling.optimal.plan import Plan, Residency, everything_dropped, residencies
from mapper.scheduling.optimal.problem import Problem

__all__ = ["Ordered", "solve_order", "with_room"]

_ROOM = (1.0, 0.97, 0.93, 0.87, 0.8, 0.7, 0.6)
"""Parts of the capacity that a quick plan may take, so that addresses are found at once."""

_QUICK_S = 1.0
"""Seconds of one program or one look for addresses of a quick plan; they mostly take a moment."""

_SHARE = 0.5
"""Part of the time left that one look for addresses may take."""


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """What is known of an order.

    Parameters
    ----------
    plan : Plan, optional
        The best that was found.
    addresses : tuple of int, optional
        Of its residencies, in units.
    bound : int
        No plan of this order that has addresses costs less, in units.
    rounds : int
        Integer programs solved.
    """

    plan: Plan | None
    addresses: tuple[int, ...] | None
    bound: int
    rounds: int


def solve_order(
    problem: Problem,
    order: Sequence[int],
    *,
    limit: float = inf,
    solver: str | None = None,
    deadline: float = inf,
) -> Ordered:
    """Alternate between what to drop and where to put what stays.

    Where residencies of a plan have no addresses, those of a few steps have none already; one of
    the gaps that they stay through must then be dropped, in any plan of this order. This goes into
    the next program, so that its bound is one for plans with addresses. As there are finitely many
    sets of gaps, it ends.

    Parameters
    ----------
    problem : Problem
        Each operator fits by itself.
    order : sequence of int
        All operators as they run.
    limit : float
        Plans of so many units are of no use: it ends when the bound reaches them.
    solver : str, optional
        PuLP's name.
    deadline : float
        Time of `mapper.clock.now` at which it gives up.
    """
    conflicts: list[frozenset[Gap]] = []
    bound = rounds = 0
    while (left := deadline - clock.now()) > 0:
        answer = solve_gaps(problem, order, conflicts=conflicts, solver=solver, time_limit=left)
        rounds += 1
        bound = max(bound, answer.bound)
        if answer.plan is None or bound >= limit:
            break
        spans = residencies(problem, answer.plan)
        left = deadline - clock.now()
        placed = place_spans(problem, order, spans, time_limit=max(0.0, left * _SHARE))
        if placed.addresses is not None:
            return Ordered(plan=answer.plan, addresses=placed.addresses, bound=bound, rounds=rounds)
        conflict = _conflict(problem, answer.plan, spans, placed.is_impossible, deadline)
        if not conflict:
            break
        conflicts.append(conflict)
    return Ordered(plan=None, addresses=None, bound=bound, rounds=rounds)


def with_room(
    problem: Problem, order: Sequence[int], solver: str | None, *, deadline: float = inf
) -> tuple[Plan, tuple[int, ...]]:
    """A plan of an order with addresses, whatever the time.

    Plans that leave a part of the capacity free, so much that the simplest search finds addresses;
    in the end, or when time is over, the plan in which nothing stays between two operators.

    Parameters
    ----------
    problem : Problem
        Each operator fits by itself.
    order : sequence of int
        All operators as they run.
    solver : str, optional
        PuLP's name.
    deadline : float
        Time of `mapper.clock.now`.

    Returns
    -------
    tuple of Plan and tuple of int
        The addresses are those of the plan's residencies, in units.
    """
    for part in _ROOM:
        smaller = replace(problem, capacity=int(part * problem.capacity))
        left = min(_QUICK_S, deadline - clock.now())
        if smaller.largest > smaller.capacity or left <= 0:
            break
        plan = solve_gaps(smaller, order, solver=solver, time_limit=left).plan
        if plan is not None:
            left = max(0.0, min(_QUICK_S, deadline - clock.now()))
            placed = place(problem, plan, time_limit=left)
            if placed.addresses is not None:
                return plan, placed.addresses
    plan = everything_dropped(problem, order)
    addresses = place(problem, plan, time_limit=inf).addresses
    assert addresses is not None  # one operator after the other
    return plan, addresses


def _conflict(
    problem: Problem,
    plan: Plan,
    spans: Sequence[Residency],
    is_impossible: bool,
    deadline: float,
) -> frozenset[Gap]:
    """Gaps of a plan that can not all be kept; empty where that is not proven."""
    if not is_impossible:
        return frozenset()

    def fails(first: int, last: int) -> bool:
        left = deadline - clock.now()
        if left <= 0:
            return False
        within = _clipped(spans, first, last)
        steps = plan.order[first : last + 1]
        return place_spans(problem, steps, within, time_limit=left * _SHARE).is_impossible

    last = _least(lambda at: fails(0, at), 0, len(plan.order) - 1)
    first = last - _least(lambda length: fails(last - length, last), 0, last)
    return frozenset(
        gap
        for gap, (former, latter) in gaps(problem, plan.order).items()
        if gap not in plan.retrievals and former < last and latter > first
    )


def _clipped(spans: Sequence[Residency], first: int, last: int) -> list[Residency]:
    """Residencies as they are from step ``first`` to step ``last``, counted from ``first``."""
    return [
        Residency(
            tensor=span.tensor,
            first=max(span.first, first) - first,
            last=min(span.last, last) - first,
        )
        for span in spans
        if span.first <= last and span.last >= first
    ]


def _least(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The least number from ``low`` to ``high`` from which on something holds; so it does last."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low

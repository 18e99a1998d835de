"""The cheapest plan without addresses, by whatever proves it soonest."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mapper.scheduling.optimal.cover import cover_bound
from mapper.scheduling.optimal.gaps import solve_gaps
from mapper.scheduling.optimal.plan import Plan, cost
from mapper.scheduling.optimal.problem import Problem, mask
from mapper.scheduling.optimal.shares import Share, chunks, restricted
from mapper.scheduling.optimal.states import Found, search_states
from mapper.scheduling.optimal.windows import count_variables, solve_windows

__all__ = ["Relaxed", "everything_dropped", "relax"]

_FEW_STATES = 2_000
"""States of the first search, which is all that regular networks need."""

_CHUNK_STATES = 20_000
"""States of the search for what a chunk of tensors costs."""

_CHUNK_STEPS = (16, 32)
"""Lengths of chunks; the one with the highest bound is taken."""

_SEARCH_SHARE = 0.5
"""Part of the time left that the long search may take where an integer program comes after it."""

_LARGEST_PROGRAM = 20_000
"""Variables of the largest integer program of a free order that is tried."""


@dataclass(frozen=True, kw_only=True)
class Relaxed:
    """What is known without addresses.

    Parameters
    ----------
    plan : Plan
        The best that was found.
    cost : int
        Of the plan, in units.
    bound : int
        No plan costs less, in units.
    proof : str
        What gave the bound.
    states : int
        Looked at by searches.
    """

    plan: Plan
    cost: int
    bound: int
    proof: str
    states: int

    @property
    def is_optimal(self) -> bool:
        """Whether no plan costs less."""
        return self.cost == self.bound


def relax(
    problem: Problem,
    orders: Callable[[], Sequence[Sequence[int]]],
    *,
    solver: str | None = None,
    deadline: float,
) -> Relaxed:
    """Find a cheapest plan.

    First a short search through states. Then the gaps of given orders, and a bound of all orders
    that may meet them; then a search below the cost of the best of these, with estimates; then the
    integer program of a free order.

    Parameters
    ----------
    problem : Problem
        Each operator fits by itself.
    orders : callable
        Gives good ones, at least one; called where they are needed.
    solver : str, optional
        PuLP's name.
    deadline : float
        Time of `time.monotonic`.
    """
    found = search_states(problem, max_states=_FEW_STATES, deadline=deadline)
    if found.plan is not None:
        return _settled(problem, found)
    good = orders()
    known = _ordered(problem, good, solver, deadline, found)
    if not known.is_optimal:
        known = _covered(problem, known, solver, deadline)
    if not known.is_optimal:
        known = _searched(problem, known, good[0], deadline)
    if not known.is_optimal and count_variables(problem) <= _LARGEST_PROGRAM:
        known = _programmed(problem, known, solver, deadline)
    return known


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _settled(problem: Problem, found: Found) -> Relaxed:
    assert found.plan is not None  # by the callers
    return Relaxed(
        plan=found.plan,
        cost=cost(problem, found.plan),
        bound=found.bound,
        proof="search through states",
        states=found.states,
    )


def _ordered(
    problem: Problem,
    orders: Sequence[Sequence[int]],
    solver: str | None,
    deadline: float,
    found: Found,
) -> Relaxed:
    """The best plan of the given orders."""
    plans = [
        solve_gaps(problem, order, solver=solver, time_limit=_left(deadline)).plan
        for order in orders
    ]
    # All gaps dropped: what works whatever the time.
    plan = min(
        (plan for plan in (*plans, everything_dropped(problem, orders[0])) if plan is not None),
        key=lambda plan: cost(problem, plan),
    )
    return Relaxed(
        plan=plan,
        cost=cost(problem, plan),
        bound=found.bound,
        proof="search through states",
        states=found.states,
    )


def everything_dropped(problem: Problem, order: Sequence[int]) -> Plan:
    """The plan in which nothing stays between two operators: it fits if each operator does."""
    step = {op: number for number, op in enumerate(order)}
    return Plan(
        order=tuple(order),
        retrievals=frozenset(
            (tensor, op)
            for tensor, users in enumerate(problem.users)
            for op in sorted(users, key=step.__getitem__)[1:]
        ),
    )


def _covered(problem: Problem, known: Relaxed, solver: str | None, deadline: float) -> Relaxed:
    bound = cover_bound(problem, solver=solver, time_limit=_left(deadline))
    if bound <= known.bound:
        return known
    return replace(known, bound=bound, proof="what every order keeps live")


def _searched(problem: Problem, known: Relaxed, order: Sequence[int], deadline: float) -> Relaxed:
    """Search below the best cost, with estimates from chunks of the tensors."""
    states = known.states
    shares: list[Share] = []
    for steps in _CHUNK_STEPS:
        tried: list[Share] = []
        for tensors in chunks(problem, order, steps):
            found = search_states(
                restricted(problem, tensors), max_states=_CHUNK_STATES, deadline=deadline
            )
            states += found.states
            tried.append(Share(tensors=mask(tensors), least=found.bound))
        if sum(share.least for share in tried) > sum(share.least for share in shares):
            shares = tried
    found = search_states(
        problem,
        shares=shares,
        limit=known.cost,
        deadline=time.monotonic() + _SEARCH_SHARE * _left(deadline)
        if count_variables(problem) <= _LARGEST_PROGRAM
        else deadline,
    )
    known = replace(known, states=states + found.states)
    if found.plan is not None:
        return replace(_settled(problem, found), states=known.states)
    if found.bound <= known.bound:
        return known
    return replace(known, bound=found.bound, proof="search through states")


def _programmed(problem: Problem, known: Relaxed, solver: str | None, deadline: float) -> Relaxed:
    answer = solve_windows(problem, start=known.plan, solver=solver, time_limit=_left(deadline))
    if answer.plan is not None and cost(problem, answer.plan) < known.cost:
        known = replace(known, plan=answer.plan, cost=cost(problem, answer.plan))
    if answer.bound <= known.bound:
        return known
    return replace(known, bound=answer.bound, proof="integer program of a free order")

"""The cheapest plan without addresses, by whatever proves it soonest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mapper import clock
from mapper.scheduling.optimal.compiled import search_long
from mapper.scheduling.optimal.cover import cover_bound
from mapper.scheduling.optimal.divided import divided_order
from mapper.scheduling.optimal.gaps import solve_gaps
from mapper.scheduling.optimal.plan import Plan, cost, everything_dropped
from mapper.scheduling.optimal.problem import Problem
from mapper.scheduling.optimal.shares import Chunk, Share, chunks, restricted
from mapper.scheduling.optimal.states import Found, search_states
from mapper.scheduling.optimal.windows import count_variables, solve_windows

__all__ = ["Relaxed", "glance", "relax"]

_FEW_STATES = 400
"""States of the first search, which is all that regular networks need."""

_CHUNK_STATES = 200_000
"""States of the search for what a chunk of tensors costs."""

_CHUNK_LENGTH = 32
"""Steps that the tensors of a chunk are about."""

_PART_LENGTHS = (16, 32, 24, 48)
"""Numbers of operators in the parts that are ordered anew."""

_PART_STATES = 2_000
"""States of the search for the order of a part."""

_PROGRAM_S = 5.0
"""Seconds that the small program of an order may take."""

_SEARCH_SHARE = 0.5
"""Part of the time left that the long search may take where an integer program comes after it."""

_LARGEST_PROGRAM = 6_000
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


def glance(problem: Problem, *, deadline: float) -> Found:
    """A short search through states: all that regular networks need.

    Parameters
    ----------
    problem, deadline
        As for `relax`.
    """
    return search_states(problem, max_states=_FEW_STATES, deadline=deadline)


def relax(
    problem: Problem,
    found: Found,
    orders: Callable[[], Sequence[Sequence[int]]],
    *,
    solver: str | None = None,
    deadline: float,
) -> Relaxed:
    """Find a cheapest plan.

    After the short search the gaps of given orders, and a bound of all orders that may meet them;
    then better orders part by part; then a search below the cost of the best of these, with
    estimates; then the integer program of a free order.

    Parameters
    ----------
    problem : Problem
        Each operator fits by itself.
    found : Found
        By `glance`.
    orders : callable
        Gives good ones, at least one; called where they are needed.
    solver : str, optional
        PuLP's name.
    deadline : float
        Time of `mapper.clock.now`.
    """
    if found.plan is not None:
        return _settled(problem, found)
    known = _ordered(problem, orders(), solver, found, deadline)
    if not known.is_optimal and _left(deadline):
        known = _covered(problem, known, solver, deadline)
    if not known.is_optimal and _left(deadline):
        known = _divided(problem, known, solver, deadline)
    if known.is_optimal or not _left(deadline):
        return known
    has_program = count_variables(problem) <= _LARGEST_PROGRAM
    if not known.is_optimal:
        share = _SEARCH_SHARE if has_program else 1.0
        known = _chunked(problem, known, clock.now() + share * _left(deadline))
    if not known.is_optimal and has_program:
        known = _programmed(problem, known, solver, deadline)
    return known


def _left(deadline: float) -> float:
    return max(0.0, deadline - clock.now())


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
    found: Found,
    deadline: float,
) -> Relaxed:
    """The best plan of the given orders."""
    plans = [_gaps_dropped(problem, order, solver, deadline) for order in orders]
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


def _covered(problem: Problem, known: Relaxed, solver: str | None, deadline: float) -> Relaxed:
    bound = cover_bound(problem, solver=solver, time_limit=_left(deadline))
    if bound <= known.bound:
        return known
    return replace(known, bound=bound, proof="what every order keeps live")


def _divided(problem: Problem, known: Relaxed, solver: str | None, deadline: float) -> Relaxed:
    """Better orders, part by part; parts of several lengths, so that their ends differ."""
    for length in _PART_LENGTHS:
        if known.is_optimal or not _left(deadline):
            break
        order = divided_order(
            problem, known.plan.order, length=length, max_states=_PART_STATES, deadline=deadline
        )
        plan = _gaps_dropped(problem, order, solver, deadline)
        known = _better(problem, known, plan)
    return known


def _gaps_dropped(
    problem: Problem, order: Sequence[int], solver: str | None, deadline: float
) -> Plan | None:
    time_limit = min(_PROGRAM_S, _left(deadline))
    if not time_limit:
        return None
    return solve_gaps(problem, order, solver=solver, time_limit=time_limit).plan


def _better(problem: Problem, known: Relaxed, plan: Plan | None) -> Relaxed:
    if plan is None or cost(problem, plan) >= known.cost:
        return known
    return replace(known, plan=plan, cost=cost(problem, plan))


def _chunked(problem: Problem, known: Relaxed, deadline: float) -> Relaxed:
    """Search below the best cost: chunks of the tensors first, then two together, and so on.

    What chunks cost at least is the estimate of the search for what they cost together.
    """
    level = [
        _costed(problem, Chunk(tensors=tensors), known, deadline)
        for tensors in chunks(problem, known.plan.order, _CHUNK_LENGTH)
    ]
    known = _summed(known, level)
    while not known.is_optimal and len(level) > 2 and _left(deadline):
        # Which neighbours belong together is not known: the first with the second, or with none.
        pairings = []
        for first in (2, 1):
            ends = [0, *range(first, len(level), 2), len(level)]
            pairings.append(
                [
                    _costed(problem, _joined(level[start:end]), known, deadline)
                    for start, end in pairwise(ends)
                ]
            )
            known = _summed(known, pairings[-1])
            if known.is_optimal:
                return known
        level = max(pairings, key=_total)
    if known.is_optimal:
        return known
    return _searched(problem, known, [chunk.share() for chunk in level], deadline)


def _searched(
    problem: Problem, known: Relaxed, shares: Sequence[Share], deadline: float
) -> Relaxed:
    """Search below the best cost."""
    found = search_long(problem, shares=shares, limit=known.cost, deadline=deadline)
    known = replace(known, states=known.states + found.states)
    if found.plan is not None:
        return replace(_settled(problem, found), states=known.states)
    if found.bound <= known.bound:
        return known
    return replace(known, bound=found.bound, proof="search through states")


def _total(level: Sequence[Chunk]) -> int:
    return sum(chunk.least for chunk in level)


def _summed(known: Relaxed, level: Sequence[Chunk]) -> Relaxed:
    """With what the chunks cost together as bound, if it is better."""
    bound = min(_total(level), known.cost)
    if bound <= known.bound:
        return known
    return replace(known, bound=bound, proof="search through states")


def _joined(parts: Sequence[Chunk]) -> Chunk:
    """Chunks as one; one alone as it is."""
    if len(parts) == 1:
        return parts[0]
    return Chunk(
        tensors=tuple(tensor for part in parts for tensor in part.tensors),
        least=sum(part.least for part in parts),
        parts=tuple(parts),
    )


def _costed(problem: Problem, chunk: Chunk, known: Relaxed, deadline: float) -> Chunk:
    """The chunk with the best bound of its cost that a short search gives, if there is time."""
    if not _left(deadline):
        return chunk
    number = {tensor: index for index, tensor in enumerate(chunk.tensors)}
    found = search_long(
        restricted(problem, chunk.tensors),
        shares=[chunk.share(number)],
        limit=known.cost,
        max_states=_CHUNK_STATES,
        deadline=deadline,
    )
    return replace(chunk, least=max(found.bound, chunk.least))


def _programmed(problem: Problem, known: Relaxed, solver: str | None, deadline: float) -> Relaxed:
    answer = solve_windows(problem, start=known.plan, solver=solver, time_limit=_left(deadline))
    if answer.plan is not None and cost(problem, answer.plan) < known.cost:
        known = replace(known, plan=answer.plan, cost=cost(problem, answer.plan))
    if answer.bound <= known.bound:
        return known
    return replace(known, bound=answer.bound, proof="integer program of a free order")

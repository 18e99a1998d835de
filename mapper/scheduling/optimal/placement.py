"""Addresses for a plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from mapper import clock
from mapper.allocation.problem import Buffer
from mapper.allocation.problem import Problem as Buffers
from mapper.allocation.search import allocate_buffers
from mapper.scheduling.optimal.plan import Plan, Residency, residencies
from mapper.scheduling.optimal.problem import Problem
from mapper.scheduling.optimal.stairs import stack_stairs
from mapper.status import Status

__all__ = ["Placed", "place", "place_spans"]

_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Addresses, or what is known of them.

    Parameters
    ----------
    addresses : tuple of int, optional
        Of each residency, in units; None where none were found.
    is_impossible : bool
        Whether it is proven that there are none.
    """

    addresses: tuple[int, ...] | None
    is_impossible: bool = False


def place(problem: Problem, plan: Plan, *, time_limit: float) -> Placed:
    """Find an address for each of the plan's residencies, or prove that there are none.

    Parameters
    ----------
    problem : Problem
    plan : Plan
        It fits, addresses aside.
    time_limit : float
        Seconds.
    """
    return place_spans(problem, plan.order, residencies(problem, plan), time_limit=time_limit)


def place_spans(
    problem: Problem, order: Sequence[int], spans: Sequence[Residency], *, time_limit: float
) -> Placed:
    """Find addresses for residencies, those of the first steps of a plan for example.

    Parameters
    ----------
    problem : Problem
    order : sequence of int
        Operators of the steps.
    spans : sequence of Residency
    time_limit : float
        Seconds.
    """
    deadline = clock.now() + time_limit
    is_proof = True
    for merges in _choices(_handovers(problem, order, spans)):
        placed = _merged(problem, spans, merges, deadline)
        if placed.addresses is not None:
            return placed
        is_proof &= placed.is_impossible
        if not is_proof and clock.now() > deadline:
            break
    return Placed(addresses=None, is_impossible=is_proof)


def _merged(
    problem: Problem,
    spans: Sequence[Residency],
    merges: Sequence[tuple[int, int]],
    deadline: float,
) -> Placed:
    """Addresses where both residencies of each pair in ``merges`` have the same."""
    root = list(range(len(spans)))
    for old, new in sorted(merges, key=lambda merge: spans[merge[1]].first):
        root[new] = root[old]
    groups: dict[int, list[Residency]] = {}
    for index, span in enumerate(spans):
        groups.setdefault(root[index], []).append(span)
    sizes = problem.sizes
    placed = _allocated(problem, list(groups.values()), deadline)
    shrinks = any(len({sizes[span.tensor] for span in own}) > 1 for own in groups.values())
    if placed.addresses is None and shrinks:
        # A buffer of one size was too much.
        heights = [
            {
                step: max(sizes[s.tensor] for s in own if s.first <= step <= s.last)
                for step in range(own[0].first, own[-1].last + 1)
            }
            for own in (sorted(group, key=lambda span: span.first) for group in groups.values())
        ]
        stairs = stack_stairs(heights, problem.capacity, deadline=deadline)
        placed = Placed(addresses=stairs.addresses, is_impossible=stairs.is_impossible)
    if placed.addresses is None:
        return placed
    offset = dict(zip(groups, placed.addresses, strict=True))
    return Placed(addresses=tuple(offset[root[index]] for index in range(len(spans))))


def _allocated(problem: Problem, groups: Sequence[Sequence[Residency]], deadline: float) -> Placed:
    """Addresses of groups, each a buffer of the size of its largest residency."""
    buffers = tuple(
        Buffer(
            id=str(number),
            lower=min(span.first for span in own),
            upper=max(span.last for span in own) + 1,
            size=max(problem.sizes[span.tensor] for span in own),
        )
        for number, own in enumerate(groups)
    )
    allocation = allocate_buffers(
        Buffers(buffers),
        capacity=problem.capacity,
        time_limit=max(0.0, deadline - clock.now()),
        rng=np.random.default_rng(_SEED),
    )
    return Placed(
        addresses=allocation.offsets,
        is_impossible=allocation.status is Status.INFEASIBLE,
    )


def _handovers(
    problem: Problem, order: Sequence[int], spans: Sequence[Residency]
) -> list[list[tuple[tuple[int, int], ...]]]:
    """For each step where outputs can have the places of inputs: all sets of such pairs.

    Pairs are numbers of residencies. Those sets come first that save most, of these the ones in
    which sizes are equal.
    """
    ending: dict[tuple[int, int], int] = {}
    beginning: dict[tuple[int, int], int] = {}
    for index, span in enumerate(spans):
        ending[span.last, span.tensor] = index
        beginning[span.first, span.tensor] = index
    result = []
    for step, operator in enumerate(order):
        pairs = [
            (ending[step, old], beginning[step, new])
            for old, new in problem.in_place[operator]
            if (step, old) in ending and (step, new) in beginning
        ]
        if pairs:
            sets = list(_matchings(pairs))

            def merit(own: tuple[tuple[int, int], ...]) -> tuple[int, int]:
                sizes = [
                    (problem.sizes[spans[old].tensor], problem.sizes[spans[new].tensor])
                    for old, new in own
                ]
                return -sum(new for _, new in sizes), sum(old - new for old, new in sizes)

            result.append(sorted(sets, key=merit))
    return result


def _matchings(pairs: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], ...]]:
    """Sets of pairs of which no two have something in common."""
    if not pairs:
        yield ()
        return
    first, *rest = pairs
    apart = [pair for pair in rest if pair[0] != first[0] and pair[1] != first[1]]
    for others in _matchings(apart):
        yield (first, *others)
    yield from _matchings(rest)


def _choices(
    handovers: list[list[tuple[tuple[int, int], ...]]],
) -> Iterator[list[tuple[int, int]]]:
    """One set of each step, together: the first of each first."""
    for chosen in product(*handovers):
        yield [pair for pairs in chosen for pair in pairs]

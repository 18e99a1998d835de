"""Addresses for a plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

import numpy as np

from mapper.allocation.problem import Buffer
from mapper.allocation.problem import Problem as Buffers
from mapper.allocation.search import allocate_buffers
from mapper.scheduling.optimal.plan import Plan, Residency, residencies
from mapper.scheduling.optimal.problem import Problem
from mapper.status import Status

__all__ = ["Placed", "place", "place_spans"]

_SEED = 0
_VARIANTS = 64
"""Ways to let outputs take the places of inputs that are tried for one plan."""


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
    handovers = _handovers(problem, order, spans)
    choices = list(islice(_choices(handovers), _VARIANTS + 1))
    is_proof = len(choices) <= _VARIANTS
    for merges in choices[:_VARIANTS]:
        sizes = [problem.sizes[span.tensor] for span in spans]
        # A buffer for both is too large once the larger of them is gone.
        is_proof &= all(sizes[old] == sizes[new] for old, new in merges)
        placed = _allocated(problem, spans, merges, time_limit)
        if placed.addresses is not None:
            return placed
        is_proof &= placed.is_impossible
    return Placed(addresses=None, is_impossible=is_proof)


def _allocated(
    problem: Problem,
    spans: Sequence[Residency],
    merges: Sequence[tuple[int, int]],
    time_limit: float,
) -> Placed:
    """Addresses where each of the pairs of residencies in ``merges`` is one buffer."""
    root = list(range(len(spans)))
    for old, new in sorted(merges, key=lambda merge: spans[merge[1]].first):
        root[new] = root[old]
    members: dict[int, list[Residency]] = {}
    for index, span in enumerate(spans):
        members.setdefault(root[index], []).append(span)
    buffers = tuple(
        Buffer(
            id=str(number),
            lower=min(span.first for span in own),
            upper=max(span.last for span in own) + 1,
            size=max(problem.sizes[span.tensor] for span in own),
        )
        for number, own in members.items()
    )
    allocation = allocate_buffers(
        Buffers(buffers),
        capacity=problem.capacity,
        time_limit=time_limit,
        rng=np.random.default_rng(_SEED),
    )
    if allocation.offsets is None:
        return Placed(addresses=None, is_impossible=allocation.status is Status.INFEASIBLE)
    offset = dict(zip(members, allocation.offsets, strict=True))
    return Placed(addresses=tuple(offset[root[index]] for index in range(len(spans))))


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

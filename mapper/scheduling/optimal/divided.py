"""A good order from the best orders of parts."""

from collections.abc import Sequence
from itertools import pairwise

from mapper.scheduling.optimal.compiled import search_long
from mapper.scheduling.optimal.problem import Problem, mask, members
from mapper.scheduling.optimal.shares import part_ends

__all__ = ["divided_order", "enclosed"]


def divided_order(
    problem: Problem,
    order: Sequence[int],
    *,
    length: int,
    max_states: int,
    deadline: float,
) -> tuple[int, ...]:
    """Improve an order part by part: divide and conquer.

    The order is parted where little is live. Each part is ordered anew, as is best for it by
    itself, where that is found; parts follow each other as before.

    Parameters
    ----------
    problem : Problem
        Each operator fits by itself.
    order : sequence of int
        All operators.
    length : int
        About how many operators a part has.
    max_states : int
        At which the search for the order of a part gives up.
    deadline : float
        Time of `mapper.clock.now` after which parts stay as they are.
    """
    result: list[int] = []
    for start, end in pairwise((0, *part_ends(problem, order, length))):
        operators = sorted(order[start:end])
        part, first = enclosed(problem, operators, frozenset(order[end:]))
        found = search_long(part, max_states=max_states, deadline=deadline)
        if found.plan is None:
            result.extend(order[start:end])
        else:
            own = (op - first for op in found.plan.order)
            result.extend(operators[op] for op in own if 0 <= op < len(operators))
    return tuple(result)


def enclosed(
    problem: Problem, operators: Sequence[int], later: frozenset[int]
) -> tuple[Problem, int]:
    """Only these operators, between what brings their inputs and what takes their outputs.

    For each tensor that others produce, an operator that brings it; then the operators; then, for
    each tensor that is read later, an operator that takes it when all have run. So what comes from
    before and what is left for later has its place, or its cost.

    Parameters
    ----------
    problem : Problem
    operators : sequence of int
        Ascending.
    later : frozenset of int
        Operators that run after these.

    Returns
    -------
    tuple of Problem and int
        The number of the first of the operators in it.
    """
    tensors = sorted({t for op in operators for t in (*problem.inputs[op], *problem.outputs[op])})
    number = {tensor: index for index, tensor in enumerate(tensors)}
    made = {tensor for op in operators for tensor in problem.outputs[op]}
    entering = [t for t in tensors if problem.producers[t] is not None and t not in made]
    leaving = [
        t
        for t in tensors
        if problem.producers[t] is not None and not later.isdisjoint(problem.readers[t])
    ]
    first = len(entering)
    place = {op: index for index, op in enumerate(operators, start=first)}
    brings = {tensor: index for index, tensor in enumerate(entering)}
    last = mask(place.values())
    none: tuple[tuple[int, int], ...] = ()
    part = Problem(
        unit_bytes=problem.unit_bytes,
        capacity=problem.capacity,
        sizes=tuple(problem.sizes[t] for t in tensors),
        copies=tuple(problem.copies[t] for t in tensors),
        is_saved=tuple(problem.is_saved[t] for t in tensors),
        inputs=(
            *(() for _ in entering),
            *(tuple(number[t] for t in problem.inputs[op]) for op in operators),
            *((number[t],) for t in leaving),
        ),
        outputs=(
            *((number[t],) for t in entering),
            *(tuple(number[t] for t in problem.outputs[op]) for op in operators),
            *(() for _ in leaving),
        ),
        before=(
            *(0 for _ in entering),
            *(
                mask(place[other] for other in members(problem.before[op]) if other in place)
                | mask(brings[t] for t in problem.inputs[op] if t in brings)
                for op in operators
            ),
            *(last for _ in leaving),
        ),
        in_place=(
            *(none for _ in entering),
            *(
                tuple((number[old], number[new]) for old, new in problem.in_place[op])
                for op in operators
            ),
            *(none for _ in leaving),
        ),
    )
    return part, first

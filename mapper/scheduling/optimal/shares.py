"""What parts of the tensors cost at least, whatever happens to the others.

Costs of disjoint sets of tensors add up, and so do bounds on them: this is where a search through
states gets its estimates from.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from mapper.scheduling.optimal.problem import Problem, mask, most_overlaid

__all__ = ["Chunk", "Share", "chunks", "part_ends", "restricted"]


@dataclass(frozen=True, kw_only=True)
class Share:
    """Tensors that cost something in every plan.

    Parameters
    ----------
    tensors : int
        Mask.
    least : int
        Units that all plans spill and retrieve of them.
    parts : tuple of Share
        Disjoint sets among these tensors, of which the same is known.
    """

    tensors: int
    least: int
    parts: "tuple[Share, ...]" = ()


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """The same, with the tensors as a list.

    Parameters
    ----------
    tensors : tuple of int
        Those of the parts, one part after the other, where there are parts.
    least : int
        As that of a share.
    parts : tuple of Chunk
        As those of a share.
    """

    tensors: tuple[int, ...]
    least: int = 0
    parts: "tuple[Chunk, ...]" = ()

    def share(self, number: Mapping[int, int] | None = None) -> Share:
        """With masks, of the tensors' new numbers where these are given."""
        return Share(
            tensors=mask(t if number is None else number[t] for t in self.tensors),
            least=self.least,
            parts=tuple(part.share(number) for part in self.parts),
        )


def restricted(problem: Problem, tensors: Sequence[int]) -> Problem:
    """The problem in which only these tensors cost something; they are numbered as listed here.

    All others are there for the operators that touch them, and gone in between. Any plan of the
    whole spills and retrieves no less of these tensors than the best plan of this problem.

    Parameters
    ----------
    problem : Problem
    tensors : sequence of int
    """
    number = {tensor: index for index, tensor in enumerate(tensors)}
    sizes = [problem.sizes[tensor] for tensor in tensors]
    copies = [problem.copies[tensor] for tensor in tensors]
    is_saved = [problem.is_saved[tensor] for tensor in tensors]
    inputs: list[tuple[int, ...]] = []
    in_place: list[tuple[tuple[int, int], ...]] = []
    for op, need in enumerate(problem.needs):
        own = [number[tensor] for tensor in problem.inputs[op] if tensor in number]
        touched = {*problem.inputs[op], *problem.outputs[op]} & number.keys()
        pairs = [(old, new) for old, new in problem.in_place[op] if not {old, new} <= touched]
        # Those of the others that may share a place are taken to do so.
        others = need - sum(problem.sizes[tensor] for tensor in touched)
        others -= most_overlaid(pairs, problem.sizes)
        if others > 0:
            own.append(len(sizes))
            sizes.append(others)
            copies.append(others)
            is_saved.append(True)
        inputs.append(tuple(own))
        in_place.append(
            tuple(
                (number[old], number[new])
                for old, new in problem.in_place[op]
                if {old, new} <= touched
            )
        )
    return Problem(
        unit_bytes=problem.unit_bytes,
        capacity=problem.capacity,
        sizes=tuple(sizes),
        copies=tuple(copies),
        is_saved=tuple(is_saved),
        inputs=tuple(inputs),
        outputs=tuple(
            tuple(number[tensor] for tensor in outputs if tensor in number)
            for outputs in problem.outputs
        ),
        before=problem.before,
        in_place=tuple(in_place),
    )


def chunks(problem: Problem, order: Sequence[int], length: int) -> tuple[tuple[int, ...], ...]:
    """Sets of tensors that are live at about the same time, parted where little is live.

    Parameters
    ----------
    problem, order, length
        As for `part_ends`.

    Returns
    -------
    tuple of tuple of int
        Every tensor that more than one operator touches is in one of them.
    """
    ends = part_ends(problem, order, length)
    parts: list[list[int]] = [[] for _ in ends]
    for tensor, (first, last) in _lives(problem, order).items():
        parts[bisect_right(ends, (first + last) / 2)].append(tensor)
    return tuple(tuple(own) for own in parts if own)


def part_ends(problem: Problem, order: Sequence[int], length: int) -> tuple[int, ...]:
    """Where to part an order so that little is live at the ends.

    Parameters
    ----------
    problem : Problem
    order : sequence of int
        A good one.
    length : int
        About how many steps a part has: from half of it to twice as many.

    Returns
    -------
    tuple of int
        The step after each part; the last is the number of steps.
    """
    count = len(order)
    live = [0] * count
    for tensor, (first, last) in _lives(problem, order).items():
        for number in range(first, last):
            live[number] += problem.sizes[tensor]
    # Least sum of what is live at the ends, for all parts up to each step.
    least = [0.0] + [inf] * count
    begin = [0] * (count + 1)
    for end in range(1, count + 1):
        nearest = end - 1 if end == count else end - length // 2
        for start in range(max(0, end - 2 * length), nearest + 1):
            total = least[start] + (0 if end == count else live[end - 1])
            if total < least[end]:
                least[end], begin[end] = total, start
    ends = [count]
    while begin[ends[-1]] > 0:
        ends.append(begin[ends[-1]])
    return tuple(reversed(ends))


def _lives(problem: Problem, order: Sequence[int]) -> dict[int, tuple[int, int]]:
    """First and last step of each tensor that more than one operator touches."""
    step = {op: number for number, op in enumerate(order)}
    return {
        tensor: (min(step[user] for user in users), max(step[user] for user in users))
        for tensor, users in enumerate(problem.users)
        if len(users) > 1
    }

"""Parts of a problem that have nothing to do with each other but for one operator."""

from collections.abc import Sequence
from dataclasses import dataclass

from mapper.scheduling.optimal.plan import Plan
from mapper.scheduling.optimal.problem import Problem, mask, members

__all__ = ["Segment", "join", "part", "segments"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Segment:
    """A part of a problem, with numbers of its own.

    Parameters
    ----------
    problem : Problem
        Of the part.
    operators, tensors : tuple of int
        What the part's numbers are in the whole.
    begins_with : int, optional
        The operator, by its number in the whole, that ran before this part: in it, this operator
        has no inputs, and no effect but that its outputs are there.
    """

    problem: Problem
    operators: tuple[int, ...]
    tensors: tuple[int, ...]
    begins_with: int | None


def segments(problem: Problem) -> tuple[Segment, ...]:
    """The parts between operators through which everything must go.

    All other operators come before such an operator or after it, and of the tensors up to it, only
    those that it produces are read later. While it runs no others are needed, so without addresses
    the problem separates exactly; with addresses the parts meet in these tensors.
    """
    everything = (1 << len(problem.inputs)) - 1
    users = [mask(own) for own in problem.users]
    cuts = []
    for op, (above, below) in enumerate(zip(problem.ancestors, problem.descendants, strict=True)):
        until = above | 1 << op
        if until | below == everything and not any(
            own & until and own & below and producer != op
            for own, producer in zip(users, problem.producers, strict=True)
        ):
            cuts.append(op)
    result: list[Segment] = []
    done, start = 0, None
    for cut in [*cuts, None]:
        until = everything if cut is None else problem.ancestors[cut] | 1 << cut
        fresh = until & ~done
        if fresh or not result:
            result.append(part(problem, members(fresh), begins_with=start))
        done, start = until, cut
    return tuple(result)


def part(problem: Problem, operators: Sequence[int], *, begins_with: int | None = None) -> Segment:
    """Only these operators, ascending, after one that only brings its outputs."""
    chosen = list(operators) if begins_with is None else [begins_with, *operators]
    inputs = [() if op == begins_with else problem.inputs[op] for op in chosen]
    outputs = [problem.outputs[op] for op in chosen]
    tensors = sorted({t for own in (*inputs, *outputs) for t in own})
    number = {tensor: index for index, tensor in enumerate(tensors)}
    place = {op: index for index, op in enumerate(chosen)}
    return Segment(
        problem=Problem(
            unit_bytes=problem.unit_bytes,
            capacity=problem.capacity,
            sizes=tuple(problem.sizes[t] for t in tensors),
            copies=tuple(problem.copies[t] for t in tensors),
            is_saved=tuple(problem.is_saved[t] for t in tensors),
            inputs=tuple(tuple(number[t] for t in own) for own in inputs),
            outputs=tuple(tuple(number[t] for t in own) for own in outputs),
            before=tuple(
                0
                if op == begins_with
                else mask(place[other] for other in members(problem.before[op]) if other in place)
                for op in chosen
            ),
            in_place=tuple(
                ()
                if op == begins_with
                else tuple((number[old], number[new]) for old, new in problem.in_place[op])
                for op in chosen
            ),
        ),
        operators=tuple(chosen),
        tensors=tuple(tensors),
        begins_with=begins_with,
    )


def join(parts: Sequence[Segment], plans: Sequence[Plan]) -> Plan:
    """The plan of the whole that does the parts' plans one after the other."""
    order: list[int] = []
    retrievals: set[tuple[int, int]] = set()
    for segment, plan in zip(parts, plans, strict=True):
        names = (segment.operators[op] for op in plan.order)
        order.extend(op for op in names if op != segment.begins_with)
        retrievals.update(
            (segment.tensors[tensor], segment.operators[op]) for tensor, op in plan.retrievals
        )
    return Plan(order=tuple(order), retrievals=frozenset(retrievals))

"""Plans: schedules without addresses."""

from collections.abc import Sequence
from dataclasses import dataclass

from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.optimal.problem import Problem
from mapper.scheduling.schedule import Placement, Schedule, Step

__all__ = [
    "Plan",
    "Residency",
    "cost",
    "everything_dropped",
    "footprints",
    "residencies",
    "scheduled",
]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which operator runs when, and what is dropped meanwhile.

    Between two operators that touch it, a tensor stays where it is, or it is dropped right after
    the first and comes back for the second; anything between has no advantage.

    Parameters
    ----------
    order : tuple of int
        All operators as they run.
    retrievals : frozenset of (int, int)
        Pairs of a tensor and an operator for which it comes back. The first time that a weight
        comes is not among them.
    """

    order: tuple[int, ...]
    retrievals: frozenset[tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Residency:
    """A tensor in the scratchpad from step ``first`` to step ``last``, both included."""

    tensor: int
    first: int
    last: int


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


def cost(problem: Problem, plan: Plan) -> int:
    """Units spilled and retrieved: each retrieval, and a copy to memory where it has none."""
    spilled = {tensor for tensor, _ in plan.retrievals if not problem.is_saved[tensor]}
    moved = [*spilled, *(tensor for tensor, _ in plan.retrievals)]
    return sum(problem.copies[tensor] for tensor in moved)


def residencies(problem: Problem, plan: Plan, *, kept: int = 0) -> tuple[Residency, ...]:
    """When each tensor is in the scratchpad, by tensor and time.

    Parameters
    ----------
    problem : Problem
    plan : Plan
        Of all operators, or of the first ones.
    kept : int
        Mask of the tensors that stay to the last step, because they are read later.
    """
    step = {operator: number for number, operator in enumerate(plan.order)}
    end = len(plan.order) - 1
    result: list[Residency] = []
    for tensor, users in enumerate(problem.users):
        ranked = sorted((user for user in users if user in step), key=step.__getitem__)
        if not ranked:
            continue
        first = last = step[ranked[0]]
        for operator in ranked[1:]:
            if (tensor, operator) in plan.retrievals:
                result.append(Residency(tensor=tensor, first=first, last=last))
                first = step[operator]
            last = step[operator]
        if kept >> tensor & 1:
            last = end
        result.append(Residency(tensor=tensor, first=first, last=last))
    return tuple(result)


def footprints(problem: Problem, plan: Plan) -> list[int]:
    """Units in the scratchpad at each step."""
    spans = residencies(problem, plan)
    change = [0] * (len(plan.order) + 1)
    leaving: list[list[int]] = [[] for _ in plan.order]
    for span in spans:
        change[span.first] += problem.sizes[span.tensor]
        change[span.last + 1] -= problem.sizes[span.tensor]
        leaving[span.last].append(span.tensor)
    result = []
    used = 0
    for number, operator in enumerate(plan.order):
        used += change[number]
        result.append(used - problem.overlaid(operator, leaving[number]))
    return result


def scheduled(
    graph: SizedGraph, problem: Problem, plan: Plan, addresses: Sequence[int], capacity_bytes: int
) -> Schedule:
    """The schedule that a plan becomes with addresses.

    Parameters
    ----------
    graph, problem : SizedGraph, Problem
        Of the same operators.
    plan : Plan
    addresses : sequence of int
        In units, of each of the plan's `residencies`.
    capacity_bytes : int
    """
    names = tuple(graph.tensors)
    resident: list[list[Placement]] = [[] for _ in plan.order]
    spilled: list[list[str]] = [[] for _ in plan.order]
    retrieved: list[list[str]] = [[] for _ in plan.order]
    going = {tensor for tensor, _ in plan.retrievals if not problem.is_saved[tensor]}
    for span, address in zip(residencies(problem, plan), addresses, strict=True):
        name = names[span.tensor]
        place = Placement(tensor=name, address=address * problem.unit_bytes)
        for step in range(span.first, span.last + 1):
            resident[step].append(place)
        if problem.producers[span.tensor] != plan.order[span.first]:
            retrieved[span.first].append(name)
        elif span.tensor in going:
            # As its last reader runs at the latest, which may write over it; what is made in one
            # step can only be copied in the next.
            spilled[max(span.first + 1, span.last)].append(name)
    return Schedule(
        capacity_bytes=capacity_bytes,
        steps=tuple(
            Step(
                operator=graph.operators[operator].name,
                resident=tuple(sorted(resident[step], key=lambda place: place.address)),
                spilled=tuple(spilled[step]),
                retrieved=tuple(retrieved[step]),
            )
            for step, operator in enumerate(plan.order)
        ),
    )

"""The cheapest plan for a given order, as an integer program.

One binary for each gap between two operators that touch a tensor: whether it is dropped meanwhile.
COSMA, arXiv 2311.18246, section III-E2, solves this with all variables of its free model; gaps need
no more than about two for each operator.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf

import pulp

from mapper import clock
from mapper.milp import solve
from mapper.scheduling.optimal.plan import Plan
from mapper.scheduling.optimal.problem import Problem
from mapper.status import Status

__all__ = ["Gap", "GapAnswer", "gaps", "solve_gaps"]

Gap = tuple[int, int]
"""A tensor, and the operator for which it comes back if it was dropped."""


@dataclass(frozen=True, kw_only=True)
class GapAnswer:
    """The cheapest plan of an order.

    Parameters
    ----------
    plan : Plan, optional
        None where none was found.
    cost : int, optional
        Of the plan, in units.
    bound : int
        No plan of this order costs less, in units.
    is_infeasible : bool
        Whether it is proven that there is no plan.
    """

    plan: Plan | None
    cost: int | None
    bound: int
    is_infeasible: bool = False


def gaps(problem: Problem, order: Sequence[int]) -> dict[Gap, tuple[int, int]]:
    """Steps of the two operators around each gap."""
    step = {operator: number for number, operator in enumerate(order)}
    found: dict[Gap, tuple[int, int]] = {}
    for tensor, users in enumerate(problem.users):
        ranked = sorted(users, key=step.__getitem__)
        for former, latter in pairwise(ranked):
            found[tensor, latter] = (step[former], step[latter])
    return found


def solve_gaps(
    problem: Problem,
    order: Sequence[int],
    *,
    conflicts: Iterable[frozenset[Gap]] = (),
    solver: str | None = None,
    time_limit: float = inf,
) -> GapAnswer:
    """Decide what to drop in each gap.

    Parameters
    ----------
    problem : Problem
        Each operator fits by itself.
    order : sequence of int
        All operators as they run.
    conflicts : iterable of frozenset of (int, int)
        Sets of gaps of which one at least must be dropped.
    solver : str, optional
        PuLP's name.
    time_limit : float
        Seconds.
    """
    begin = clock.now()
    conflicts = tuple(conflicts)
    model = _Model(problem, order, conflicts)
    if not model.is_needed:
        return GapAnswer(plan=Plan(order=tuple(order), retrievals=frozenset()), cost=0, bound=0)
    left = time_limit - (clock.now() - begin)
    solution = solve(model.program, solver=solver, time_limit=left)
    if solution.status is Status.INFEASIBLE:
        return GapAnswer(plan=None, cost=None, bound=0, is_infeasible=True)
    bound = 0 if solution.bound is None else max(0, ceil(solution.bound - 1e-6))
    if solution.objective is None:
        return GapAnswer(plan=None, cost=None, bound=bound)
    dropped = frozenset(
        gap for gap, variable in model.dropped.items() if solution.values[variable.name]
    )
    cost = round(solution.objective)
    return GapAnswer(
        plan=Plan(order=tuple(order), retrievals=dropped), cost=cost, bound=min(bound, cost)
    )


class _Model:
    """The program: binaries for gaps that matter, one for each tensor that may be copied."""

    def __init__(
        self, problem: Problem, order: Sequence[int], conflicts: Sequence[frozenset[Gap]]
    ) -> None:
        self._problem = problem
        spans = gaps(problem, order)
        in_conflict = frozenset[Gap]().union(*conflicts)
        # Tensors that stay through each step and could go, and those that are there for it.
        through: list[list[Gap]] = [[] for _ in order]
        for gap, (former, latter) in spans.items():
            for number in range(former + 1, latter):
                through[number].append(gap)
        excesses = [
            problem.needs[op]
            + sum(problem.sizes[tensor] for tensor, _ in through[number])
            - problem.capacity
            for number, op in enumerate(order)
        ]
        overfull = [number for number, excess in enumerate(excesses) if excess > 0]
        self.is_needed = bool(conflicts) or bool(overfull)
        self.program = pulp.LpProblem("gaps", pulp.LpMinimize)
        candidates = {gap for number in overfull for gap in through[number]} | in_conflict
        for number in overfull:
            # An input that is dropped right afterwards may leave its place to an output.
            going = {old for old, _ in problem.in_place[order[number]]}
            candidates |= {
                gap for gap, (former, _) in spans.items() if former == number and gap[0] in going
            }
        self.dropped = {
            gap: self.program.add_variable(f"drop_{gap[0]}_{gap[1]}", 0, 1, cat=pulp.LpInteger)
            for gap in sorted(candidates)
        }
        self._minimise()
        for number in overfull:
            leaving = self._overlay(order, number, spans)
            self.program += (
                pulp.lpSum(problem.sizes[gap[0]] * self.dropped[gap] for gap in through[number])
                + leaving
                >= excesses[number]
            )
        for conflict in conflicts:
            self.program += pulp.lpSum(self.dropped[gap] for gap in sorted(conflict)) >= 1

    def _minimise(self) -> None:
        problem = self._problem
        terms = [problem.copies[tensor] * drop for (tensor, _), drop in self.dropped.items()]
        for tensor in sorted({tensor for tensor, _ in self.dropped}):
            if problem.is_saved[tensor]:
                continue
            copied = self.program.add_variable(f"copy_{tensor}", 0, 1)
            terms.append(problem.copies[tensor] * copied)
            for gap, drop in self.dropped.items():
                if gap[0] == tensor:
                    self.program += copied >= drop
        self.program += pulp.lpSum(terms)

    def _overlay(
        self, order: Sequence[int], number: int, spans: dict[Gap, tuple[int, int]]
    ) -> pulp.LpAffineExpression:
        """Units of outputs that have the places of inputs."""
        problem = self._problem
        pairs = problem.in_place[order[number]]
        total = pulp.LpAffineExpression()
        if not pairs:
            return total
        next_gap = {gap[0]: gap for gap, (former, _) in spans.items() if former == number}
        shares = {
            pair: self.program.add_variable(
                f"share_{pair[0]}_{pair[1]}_{number}", 0, 1, cat=pulp.LpInteger
            )
            for pair in pairs
        }
        for side in (0, 1):
            for tensor in {pair[side] for pair in pairs}:
                uses = pulp.lpSum(share for pair, share in shares.items() if pair[side] == tensor)
                gap = next_gap.get(tensor) if side == 0 else None
                self.program += uses <= (1 if gap is None else self.dropped[gap])
        return total + pulp.lpSum(problem.sizes[new] * share for (_, new), share in shares.items())

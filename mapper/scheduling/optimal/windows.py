"""The cheapest plan of a free order, as one integer program.

COSMA's variables, arXiv 2311.18246, section III, without addresses and only where they can be other
than 0: an operator has no more steps than those that its ancestors and descendants leave it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf

import pulp

from mapper.milp import solve
from mapper.scheduling.optimal.gaps import gaps
from mapper.scheduling.optimal.plan import Plan, cost
from mapper.scheduling.optimal.problem import Problem, members

__all__ = ["WindowsAnswer", "count_variables", "solve_windows"]


@dataclass(frozen=True, kw_only=True)
class WindowsAnswer:
    """A plan and a bound.

    Parameters
    ----------
    plan : Plan, optional
        None where the solver found none.
    bound : int
        No plan costs less, in units.
    variables : int
        Of the program.
    """

    plan: Plan | None
    bound: int
    variables: int


def count_variables(problem: Problem) -> int:
    """About how many variables the program has."""
    first, last = _windows(problem)
    steps = sum(late - early + 1 for early, late in zip(first, last, strict=True))
    return steps + 2 * sum(
        max(last[user] for user in users) - min(first[user] for user in users) + 1
        for users in problem.users
        if len(users) > 1
    )


def solve_windows(
    problem: Problem,
    *,
    start: Plan | None = None,
    solver: str | None = None,
    time_limit: float = inf,
) -> WindowsAnswer:
    """Find a cheapest plan.

    Parameters
    ----------
    problem : Problem
        Each operator fits by itself.
    start : Plan, optional
        To begin from. Not used where outputs may have the places of inputs.
    solver : str, optional
        PuLP's name.
    time_limit : float
        Seconds.
    """
    model = _Model(problem)
    values = None
    if start is not None and not any(problem.in_place):
        values = model.values(start)
    solution = solve(model.program, solver=solver, time_limit=time_limit, start=values)
    plan = None if solution.objective is None else model.plan(solution.values)
    bound = 0 if solution.bound is None else max(0, ceil(solution.bound - 1e-6))
    if plan is not None:
        bound = min(bound, cost(problem, plan))
    return WindowsAnswer(plan=plan, bound=bound, variables=len(model.program.variables()))


def _windows(problem: Problem) -> tuple[list[int], list[int]]:
    """First and last step of each operator."""
    count = len(problem.inputs)
    first = [above.bit_count() for above in problem.ancestors]
    last = [count - 1 - below.bit_count() for below in problem.descendants]
    return first, last


class _Model:
    """Variables by operator or tensor and step.

    ``done``: the operator has run by this step. ``here``: the tensor is in the scratchpad.
    ``came``: it has come back for this step. ``over``: the output has the place of the input.
    ``copied``: the tensor is copied to memory at some time.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._count = len(problem.inputs)
        self._first, self._last = _windows(problem)
        self._kept = [t for t, users in enumerate(problem.users) if len(users) > 1]
        self.program = pulp.LpProblem("windows", pulp.LpMinimize)
        self._done = {
            (op, step): self._binary(f"done_{op}_{step}")
            for op in range(self._count)
            for step in range(self._first[op], self._last[op])
        }
        self._here: dict[tuple[int, int], pulp.LpVariable] = {}
        self._came: dict[tuple[int, int], pulp.LpVariable] = {}
        self._copied: dict[int, pulp.LpVariable] = {}
        for tensor in self._kept:
            for step in self._life(tensor):
                self._here[tensor, step] = self._binary(f"here_{tensor}_{step}")
                self._came[tensor, step] = self.program.add_variable(f"came_{tensor}_{step}", 0, 1)
            if not problem.is_saved[tensor]:
                self._copied[tensor] = self.program.add_variable(f"copied_{tensor}", 0, 1)
        self._over = {
            (op, pair, step): self._binary(f"over_{op}_{pair[0]}_{pair[1]}_{step}")
            for op, pairs in enumerate(problem.in_place)
            for pair in pairs
            for step in self._steps(op)
        }
        self._minimise()
        self._order()
        self._move()
        self._fit()

    def _binary(self, name: str) -> pulp.LpVariable:
        return self.program.add_variable(name, 0, 1, cat=pulp.LpInteger)

    def _steps(self, op: int) -> range:
        return range(self._first[op], self._last[op] + 1)

    def _life(self, tensor: int) -> range:
        users = self._problem.users[tensor]
        return range(
            min(self._first[user] for user in users), max(self._last[user] for user in users) + 1
        )

    def _has_run(self, op: int, step: int) -> "pulp.LpVariable | int":
        if step < self._first[op]:
            return 0
        return 1 if step >= self._last[op] else self._done[op, step]

    def _runs(self, op: int, step: int) -> pulp.LpAffineExpression:
        return pulp.LpAffineExpression(self._has_run(op, step)) - self._has_run(op, step - 1)

    def _minimise(self) -> None:
        copies = self._problem.copies
        # A weight comes for nothing the first time.
        free = sum(copies[t] for t in self._kept if self._problem.producers[t] is None)
        self.program += (
            pulp.lpSum(copies[tensor] * came for (tensor, _), came in self._came.items())
            + pulp.lpSum(copies[tensor] * copied for tensor, copied in self._copied.items())
            - free
        )

    def _order(self) -> None:
        problem = self._problem
        for (op, step), done in self._done.items():
            if (op, step + 1) in self._done:
                self.program += done <= self._done[op, step + 1]
        for op in range(self._count):
            for other in members(problem.before[op]):
                for step in self._steps(op):
                    now, earlier = self._has_run(op, step), self._has_run(other, step - 1)
                    if not isinstance(earlier, int) and not (isinstance(now, int) and now == 0):
                        self.program += earlier - now >= 0
        for step in range(self._count):
            self.program += (
                pulp.lpSum(self._has_run(op, step) for op in range(self._count)) == step + 1
            )

    def _move(self) -> None:
        problem = self._problem
        for (tensor, step), here in self._here.items():
            producer = problem.producers[tensor]
            for user in problem.users[tensor]:
                if step in self._steps(user):
                    self.program += here >= self._runs(user, step)
            stays = pulp.LpAffineExpression(self._here.get((tensor, step - 1), 0))
            if producer is not None:
                self.program += here <= self._has_run(producer, step)
                stays += self._runs(producer, step)
            for user in problem.users[tensor]:
                for pair in problem.in_place[user]:
                    if pair[0] == tensor and (user, pair, step - 1) in self._over:
                        stays -= self._over[user, pair, step - 1]
            self.program += self._came[tensor, step] >= here - stays
            if tensor in self._copied:
                self.program += self._copied[tensor] >= self._came[tensor, step]

    def _fit(self) -> None:
        problem = self._problem
        kept = set(self._kept)
        # Tensors that one operator alone touches are there for its step.
        own = [
            sum(problem.sizes[t] for t in {*problem.inputs[op], *problem.outputs[op]} - kept)
            for op in range(self._count)
        ]
        for step in range(self._count):
            total = pulp.lpSum(
                problem.sizes[tensor] * self._here[tensor, step]
                for tensor in self._kept
                if (tensor, step) in self._here
            )
            for op, size in enumerate(own):
                if size and step in self._steps(op):
                    total += size * self._runs(op, step)
            for (_, pair, at), over in self._over.items():
                if at == step:
                    total -= problem.sizes[pair[1]] * over
            self.program += total <= problem.capacity
        for op, pairs in enumerate(problem.in_place):
            for step in self._steps(op) if pairs else ():
                for side in (0, 1):
                    for tensor in {pair[side] for pair in pairs}:
                        self.program += pulp.lpSum(
                            self._over[op, pair, step] for pair in pairs if pair[side] == tensor
                        ) <= self._runs(op, step)

    def plan(self, values: Mapping[str, float]) -> Plan:
        """The plan that the variables tell."""
        problem = self._problem

        def value(variable: "pulp.LpVariable | int") -> float:
            return variable if isinstance(variable, int) else values[variable.name]

        runs_at = {
            op: next(step for step in self._steps(op) if value(self._has_run(op, step)))
            for op in range(self._count)
        }
        order = tuple(sorted(runs_at, key=runs_at.__getitem__))
        overwritten = {
            (pair[0], step) for (_, pair, step), over in self._over.items() if values[over.name]
        }
        retrievals = frozenset(
            (tensor, op)
            for (tensor, op), (former, latter) in gaps(problem, order).items()
            if (tensor, former) in overwritten
            or not all(values[self._here[tensor, step].name] for step in range(former + 1, latter))
        )
        return Plan(order=order, retrievals=retrievals)

    def values(self, plan: Plan) -> dict[str, float]:
        """Values of all variables for a plan in which no output has the place of an input."""
        problem = self._problem
        at = {op: step for step, op in enumerate(plan.order)}
        values: dict[str, float] = {v.name: 0 for v in self.program.variables()}
        for (op, step), done in self._done.items():
            values[done.name] = int(at[op] <= step)
        for tensor in self._kept:
            for user in problem.users[tensor]:
                values[self._here[tensor, at[user]].name] = 1
            first = min(at[user] for user in problem.users[tensor])
            if problem.producers[tensor] is None:
                values[self._came[tensor, first].name] = 1
        for gap, (former, latter) in gaps(problem, plan.order).items():
            tensor = gap[0]
            if gap not in plan.retrievals:
                for step in range(former + 1, latter):
                    values[self._here[tensor, step].name] = 1
            elif latter > former + 1:
                values[self._came[tensor, latter].name] = 1
                if tensor in self._copied:
                    values[self._copied[tensor].name] = 1
        return values

"""The paper's integer program for small graphs: order, moves and addresses in one model.

Li, Gupta and Malik, COSMA, arXiv 2311.18246, section III; numbers in the code are those of its
rules. There is a step for each operator. At step t, a tensor is created (C), preserved from the
step before (P) or retrieved from memory (R), and so resident, at address L; S says that it is
spilled, as the step begins. Of two that are resident, one is above (u) or below (d) the other.

Where the rules here differ from the paper's, and why:

- Operators have the variables of creation, X: siblings share theirs, so that rule 6 is none.
- Nothing is preserved, spilled or retrieved at the first step, which rules 2 to 4 leave open there.
- A weight is created by its first read, at any step. That is free, as it is for any schedule, and
  counts as being there: with rule 5 alone no operator could ever find it.
- Inputs and outputs of the network have a copy in memory once created. Rule 4 asks for no spill.
- S is not part of rule 1. A tensor may be spilled and retrieved at one step, which moves it, and
  one that is spilled may stay for this step.
- Rule 9 holds for every address, and so do the two halves of rule 10. Only whether a tensor is
  above or below depends on residency. Pairs are not left out by lifetime: a tensor may stay for
  longer than it is read.
- V of rule 11 is P: what is preserved does not move.
- The sum of what is resident fits. That follows, but the solver's bound needs it.
- Sizes are divided by their greatest common divisor, and answers are whole numbers, so that a
  solver's tolerance is far smaller than any tensor.
- An output may take the place of an input where the options say so (q). Then the input is gone.

The number of variables grows with the square of the tensors times the operators. It is a reference:
networks are for `mapper.scheduling.optimal`.
"""

import itertools
import math
from collections.abc import Iterable, Mapping

import pulp

from mapper import clock
from mapper.milp import Solution, find_solver, solve
from mapper.scheduling.footprint import (
    LeastPeak,
    listed_order,
    operators_in_order,
    peak_bytes,
)
from mapper.scheduling.graph import INPUT, SizedGraph
from mapper.scheduling.limits import why_none_fits
from mapper.scheduling.outcome import Options, Outcome, concluded
from mapper.scheduling.schedule import Placement, Schedule, Step
from mapper.status import Status

__all__ = ["least_peak_monolithically", "schedule_monolithically"]

_STRATEGY = "monolith"
_TOLERANCE = 1e-6
"""Of a solver's bound, in units."""


def schedule_monolithically(
    graph: SizedGraph, capacity_bytes: int, options: Options | None = None
) -> Outcome:
    """The schedule of the fewest non-compulsory bytes, by the paper's integer program.

    Parameters
    ----------
    graph : SizedGraph
        With few operators: a dozen take seconds.
    capacity_bytes : int
        Of the scratchpad.
    options : Options, optional
        With an order, that is the paper's fixed-schedule mode, section III-E2.

    Raises
    ------
    UserError
        If the order is none of the graph's, or the solver is not installed.
    """
    options = options or Options()
    begin = clock.now()
    solver = find_solver(options.solver)
    reason = why_none_fits(graph, capacity_bytes, in_place=options.in_place)
    if reason:
        return concluded(
            graph,
            strategy=_STRATEGY,
            schedule=None,
            seconds=clock.now() - begin,
            proof="the needs of a single operator",
            reason=reason,
            is_infeasible=True,
        )
    deadline = begin + options.time_limit
    try:
        steps = _Steps(graph, options.order, deadline=deadline)
        steps.minimise_moves()
        addresses = _Addresses(steps, capacity_bytes, in_place=options.in_place)
    except _TimeOverError:
        return concluded(
            graph,
            strategy=_STRATEGY,
            schedule=None,
            seconds=clock.now() - begin,
            proof="nothing is less than none",
            reason=f"the integer program was not even built within {options.time_limit:g} seconds",
        )
    solution = solve(steps.problem, solver=solver, time_limit=deadline - clock.now())
    return concluded(
        graph,
        strategy=_STRATEGY,
        schedule=addresses.schedule(solution.values) if solution.values else None,
        seconds=clock.now() - begin,
        bound_bytes=steps.bound_bytes(solution),
        proof=f"the paper's integer program, by {solution.solver}",
        reason=_reason(solution, options),
        is_infeasible=solution.status is Status.INFEASIBLE,
        details={
            "variables": len(steps.problem.variables()),
            "constraints": len(steps.problem.constraints()),
        },
    )


def _reason(solution: Solution, options: Options) -> str:
    if solution.status is Status.OPTIMAL:
        return ""
    if solution.status is Status.INFEASIBLE:
        return "the integer program has no solution"
    found = "no better schedule" if solution.values else "no schedule"
    return f"{found} was found within {options.time_limit:g} seconds"


def least_peak_monolithically(graph: SizedGraph, options: Options | None = None) -> LeastPeak:
    """The order of the smallest peak, by the paper's integer program: section III-E1, rules 13-15.

    Nothing is spilled, and there are no addresses: the largest sum of what is resident is
    minimised.

    Parameters
    ----------
    graph : SizedGraph
        With few operators.
    options : Options, optional
        Order, solver and time limit. Without a solution in time, the order is that of the graph.

    Raises
    ------
    UserError
        If the order is none of the graph's, or the solver is not installed.
    """
    options = options or Options()
    steps = _Steps(graph, options.order, may_spill=False)
    steps.minimise_peak()
    solution = solve(steps.problem, solver=options.solver, time_limit=options.time_limit)
    order = listed_order(graph) if options.order is None else options.order
    if solution.values:
        order = steps.order(solution.values)
    peak = peak_bytes(graph, order)
    return LeastPeak(
        order=order, peak_bytes=peak, bound_bytes=min(peak, steps.bound_bytes(solution))
    )


class _TimeOverError(Exception):
    """Building the program takes longer than was allowed."""


class _Steps:
    """Rules 1 to 8: what happens at each step, without addresses.

    Variables are indexed by the tensor's or operator's name and the step.
    """

    def __init__(
        self,
        graph: SizedGraph,
        order: tuple[str, ...] | None,
        *,
        may_spill: bool = True,
        deadline: float = math.inf,
    ) -> None:
        self.graph = graph
        self._deadline = deadline
        self.problem = pulp.LpProblem("monolith", pulp.LpMinimize)
        self.times = range(len(graph.operators))
        self.tensors = [
            name for name in graph.tensors if graph.producer(name) or graph.consumers(name)
        ]
        self.unit = math.gcd(*(graph.tensors[name].size_bytes for name in self.tensors))
        self.objective_unit = self.unit
        self._x = self._binaries("x", [operator.name for operator in graph.operators])
        weights = [name for name in self.tensors if graph.tensors[name].is_weight]
        self._c = self._binaries("c", weights)
        for operator in graph.operators:
            for name in operator.outputs:
                for t in self.times:
                    self._c[name, t] = self._x[operator.name, t]
        self._p = self._binaries("p", self.tensors)
        self._s = self._binaries("s", self.tensors, most=int(may_spill))
        self._r = self._binaries("r", self.tensors, most=int(may_spill))
        self._constrain_operators(order)
        for name in self.tensors:
            self._constrain_tensor(name)

    def look_at_clock(self) -> None:
        """Give up if time is over."""
        if clock.now() > self._deadline:
            raise _TimeOverError

    def _binaries(
        self, letter: str, names: Iterable[str], most: int = 1
    ) -> dict[tuple[str, int], pulp.LpVariable]:
        """Variables of 0 or 1, or all of 0."""
        self.look_at_clock()
        return {
            (name, t): self.problem.add_variable(f"{letter}_{i}_{t}", 0, most, pulp.LpInteger)
            for i, name in enumerate(names)
            for t in self.times
        }

    def _constrain_operators(self, order: tuple[str, ...] | None) -> None:
        graph = self.graph
        for operator in graph.operators:
            self.look_at_clock()
            self.problem += pulp.lpSum(self._x[operator.name, t] for t in self.times) == 1  # 7
            for name in dict.fromkeys(operator.inputs):
                for t in self.times:
                    present = self._p[name, t] + self._r[name, t]
                    if graph.tensors[name].is_weight:
                        present += self._c[name, t]
                    self.problem += self._x[operator.name, t] <= present  # 5
        for t in self.times:
            self.problem += pulp.lpSum(self._x[op.name, t] for op in graph.operators) == 1
        if order is not None:
            for t, operator in enumerate(operators_in_order(graph, order)):
                self.problem += self._x[operator.name, t] == 1

    def _constrain_tensor(self, name: str) -> None:
        self.look_at_clock()
        graph, problem = self.graph, self.problem
        is_weight = graph.tensors[name].is_weight
        producer = graph.producer(name)
        is_saved_at_once = name in graph.outputs or (
            producer is not None and producer.kind == INPUT
        )
        c, p, s, r = (
            {t: v[name, t] for t in self.times} for v in (self._c, self._p, self._s, self._r)
        )
        if is_weight:
            problem += pulp.lpSum(c.values()) == 1  # 7
        problem += pulp.lpSum(s.values()) <= 1  # 8
        for t in self.times:
            problem += c[t] + p[t] + r[t] <= 1  # 1
            if t == 0:
                problem += p[t] + s[t] == 0
            else:
                problem += p[t] <= c[t - 1] + p[t - 1] + r[t - 1]  # 2
                problem += s[t] <= c[t - 1] + p[t - 1]  # 3
            if not is_weight:
                copies = pulp.lpSum(s[k] for k in range(t + 1))
                if is_saved_at_once:
                    copies += pulp.lpSum(c[k] for k in range(t))
                problem += r[t] <= copies  # 4

    def minimise_moves(self) -> None:
        """Set the objective to what is spilled and retrieved: rule 12."""
        copies = {name: self.graph.tensors[name].copy_bytes for name in self.tensors}
        self.objective_unit = math.gcd(*copies.values())
        self.problem += pulp.lpSum(
            copy // self.objective_unit * (self._s[name, t] + self._r[name, t])
            for name, copy in copies.items()
            for t in self.times
        )

    def minimise_peak(self) -> None:
        """Set the objective to the largest sum of what is resident: rules 13 to 15."""
        most = sum(self.units(name) for name in self.tensors)
        peak = self.problem.add_variable("peak", 0, most, pulp.LpInteger)
        self.problem += peak
        for t in self.times:
            present = (self.units(name) * self.resident(name, t) for name in self.tensors)
            self.problem += pulp.lpSum(present) <= peak

    def units(self, name: str) -> int:
        """Size of a tensor."""
        return self.graph.tensors[name].size_bytes // self.unit

    def bound_bytes(self, solution: Solution) -> int:
        """What the solver has proven about the objective."""
        if solution.bound is None:
            return 0
        return max(0, math.ceil(solution.bound - _TOLERANCE)) * self.objective_unit

    def runs(self, operator: str, t: int) -> pulp.LpVariable:
        """Whether an operator runs at a step."""
        return self._x[operator, t]

    def preserved(self, name: str, t: int) -> pulp.LpVariable:
        """Whether a tensor stays from the step before."""
        return self._p[name, t]

    def spilled(self, name: str, t: int) -> pulp.LpVariable:
        """Whether a tensor is copied to memory as the step begins."""
        return self._s[name, t]

    def resident(self, name: str, t: int) -> pulp.LpAffineExpression:
        """Whether a tensor is in the scratchpad during a step."""
        return self._c[name, t] + self._p[name, t] + self._r[name, t]

    def order(self, values: Mapping[str, int | float]) -> tuple[str, ...]:
        """Names of the operators as they run."""
        return tuple(
            operator.name
            for t in self.times
            for operator in self.graph.operators
            if values[self._x[operator.name, t].name]
        )

    def step(self, t: int, values: Mapping[str, int | float], addresses: Mapping[str, int]) -> Step:
        """What happens at a step, with the addresses of all tensors in bytes."""

        def chosen(variables: Mapping[tuple[str, int], pulp.LpVariable]) -> list[str]:
            return [
                name
                for name in self.tensors
                if (name, t) in variables and values[variables[name, t].name]
            ]

        created, retrieved = chosen(self._c), chosen(self._r)
        return Step(
            operator=self.order(values)[t],
            resident=tuple(
                Placement(tensor=name, address=addresses[name])
                for name in (*created, *chosen(self._p), *retrieved)
            ),
            spilled=tuple(chosen(self._s)),
            retrieved=(
                *(name for name in created if self.graph.tensors[name].is_weight),
                *retrieved,
            ),
        )


class _Addresses:
    """Rules 9 to 11: an address for each tensor at each step, in units."""

    def __init__(self, steps: _Steps, capacity_bytes: int, *, in_place: bool) -> None:
        self._steps = steps
        self._capacity_bytes = capacity_bytes
        self._capacity = capacity_bytes // steps.unit
        self._l = {
            (name, t): steps.problem.add_variable(
                f"l_{i}_{t}", 0, self._capacity - steps.units(name), pulp.LpInteger
            )  # 9
            for i, name in enumerate(steps.tensors)
            for t in steps.times
        }
        for name, t in self._l:
            steps.look_at_clock()
            if t > 0:
                moved = self._l[name, t] - self._l[name, t - 1]
                room = self._capacity * (1 - steps.preserved(name, t))
                steps.problem += moved <= room  # 11
                steps.problem += moved >= -room
        shared = self._shared() if in_place else {}
        for t in steps.times:
            used = (steps.units(name) * steps.resident(name, t) for name in steps.tensors)
            overlaid = (
                steps.units(output) * share for (output, _, at), share in shared.items() if at == t
            )
            steps.problem += pulp.lpSum(used) - pulp.lpSum(overlaid) <= self._capacity
        for index, pair in enumerate(itertools.combinations(steps.tensors, 2)):
            steps.look_at_clock()
            for t in steps.times:
                share = pulp.lpSum(
                    shared.get((one, other, t), 0) for one, other in (pair, pair[::-1])
                )
                self._separate(index, *pair, t, share)

    def _separate(self, index: int, a: str, b: str, t: int, share: pulp.LpAffineExpression) -> None:
        """Keep two tensors apart at a step, if both are resident and do not share: rule 10."""
        steps, capacity = self._steps, self._capacity
        above, below = (
            steps.problem.add_variable(f"{letter}_{index}_{t}", 0, 1, pulp.LpInteger)
            for letter in "ud"
        )
        low, high = self._l[a, t], self._l[b, t]
        steps.problem += low >= high + steps.units(b) - capacity * (1 - above)
        steps.problem += high >= low + steps.units(a) - capacity * (1 - below)
        steps.problem += above + below <= 1
        steps.problem += above + below >= steps.resident(a, t) + steps.resident(b, t) - 1 - share

    def _shared(self) -> dict[tuple[str, str, int], pulp.LpVariable]:
        """Whether an output takes the place of an input at a step."""
        steps, problem = self._steps, self._steps.problem
        graph = steps.graph
        shared: dict[tuple[str, str, int], pulp.LpVariable] = {}
        for operator in graph.operators:
            below = [name for name in dict.fromkeys(operator.in_place) if name in operator.inputs]
            for output, name in itertools.product(operator.outputs, below):
                if steps.units(output) > steps.units(name):
                    continue
                for t in steps.times:
                    share = problem.add_variable(f"q_{len(shared)}", 0, 1, pulp.LpInteger)
                    shared[output, name, t] = share
                    problem += share <= steps.runs(operator.name, t)
                    apart = self._l[output, t] - self._l[name, t]
                    problem += apart <= self._capacity * (1 - share)
                    problem += apart >= -self._capacity * (1 - share)
                    if t + 1 in steps.times:
                        problem += steps.preserved(name, t + 1) <= 1 - share
                        problem += steps.spilled(name, t + 1) <= 1 - share
        return shared

    def schedule(self, values: Mapping[str, int | float]) -> Schedule:
        """The schedule that a solution stands for."""
        steps = self._steps
        return Schedule(
            capacity_bytes=self._capacity_bytes,
            steps=tuple(
                steps.step(
                    t,
                    values,
                    {
                        # Solvers say nothing of variables in no constraint.
                        name: int(values.get(self._l[name, t].name, 0)) * steps.unit
                        for name in steps.tensors
                    },
                )
                for t in steps.times
            ),
        )

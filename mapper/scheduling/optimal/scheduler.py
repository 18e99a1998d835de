"""The exact scheduler: a bound first, then addresses, then whatever proof is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf

from golden.errors import UserError
from mapper import clock
from mapper.milp import find_solver
from mapper.scheduling.footprint import footprints
from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.limits import why_none_fits
from mapper.scheduling.optimal.fixed import solve_order, with_room
from mapper.scheduling.optimal.incumbents import incumbents
from mapper.scheduling.optimal.joint import search_jointly
from mapper.scheduling.optimal.orders import Orders
from mapper.scheduling.optimal.placement import place
from mapper.scheduling.optimal.plan import Plan, cost, scheduled
from mapper.scheduling.optimal.problem import Problem, reduce_graph
from mapper.scheduling.optimal.relaxed import Relaxed, glance, relax
from mapper.scheduling.optimal.segments import Segment, join, segments
from mapper.scheduling.optimal.states import Found
from mapper.scheduling.outcome import Options, Outcome, concluded

__all__ = ["STRATEGY", "schedule_optimally"]

STRATEGY = "optimal"
"""Name of the strategy."""

_RELAXED_SHARE = 0.95
"""Part of the time that plans without addresses may take."""

_PLACE_SHARE = 0.5
"""Part of the time left that one look for addresses may take."""

_ROOM_SHARE = 0.1
"""Part of the time for a plan to begin from that is better than those of the baselines."""

_TIGHTER_SHARE = 0.2
"""Part of the time left for plans at one of those capacities."""

_TIGHTER = (0.98, 0.95, 0.9, 0.8)
"""Parts of the capacity at which plans are sought that leave room for addresses."""


def schedule_optimally(
    graph: SizedGraph, capacity_bytes: int, options: Options | None = None
) -> Outcome:
    """Find the schedule that moves the fewest non-compulsory bytes, and prove it.

    Without addresses the problem separates into parts, and the least cost of each is found; their
    sum is a bound. If the plan has addresses, that is the proof. If it does not: other things to
    drop in the same order, other orders, and at last a search that is complete.

    Parameters
    ----------
    graph : SizedGraph
    capacity_bytes : int
        Of the scratchpad.
    options : Options, optional

    Returns
    -------
    Outcome
        OPTIMAL only with a proof; FEASIBLE with the best schedule found in time and a bound;
        INFEASIBLE where an operator by itself does not fit.

    Raises
    ------
    UserError
        If the capacity is not positive, the solver is not installed, or the order does not have
        each operator once, after those that it depends on.
    """
    begin = clock.now()
    options = options or Options()
    if capacity_bytes < 1:
        raise UserError(f"capacity_bytes must be at least 1, not {capacity_bytes}")
    solver = find_solver(options.solver)
    problem = reduce_graph(graph, capacity_bytes, in_place=options.in_place)
    reason = why_none_fits(graph, capacity_bytes, in_place=options.in_place)
    if reason:
        return concluded(
            graph,
            strategy=STRATEGY,
            schedule=None,
            seconds=clock.now() - begin,
            reason=reason,
            proof="one operator needs more",
            is_infeasible=True,
        )
    task = _Task(
        graph=graph,
        problem=problem,
        capacity_bytes=capacity_bytes,
        options=options,
        solver=solver,
        deadline=begin + options.time_limit,
    )
    if options.order is None:
        _schedule_freely(task)
    else:
        # Refuses orders that are none.
        footprints(graph, options.order)
        _schedule_in_order(task, options.order)
    return task.concluded(clock.now() - begin)


@dataclass(kw_only=True)
class _Task:
    """What is asked and what is known so far; costs in units."""

    graph: SizedGraph
    problem: Problem
    capacity_bytes: int
    options: Options
    solver: str
    deadline: float
    plan: Plan | None = None
    addresses: Sequence[int] | None = None
    bound: int = 0
    proof: str = ""
    details: dict[str, int | float | str] = field(default_factory=dict)

    @property
    def left(self) -> float:
        return max(0.0, self.deadline - clock.now())

    @property
    def cost(self) -> int | None:
        return None if self.plan is None else cost(self.problem, self.plan)

    @property
    def is_solved(self) -> bool:
        return self.cost is not None and self.cost <= self.bound

    def take(self, plan: Plan | None, addresses: Sequence[int] | None) -> None:
        """Keep a plan that has addresses, if it is the best so far."""
        if plan is None or addresses is None:
            return
        if self.cost is None or cost(self.problem, plan) < self.cost:
            self.plan, self.addresses = plan, addresses

    def place(self, plan: Plan, share: float) -> None:
        """Look for addresses for a plan, for a part of the time left; keep it if it has some."""
        if self.left:
            placed = place(self.problem, plan, time_limit=self.left * share)
            self.take(plan, placed.addresses)

    def take_incumbents(self, orders: Sequence[tuple[str, ...]]) -> None:
        """Keep the best of what takes a moment in these orders."""
        for plan, addresses in incumbents(
            self.graph, self.problem, self.capacity_bytes, orders, deadline=self.deadline
        ):
            self.take(plan, addresses)

    def count(self, what: str, number: int) -> None:
        self.details[what] = int(self.details.get(what, 0)) + number

    def raise_bound(self, bound: int, proof: str) -> None:
        if bound > self.bound or not self.proof:
            self.bound, self.proof = max(bound, self.bound), proof

    def concluded(self, seconds: float) -> Outcome:
        unit = self.problem.unit_bytes
        schedule = None
        if self.plan is not None and self.addresses is not None:
            schedule = scheduled(
                self.graph, self.problem, self.plan, self.addresses, self.capacity_bytes
            )
        reason = ""
        if not self.is_solved:
            what = "a proof" if schedule is not None else "a schedule"
            reason = f"the time limit of {self.options.time_limit:g} s ended the search for {what}"
        return concluded(
            self.graph,
            strategy=STRATEGY,
            schedule=schedule,
            seconds=seconds,
            bound_bytes=self.bound * unit,
            proof=self.proof,
            reason=reason,
            details=self.details,
        )


def _schedule_in_order(task: _Task, order: Sequence[str]) -> None:
    number = {operator.name: index for index, operator in enumerate(task.graph.operators)}
    task.take_incumbents([tuple(order)])
    bound = _solve_in_order(task, [number[name] for name in order])
    task.raise_bound(bound, "integer program of the given order")


def _solve_in_order(task: _Task, order: Sequence[int]) -> int:
    """Find the best plan of an order; a bound of its plans with addresses."""
    if not task.is_solved and (task.left or task.plan is None):
        task.take(*with_room(task.problem, order, task.solver, deadline=task.deadline))
    found = solve_order(
        task.problem,
        order,
        limit=inf if task.cost is None else task.cost,
        solver=task.solver,
        deadline=task.deadline,
    )
    task.take(found.plan, found.addresses)
    task.count("programs", found.rounds)
    return found.bound


def _schedule_freely(task: _Task) -> None:
    problem = task.problem
    parts = segments(problem)
    orders = Orders(task.graph, task.deadline)
    found = [glance(part.problem, deadline=task.deadline) for part in parts]
    if any(own.plan is None for own in found):
        task.take_incumbents(orders.names)
        if task.left and not task.is_solved:
            deadline = clock.now() + _ROOM_SHARE * task.left
            order = range(len(problem.inputs)) if task.plan is None else task.plan.order
            task.take(*with_room(problem, order, task.solver, deadline=deadline))
    relaxed = _relaxed(task, parts, found, orders, _RELAXED_SHARE)
    proofs = dict.fromkeys(known.proof for known in relaxed if known.bound)
    task.raise_bound(
        sum(known.bound for known in relaxed), " and ".join(proofs) or "nothing is less than none"
    )
    task.details |= {
        "segments": len(parts),
        "largest_segment": max(len(part.operators) for part in parts),
        "states": sum(known.states for known in relaxed),
        "relaxed_bytes": task.bound * problem.unit_bytes,
    }
    plan = join(parts, [known.plan for known in relaxed])
    least = cost(problem, plan)
    task.place(plan, _PLACE_SHARE)
    if task.plan is None:
        task.take_incumbents(orders.names)
    if task.cost == least:
        return
    _solve_in_order(task, plan.order)
    for part in _TIGHTER:
        if task.cost != least and task.left:
            _solve_tighter(task, orders, int(part * problem.capacity))
    if task.cost != least and all(known.is_optimal for known in relaxed):
        _search_parts(task, parts, relaxed)
        if not task.is_solved:
            _search_whole(task)


def _relaxed(
    task: _Task,
    parts: Sequence[Segment],
    found: Sequence[Found],
    orders: Orders,
    share: float,
) -> list[Relaxed]:
    """The parts without addresses; each gets time by the number of its operators."""
    result = []
    left = sum(len(part.operators) for part in parts)
    end = clock.now() + share * task.left
    for part, own in zip(parts, found, strict=True):
        now = clock.now()
        deadline = now + max(0.0, end - now) * len(part.operators) / left
        left -= len(part.operators)
        result.append(
            relax(
                part.problem,
                own,
                partial(orders.of, part),
                solver=task.solver,
                deadline=deadline,
            )
        )
    return result


def _solve_tighter(task: _Task, orders: Orders, capacity: int) -> None:
    """Take an order that needs less than there is: what is over makes addresses easier."""
    problem = replace(task.problem, capacity=capacity)
    if problem.largest > capacity:
        return
    parts = segments(problem)
    found = [glance(part.problem, deadline=task.deadline) for part in parts]
    relaxed = _relaxed(task, parts, found, orders, _TIGHTER_SHARE)
    plan = join(parts, [known.plan for known in relaxed])
    task.place(plan, _TIGHTER_SHARE)
    if not task.is_solved:
        _solve_in_order(task, plan.order)


def _search_parts(task: _Task, parts: Sequence[Segment], relaxed: Sequence[Relaxed]) -> None:
    """Raise the bound to what parts cost with addresses; join their plans."""
    bounds = [known.bound for known in relaxed]
    plans = [known.plan for known in relaxed]
    for index, part in enumerate(parts):
        found = search_jointly(
            part.problem,
            low=bounds[index],
            deadline=clock.now() + task.left / (len(parts) - index),
        )
        bounds[index] = max(bounds[index], found.bound)
        plans[index] = found.plan or plans[index]
        task.count("nodes", found.nodes)
    task.raise_bound(sum(bounds), "search with addresses")
    plan = join(parts, plans)
    task.place(plan, _PLACE_SHARE)


def _search_whole(task: _Task) -> None:
    """Search through all plans with addresses below the best cost."""
    assert task.cost is not None  # by _ensure
    found = search_jointly(task.problem, low=task.bound, limit=task.cost, deadline=task.deadline)
    task.count("nodes", found.nodes)
    task.take(found.plan, found.addresses)
    task.raise_bound(found.bound, "search with addresses")

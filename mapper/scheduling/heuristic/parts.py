"""Divide and conquer: the order of each part, then the whole in that order."""

from math import inf

from golden.errors import UserError
from mapper import clock
from mapper.milp import find_solver
from mapper.scheduling.footprint import footprints, least_peak, listed_order
from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.limits import why_none_fits
from mapper.scheduling.optimal.cover import cover_bound
from mapper.scheduling.optimal.divided import divided_order
from mapper.scheduling.optimal.fixed import solve_order, with_room
from mapper.scheduling.optimal.gaps import solve_gaps
from mapper.scheduling.optimal.incumbents import incumbents
from mapper.scheduling.optimal.plan import cost, scheduled
from mapper.scheduling.optimal.problem import Problem, reduce_graph
from mapper.scheduling.outcome import Options, Outcome, concluded

__all__ = ["STRATEGY", "schedule_by_parts"]

STRATEGY = "divide"
"""Name of the strategy."""

_LENGTHS = (16, 32, 24, 48)
"""Numbers of operators in the parts; several, so that their ends differ."""

_PART_STATES = 2_000
"""States of the search for the order of a part."""

_PEAK_STATES = 20_000
"""States of the search for an order of small peak."""

_ORDER_SHARE = 0.7
"""Part of the time for the orders of parts."""

_ADDRESS_SHARE = 0.8
"""Part of the time left for addresses; the rest is for the bound."""


def schedule_by_parts(
    graph: SizedGraph, capacity_bytes: int, options: Options | None = None
) -> Outcome:
    """Schedule a graph that may be too large for a proof.

    COSMA, arXiv 2311.18246, section III-E2, divides such graphs, and schedules parts in a given
    order. Here an order of small peak is parted where little is live, each part is ordered as is
    best for it, and the whole is solved exactly, with addresses, in the order that results.

    Parameters
    ----------
    graph : SizedGraph
    capacity_bytes : int
        Of the scratchpad.
    options : Options, optional
        A given order stays as it is.

    Returns
    -------
    Outcome
        With a bound of all orders, so that the gap is one to the best schedule there is.

    Raises
    ------
    UserError
        As `mapper.scheduling.optimal.schedule_optimally`.
    """
    begin = clock.now()
    options = options or Options()
    if capacity_bytes < 1:
        raise UserError(f"capacity_bytes must be at least 1, not {capacity_bytes}")
    solver = find_solver(options.solver)
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
    problem = reduce_graph(graph, capacity_bytes, in_place=options.in_place)
    deadline = begin + options.time_limit
    order = _order(graph, problem, options, solver, begin + _ORDER_SHARE * options.time_limit)
    given = options.order or listed_order(graph)
    found = list(incumbents(graph, problem, capacity_bytes, [given], deadline=deadline))
    if clock.now() < deadline or not found:
        found.append(with_room(problem, order, solver, deadline=deadline))
    plan, addresses = min(found, key=lambda own: cost(problem, own[0]))
    better = solve_order(
        problem,
        order,
        limit=cost(problem, plan),
        solver=solver,
        deadline=clock.now() + _ADDRESS_SHARE * (deadline - clock.now()),
    )
    if better.plan is not None and better.addresses is not None:
        plan, addresses = better.plan, better.addresses
    left = max(0.0, deadline - clock.now())
    bound, proof = cover_bound(problem, solver=solver, time_limit=left), "what is live in any order"
    if options.order is not None and better.bound > bound:
        bound, proof = better.bound, "integer program of the given order"
    reason = ""
    if bound < cost(problem, plan):
        reason = "only the orders of parts were searched"
        if not left:
            reason = f"the time limit of {options.time_limit:g} s ended the search"
    return concluded(
        graph,
        strategy=STRATEGY,
        schedule=scheduled(graph, problem, plan, addresses, capacity_bytes),
        seconds=clock.now() - begin,
        bound_bytes=bound * problem.unit_bytes,
        proof=proof,
        reason=reason,
        details={"programs": better.rounds},
    )


def _order(
    graph: SizedGraph, problem: Problem, options: Options, solver: str, deadline: float
) -> tuple[int, ...]:
    """The given order, or the cheapest that is found, addresses aside."""
    number = {operator.name: index for index, operator in enumerate(graph.operators)}
    if options.order is not None:
        # Refuses orders that are none.
        footprints(graph, options.order)
        return tuple(number[name] for name in options.order)

    def price(order: tuple[int, ...]) -> float:
        left = max(0.0, deadline - clock.now())
        found = solve_gaps(problem, order, solver=solver, time_limit=left).cost
        return inf if found is None else found

    listed = tuple(range(len(graph.operators)))
    if clock.now() >= deadline:
        return listed
    small = least_peak(graph, max_states=_PEAK_STATES).order
    starts = (tuple(number[name] for name in small), listed)
    least, order = min((price(own), own) for own in starts)
    for length in _LENGTHS:
        if clock.now() >= deadline:
            break
        tried = divided_order(
            problem, order, length=length, max_states=_PART_STATES, deadline=deadline
        )
        least, order = min((least, order), (price(tried), tried))
    return order

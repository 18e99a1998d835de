"""Small problems for the tests of the exact scheduler, and what enumeration says of them."""

import itertools
from dataclasses import replace

import hypothesis.strategies as st

from mapper.scheduling.footprint import least_peak
from mapper.scheduling.limits import why_none_fits
from mapper.scheduling.optimal.plan import Plan, cost, footprints
from mapper.scheduling.optimal.problem import Problem, reduce_graph
from tests.mapper.scheduling.cases import draw_graph


@st.composite
def problems(draw, most_operators=7, in_place=None):
    """A problem with a capacity from just enough to all that is needed.

    Copies in memory have the sizes of the tensors, or any.
    """
    import numpy as np

    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    net = draw_graph(rng, draw(st.integers(2, most_operators)))
    if draw(st.booleans()):
        tensors = {
            name: replace(tensor, memory_bytes=int(rng.integers(1, 6)))
            for name, tensor in net.tensors.items()
        }
        net = replace(net, tensors=tensors)
    shared = draw(st.booleans()) if in_place is None else in_place
    low = next(c for c in itertools.count(1) if not why_none_fits(net, c, in_place=shared))
    high = max(low, least_peak(net).peak_bytes)
    return reduce_graph(net, draw(st.integers(low, high)), in_place=shared)


def orders(problem: Problem):
    """All orders of the operators."""
    count = len(problem.inputs)

    def extend(order, done):
        if len(order) == count:
            yield tuple(order)
        for op, before in enumerate(problem.before):
            if not done >> op & 1 and not before & ~done:
                yield from extend([*order, op], done | 1 << op)

    yield from extend([], 0)


def least_of_order(problem: Problem, order):
    """Least cost of a plan of an order, by trying every set of gaps to drop."""
    step = {op: at for at, op in enumerate(order)}
    gaps = [
        (tensor, op)
        for tensor, users in enumerate(problem.users)
        for op in sorted(users, key=step.__getitem__)[1:]
    ]
    best = None
    for count in range(len(gaps) + 1):
        for dropped in itertools.combinations(gaps, count):
            plan = Plan(order=tuple(order), retrievals=frozenset(dropped))
            price = cost(problem, plan)
            if (best is None or price < best) and fits(problem, plan):
                best = price
    return best


def fits(problem: Problem, plan: Plan) -> bool:
    return max(footprints(problem, plan)) <= problem.capacity

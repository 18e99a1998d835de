"""Plans to begin from, which take a moment: those of the baselines."""

from collections.abc import Iterator, Sequence
from itertools import product

from mapper import clock
from mapper.scheduling.baselines.strategies import PLANNED_TFLITE_BELADY, TFLITE_BELADY
from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.optimal.plan import Plan, residencies
from mapper.scheduling.optimal.problem import Problem
from mapper.scheduling.outcome import Options
from mapper.scheduling.schedule import Schedule

__all__ = ["incumbents"]

_SURE_S = 3600.0
"""Seconds for the one that always finds a schedule: it takes a fraction of one."""


def incumbents(
    graph: SizedGraph,
    problem: Problem,
    capacity_bytes: int,
    orders: Sequence[tuple[str, ...]],
    *,
    deadline: float,
) -> Iterator[tuple[Plan, tuple[int, ...]]]:
    """Plans with addresses, in units of the problem: one at least, others while there is time.

    None at all where an operator fits only with outputs in the places of inputs.

    Parameters
    ----------
    graph, problem : SizedGraph, Problem
        Of the same operators.
    capacity_bytes : int
        Of the scratchpad.
    orders : sequence of tuple of str
        At least one; of all operators.
    deadline : float
        Time of `mapper.clock.now`.
    """
    is_first = True
    for order, baseline in product(orders, (TFLITE_BELADY, PLANNED_TFLITE_BELADY)):
        left = _SURE_S if is_first else deadline - clock.now()
        if left <= 0:
            return
        is_first = False
        found = baseline(graph, capacity_bytes, Options(order=order, time_limit=left))
        if found.schedule is not None:
            yield _planned(graph, problem, found.schedule)


def _planned(
    graph: SizedGraph, problem: Problem, schedule: Schedule
) -> tuple[Plan, tuple[int, ...]]:
    """A schedule as a plan that keeps no tensor longer than the schedule does."""
    operator = {op.name: number for number, op in enumerate(graph.operators)}
    tensor = {name: number for number, name in enumerate(graph.tensors)}
    touched: set[int] = set()
    retrievals: set[tuple[int, int]] = set()
    places: list[dict[int, int]] = []
    for step in schedule.steps:
        number = operator[step.operator]
        # A weight comes for nothing the first time.
        retrievals |= {(tensor[t], number) for t in step.retrieved if tensor[t] in touched}
        touched.update(problem.inputs[number], problem.outputs[number])
        places.append({tensor[place.tensor]: place.address for place in step.resident})
    order = tuple(operator[name] for name in schedule.order)
    plan = Plan(order=order, retrievals=frozenset(retrievals))
    return plan, tuple(
        places[span.first][span.tensor] // problem.unit_bytes for span in residencies(problem, plan)
    )

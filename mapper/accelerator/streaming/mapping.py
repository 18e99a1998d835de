"""The best way to do a layer on an accelerator, with its proof.

The search is a branch and bound: over the sizes of tiles and groups in the order of a bound for all
plans that share them, and in each over the rest of the plan, again with a bound. What no bound
excludes is simulated.
"""

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np

from golden.accelerator.description import Accelerator, MemoryKind
from golden.engines.systolic import Params
from golden.errors import UserError
from mapper import clock
from mapper.accelerator.streaming.exact.bounds import box_bounds
from mapper.accelerator.streaming.exact.numbers import (
    BEST_BYTES,
    BEST_CYCLES,
    CURSOR,
    CUT_FIELDS,
    FOUND,
    LEAVES,
    SIMULATED,
    STATE_FIELDS,
    UNREACHED,
    Problem,
    Row,
    Table,
    new_memo,
    record_of,
)
from mapper.accelerator.streaming.exact.search import search
from mapper.accelerator.streaming.exact.space import count_plans, list_boxes
from mapper.accelerator.streaming.plan import Plan
from mapper.accelerator.streaming.problem import cut_of, pace_of, plan_of, problem_of
from mapper.accelerator.streaming.search import best_plan
from mapper.accelerator.streaming.sweep import Sweep, sweep_of
from mapper.accelerator.streaming.workload import streamed
from mapper.status import Status
from sim.accelerator.simulation import simulate
from sim.workload import GemmLayer, Layer

__all__ = ["Mapping", "best_mapping", "simulated_cost"]

_WORK = 2_000_000
"""Instructions, and bounds, between looks at the clock."""

_CANDIDATES = 4096
"""Plans that are kept for the simulator at a time, where the search can not simulate them."""

_Tables: TypeAlias = tuple[Problem, Table, Table]
"""A problem, its engine's pace and a memo."""

_NO_ROOM = np.empty((0, 1 + CUT_FIELDS), dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """A plan for a layer, and what is known about it.

    Parameters
    ----------
    layer : Layer
    plan : Plan
    cycles : int
        Of the layer alone, from start to done.
    dram_bytes : int
        Over the data port, whole beats.
    bound_cycles : int
        No plan of the space takes fewer.
    status : Status
        OPTIMAL, if no plan takes fewer cycles, nor as many and fewer bytes; else FEASIBLE.
    space_size : int
        Plans of the space.
    bounded : int
        Those whose own bound was computed; others were excluded many at a time.
    simulated : int
        Those that no bound excluded.
    seconds : float
    """

    layer: Layer
    plan: Plan
    cycles: int
    dram_bytes: int
    bound_cycles: int
    status: Status
    space_size: int
    bounded: int
    simulated: int
    seconds: float

    @property
    def gap(self) -> float:
        """By how much of the cycles the bound is lower."""
        return (self.cycles - self.bound_cycles) / self.cycles


def best_mapping(layer: Layer, accelerator: Accelerator, *, time_limit: float = 60.0) -> Mapping:
    """The plan with the fewest cycles, and of those the fewest bytes, in the space of all plans.

    Parameters
    ----------
    layer : Layer
    accelerator : Accelerator
    time_limit : float
        Seconds after which the search ends with what it has.

    Returns
    -------
    Mapping
        Never worse than `best_plan`.

    Raises
    ------
    UserError
        If a memory has no room for the smallest tiles, the layer has strides that no instruction
        has, or the engine's timing has a form that the search does not know.
    """
    _compile_search()
    begun = clock.now()
    try:
        sweep = sweep_of(layer, accelerator.lanes)
        tables = record_of(problem_of(sweep, accelerator)), pace_of(sweep, accelerator), new_memo()
    except UserError as error:
        raise UserError(f"layer {layer.name!r}: {error}") from None
    boxes, bounds = _sorted_boxes(tables)
    work = _Work(layer, accelerator, sweep, tables, boxes, bounds, begun + time_limit)
    if accelerator.memory.kind is MemoryKind.BANKED:
        found = _best_of_candidates(work)
    else:
        found = _best_of_all(work)
    if found.plan is None:
        raise UserError(
            f"layer {layer.name!r}: activation_bytes={accelerator.activation_bytes} has no room for"
            " its smallest tiles; raise it"
        )
    return Mapping(
        layer=layer,
        plan=found.plan,
        cycles=found.cycles,
        dram_bytes=found.octets,
        bound_cycles=found.bound,
        status=Status.OPTIMAL if found.proven else Status.FEASIBLE,
        space_size=int(count_plans(tables[0], boxes)),
        bounded=found.bounded,
        simulated=found.simulated,
        seconds=clock.now() - begun,
    )


@cache
def _compile_search() -> None:
    """Have everything compiled that the search calls, so that no time limit is used up by that."""
    least = Accelerator(name="least", engine="systolic", params=Params(rows=4, cols=4, k_max=4))
    sweep = sweep_of(GemmLayer(name="least", m=1, k=1, n=1), 4)
    tables = record_of(problem_of(sweep, least)), pace_of(sweep, least), new_memo()
    boxes, bounds = _sorted_boxes(tables)
    state = np.zeros(STATE_FIELDS, dtype=np.int64)
    state[BEST_CYCLES] = UNREACHED - 1
    search(*tables, boxes, bounds, state, np.zeros(CUT_FIELDS, dtype=np.int64), _NO_ROOM, _WORK)
    count_plans(tables[0], boxes)


def _sorted_boxes(tables: _Tables) -> tuple[Table, Row]:
    """Sizes of tiles and groups, and their bounds, by these."""
    boxes = list_boxes(tables[0])
    bounds = box_bounds(*tables, boxes)
    order = np.argsort(bounds, kind="stable")
    return boxes[order], bounds[order]


def simulated_cost(layer: Layer, plan: Plan, accelerator: Accelerator) -> tuple[int, int]:
    """Cycles and bytes of a plan, from the simulator itself."""
    trees = [entry.layer for entry in streamed([layer], accelerator, [plan])]
    result = simulate(accelerator, trees)
    octets = sum(times.read_bytes + times.written_bytes for times in result.layers)
    return result.cycles, octets


@dataclass(frozen=True)
class _Work:
    layer: Layer
    accelerator: Accelerator
    sweep: Sweep
    tables: _Tables
    boxes: Table
    bounds: Row
    deadline: float

    def greedy(self) -> Plan | None:
        """The plan to begin with; there is none if two places of each kind have no room."""
        try:
            return best_plan(self.sweep, self.accelerator)
        except UserError:
            return None

    def is_late(self) -> bool:
        return clock.now() > self.deadline

    def plan(self, cut: Row) -> Plan:
        return plan_of(self.sweep, self.accelerator.lanes, cut)

    def bound(self, state: Row) -> int:
        """Of all plans that the search has not come to."""
        cursor = int(state[CURSOR])
        return int(self.bounds[cursor]) if cursor < len(self.bounds) else UNREACHED


@dataclass(kw_only=True)
class _Found:
    plan: Plan | None = None
    cycles: int = UNREACHED
    octets: int = 0
    bound: int = UNREACHED
    proven: bool = False
    bounded: int = 0
    simulated: int = 0


def _best_of_all(work: _Work) -> _Found:
    """Search with exact cycles; the simulator has the last word on the plan that is found."""
    state = np.zeros(STATE_FIELDS, dtype=np.int64)
    best = np.zeros(CUT_FIELDS, dtype=np.int64)
    state[BEST_CYCLES] = UNREACHED - 1
    greedy = work.greedy()
    if greedy is not None:
        best[:] = cut_of(greedy)
        state[[BEST_CYCLES, BEST_BYTES]] = simulated_cost(work.layer, greedy, work.accelerator)
    done = False
    while not done and not (work.is_late() and best.any()):
        done = search(*work.tables, work.boxes, work.bounds, state, best, _NO_ROOM, _WORK)
    if not best.any():
        return _Found()
    plan = work.plan(best)
    told = int(state[BEST_CYCLES]), int(state[BEST_BYTES])
    assert simulated_cost(work.layer, plan, work.accelerator) == told, "cycles are those simulated"
    return _Found(
        plan=plan,
        cycles=told[0],
        octets=told[1],
        bound=told[0] if done else min(told[0], work.bound(state)),
        proven=done,
        bounded=int(state[LEAVES]),
        simulated=int(state[SIMULATED]),
    )


def _best_of_candidates(work: _Work) -> _Found:
    """Simulate plans in the order of their cycles with a memory that is faster."""
    result = _Found()
    greedy = work.greedy()
    state = np.zeros(STATE_FIELDS, dtype=np.int64)
    state[BEST_CYCLES] = UNREACHED - 1
    if greedy is not None:
        _try(work, result, greedy)
        state[BEST_CYCLES] = result.cycles
    limit = int(state[BEST_CYCLES])
    best = np.zeros(CUT_FIELDS, dtype=np.int64)
    candidates = np.empty((_CANDIDATES, 1 + CUT_FIELDS), dtype=np.int64)
    done = False
    while not done and not (work.is_late() and (result.plan or state[FOUND])):
        done = search(*work.tables, work.boxes, work.bounds, state, best, candidates, _WORK)
    # What was not looked at, and what there was no place for.
    rest = UNREACHED if done else work.bound(state)
    if state[BEST_CYCLES] < limit:
        rest = min(rest, int(state[BEST_CYCLES]) + 1)
    result.bounded = int(state[LEAVES])
    candidates = candidates[: state[FOUND]]
    for row in candidates[np.argsort(candidates[:, 0], kind="stable")]:
        if row[0] > result.cycles or (result.plan and work.is_late()):
            rest = min(rest, int(row[0]))
            break
        _try(work, result, work.plan(row[1:]))
    result.bound = min(result.cycles, rest)
    result.proven = rest > result.cycles
    return result


def _try(work: _Work, result: _Found, plan: Plan) -> None:
    cost = simulated_cost(work.layer, plan, work.accelerator)
    result.simulated += 1
    if cost < (result.cycles, result.octets):
        result.plan = plan
        result.cycles, result.octets = cost

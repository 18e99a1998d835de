"""Accelerators, layers and plans as the numbers that the compiled search takes."""

import importlib
from functools import lru_cache
from itertools import pairwise
from typing import cast

import numpy as np

from golden.accelerator.description import Accelerator, MemoryKind
from golden.accelerator.instructions import Requantize
from golden.contract import Jobs
from golden.discovery import find_modules
from golden.errors import UserError
from mapper.accelerator.streaming.exact.numbers import (
    COPY,
    CUT_FIELDS,
    GROUP,
    GROUPS_FIRST,
    GROUPS_LAST,
    GROUPS_SECOND,
    PIECE,
    Problem,
    Row,
    Table,
)
from mapper.accelerator.streaming.plan import Kept, Order, Places, Plan
from mapper.accelerator.streaming.regions import regions_of
from mapper.accelerator.streaming.space import tap_parts
from mapper.accelerator.streaming.sweep import Sweep
from sim.accelerator.fetch import Fetch
from sim.accelerator.vector import vector_cycles
from sim.contract import TimedEngine

__all__ = ["cut_of", "pace_of", "plan_of", "problem_of"]

_KEPT = {Kept.COPY: COPY, Kept.GROUP: GROUP, Kept.PIECE: PIECE}
_ORDERS = {
    Order.GROUPS_ROWS_COLUMNS: 2 * GROUPS_FIRST,
    Order.GROUPS_COLUMNS_ROWS: 2 * GROUPS_FIRST + 1,
    Order.ROWS_GROUPS_COLUMNS: 2 * GROUPS_SECOND,
    Order.COLUMNS_GROUPS_ROWS: 2 * GROUPS_SECOND + 1,
    Order.ROWS_COLUMNS_GROUPS: 2 * GROUPS_LAST,
    Order.COLUMNS_ROWS_GROUPS: 2 * GROUPS_LAST + 1,
}
_KEPT_BY_NUMBER = {number: kept for kept, number in _KEPT.items()}
_ORDER_BY_NUMBER = {number: order for order, number in _ORDERS.items()}


def problem_of(sweep: Sweep, accelerator: Accelerator) -> Problem:
    """A layer on an accelerator.

    With ``banked`` memory it is one with a fixed latency that is faster: with each row open, no
    refresh, and nothing else in its way.

    Raises
    ------
    UserError
        If a memory can not hold the least that a layer may need.
    """
    memory, lanes = accelerator.memory, accelerator.lanes
    ideal = memory.kind is MemoryKind.IDEAL
    latency = 1 if ideal else memory.latency_cycles
    column = memory.column_cycles if memory.kind is MemoryKind.BANKED else 0
    one = _scaling_cycles(accelerator, 1, 1)
    word = _scaling_cycles(accelerator, 1, 2) - one
    block = _scaling_cycles(accelerator, 2, 1) - one - word
    own = {
        "lanes": lanes,
        "bus": accelerator.bus_bytes,
        "block": accelerator.burst_beats * accelerator.bus_bytes,
        "room": accelerator.outstanding_reads,
        "latency": latency + column,
        "program_latency": latency,
        "first_start": Fetch(latency).ready() + 1,
        "interval": accelerator.interval,
        "outstanding": 0 if ideal else memory.outstanding,
        "queue_depth": accelerator.queue_depth,
        "shared_ports": int(accelerator.activation_banks == 1),
        "vector_fixed": one - block - word,
        "vector_block": block,
        "vector_word": word,
        "filter_blocks": -(-sweep.filters // lanes),
        "depth_blocks": -(-sweep.depth // lanes),
        **_words(accelerator),
    }
    given = {name: int(getattr(sweep, name)) for name in Problem._fields if name not in own}
    return Problem(**own, **given)


def _scaling_cycles(accelerator: Accelerator, blocks: int, pixels: int) -> int:
    return vector_cycles(accelerator, Requantize(out_width=pixels, blocks=blocks))


def _words(accelerator: Accelerator) -> dict[str, int]:
    """Of places."""
    one = regions_of(accelerator, Places(inputs=1, weights=1, parameters=1, sums=1))
    two = regions_of(accelerator)
    words = {"output_words": one.outputs.words}
    for kind in ("inputs", "weights", "parameters", "sums"):
        halved = getattr(two, kind)
        words[f"{kind[:-1]}_words"] = getattr(one, kind).words
        words[f"{kind[:-1]}_half"] = halved.words if len(halved.first) == 2 else 0
    return words


def cut_of(plan: Plan) -> Row:
    """A plan as a row of numbers, shape (CUT_FIELDS,)."""
    down, across = plan.taps[0]
    places = plan.places
    numbers = (
        plan.height,
        plan.width,
        plan.blocks,
        plan.piece,
        len(down),
        len(across),
        _ORDERS[plan.order],
        _KEPT[plan.kept],
        places.inputs,
        places.weights,
        places.parameters,
        places.sums,
    )
    assert len(numbers) == CUT_FIELDS
    return np.array(numbers, dtype=np.int64)


def plan_of(sweep: Sweep, lanes: int, cut: Row) -> Plan:
    """The opposite of `cut_of`."""
    height, width, blocks, piece, down, across, order, kept, *places = cut.tolist()
    inputs, weights, parameters, sums = places
    return Plan(
        sweep=sweep,
        lanes=lanes,
        height=height,
        width=width,
        blocks=blocks,
        piece=piece,
        taps=tap_parts(sweep, down, across),
        order=_ORDER_BY_NUMBER[order],
        kept=_KEPT_BY_NUMBER[kept],
        places=Places(inputs=inputs, weights=weights, parameters=parameters, sums=sums),
    )


def pace_of(sweep: Sweep, accelerator: Accelerator) -> Table:
    """The engine's own timing of the jobs of a layer, shape (6, pixels + 1).

    There is a column for each number of rows of a job. Depths are all lanes (0), or those of the
    last block of the depth (1). Rows are a job alone, of depth 0 and 1, and how much later a job
    ends than the one before it, of depths 0-0, 0-1, 1-0 and 1-1.

    Raises
    ------
    UserError
        If how much later a job ends than the one before depends on more than these two.
    """
    lanes = accelerator.lanes
    last_lanes = (sweep.filters if sweep.diagonal else sweep.depth) % lanes or lanes
    words = _words(accelerator)
    pixels = min(words["sum_words"], words["output_words"], sweep.out_height * sweep.out_width)
    # Tables of some sizes only, so that layers share them.
    return _pace(accelerator, last_lanes, 1 << pixels.bit_length())


@lru_cache(maxsize=64)
def _pace(accelerator: Accelerator, last_lanes: int, pixels: int) -> Table:
    module = importlib.import_module(find_modules()[accelerator.engine].sim)
    engine = cast(TimedEngine, module)
    depths = np.array([accelerator.lanes, last_lanes], dtype=np.int64)

    def cycles(m: int, *numbers: int) -> int:
        k = depths[list(numbers)]
        same = np.zeros_like(k)
        jobs = Jobs(
            m=same + m, n=same + accelerator.lanes, k=k, m0=same, n0=same, k0=np.cumsum(k) - k
        )
        return engine.timing_sequence(accelerator.params, jobs)

    table = np.zeros((6, pixels + 1), dtype=np.int64)
    for m in range(1, pixels + 1):
        for before in range(2):
            alone = table[before, m] = cycles(m, before)
            for after in range(2):
                table[2 + 2 * before + after, m] = cycles(m, before, after) - alone
    for m in {1, min(accelerator.lanes, pixels), pixels}:
        numbers = (0, 0, 1, 1, 0, 1, 0)
        steps = sum(table[2 + 2 * before + after, m] for before, after in pairwise(numbers))
        if cycles(m, *numbers) != table[0, m] + steps:
            raise UserError(
                f"no mapping can be proven best for engine {accelerator.engine!r}: how long its"
                " jobs take depends on more than the job before"
            )
    return table

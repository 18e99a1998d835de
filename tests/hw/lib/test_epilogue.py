"""The group epilogue against its golden arithmetic, with and without stops on every stream."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator

from golden.epilogue import Epilogue
from golden.formats import FP32, FloatFormat, IntFormat
from hw.lib.epilogue import GroupEpilogue, latency
from tests.support.pysim import CLOCK_PERIOD

ROWS, LANES = 3, 2
KINDS = {
    "float": Epilogue(sums=IntFormat(12), scale=FP32, result=FP32),
    "float, zero points": Epilogue(
        sums=IntFormat(12), scale=FP32, result=FP32, zero_point=IntFormat(4), row_sums=IntFormat(9)
    ),
    "fixed": Epilogue(sums=IntFormat(12), scale=IntFormat(5, signed=False), result=IntFormat(14)),
    "fixed, zero points": Epilogue(
        sums=IntFormat(12, signed=False),
        scale=IntFormat(5, signed=False),
        result=IntFormat(30, signed=False),
        zero_point=IntFormat(4, signed=False),
        row_sums=IntFormat(9, signed=False),
    ),
    "small float": Epilogue(sums=IntFormat(6), scale=FloatFormat(4, 3), result=FloatFormat(4, 3)),
}
SHAPES = [(1, 1), (1, 3), (3, 1), (2, 4), (3, 3), (1, 5), (3, 2)]
"""Rows and groups of tiles, one after the other."""


@dataclass
class Traffic:
    """Beats of every stream, and what must leave."""

    i: list[dict[str, Any]] = field(default_factory=list)
    scales: list[list[int]] = field(default_factory=list)
    zero_points: list[list[int]] = field(default_factory=list)
    o: list[list[int]] = field(default_factory=list)


def traffic(kind: Epilogue, rng: np.random.Generator) -> Traffic:
    made = Traffic()
    for rows, groups in SHAPES:
        sums = kind.sums.decode(kind.sums.draw(rng, (groups, rows, LANES))).astype(np.int64)
        scales = kind.scale.draw(rng, (groups, LANES))
        if kind.scale == FP32:
            near = FP32.encode(rng.normal(size=(groups, LANES)))
            scales = np.where(rng.random(scales.shape) < 0.9, near, scales)
        points = row_sums = None
        if kind.zero_point is not None and kind.row_sums is not None:
            points = kind.zero_point.decode(kind.zero_point.draw(rng, (groups, LANES)))
            row_sums = kind.row_sums.decode(kind.row_sums.draw(rng, (groups, rows)))
            made.zero_points += points.tolist()
        for group in range(groups):
            for row in range(rows):
                side = {} if row_sums is None else {"row_sum": int(row_sums[group, row])}
                made.i.append(
                    {
                        "sums": sums[group, row].tolist(),
                        **side,
                        "first": group == 0,
                        "last": group == groups - 1,
                        "end": row == rows - 1,
                    }
                )
        made.scales += scales.tolist()
        made.o += kind.apply(sums, scales, zero_points=points, row_sums=row_sums).tolist()
    return made


def play(unit: GroupEpilogue, made: Traffic, pause: float) -> tuple[list[list[int]], list[int]]:
    """What leaves, and in which cycles; rows enter from cycle 0 on."""
    random = Random(1)
    sources = {name: list(getattr(made, name)) for name in ("i", "scales", "zero_points")}
    found: list[list[int]] = []
    when: list[int] = []
    lane_bits = len(Value.cast(unit.o.payload)) // LANES

    async def bench(ctx: Any) -> None:
        offered = dict.fromkeys(sources, False)
        cycle, held = 0, None
        while len(found) < len(made.o):
            for name, waiting in sources.items():
                if not hasattr(unit, name):
                    continue
                stream = getattr(unit, name)
                fresh = bool(waiting) and random.random() >= pause
                offered[name] = offered[name] or fresh
                ctx.set(stream.valid, offered[name])
                if offered[name]:
                    ctx.set(stream.payload, waiting[0])
                else:
                    bits = Value.cast(stream.payload)
                    ctx.set(bits, random.getrandbits(len(bits)))
            ready = random.random() >= pause
            ctx.set(unit.o.ready, ready)
            valid = ctx.get(unit.o.valid)
            payload = [ctx.get(Value.cast(unit.o.payload[lane])) for lane in range(LANES)]
            payload = [code % (1 << lane_bits) for code in payload]
            assert held is None or (valid, payload) == (1, held)
            held = payload if valid and not ready else None
            if valid and ready:
                found.append(payload)
                when.append(cycle)
            for name, waiting in sources.items():
                if offered[name] and ctx.get(getattr(unit, name).ready):
                    waiting.pop(0)
                    offered[name] = False
            cycle += 1
            assert cycle < 2000
            await ctx.tick()

    simulator = Simulator(unit)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()
    assert not any(sources.values())
    return found, when


@pytest.mark.parametrize("pause", [0.0, 0.5])
@pytest.mark.parametrize("name", KINDS)
def test_results_are_those_of_the_golden_arithmetic(name: str, pause: float) -> None:
    kind = KINDS[name]
    made = traffic(kind, np.random.default_rng(0))
    found, when = play(GroupEpilogue(kind, LANES, ROWS), made, pause)
    assert found == made.o
    if not pause:
        # Rows enter one a cycle; results leave with those of last groups.
        enter = [cycle for cycle, row in enumerate(made.i) if row["last"]]
        assert when == [cycle + latency(kind) for cycle in enter]


def test_latencies() -> None:
    assert {name: latency(kind) for name, kind in KINDS.items()} == {
        "float": 4,
        "float, zero points": 4,
        "fixed": 3,
        "fixed, zero points": 3,
        "small float": 4,
    }

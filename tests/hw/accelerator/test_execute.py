"""The execute unit against the interpreter and the timing, beat by beat of its memories."""

import re
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest

from golden.accelerator.description import Accelerator
from golden.accelerator.encoding import encode_instruction
from golden.accelerator.instructions import Gemm
from golden.accelerator.interpreter import Machine, MemorySizes
from golden.engines.systolic import Params
from hw.accelerator.execute import ExecuteUnit
from hw.emit import emit_verilog
from hw.engines.systolic import Engine
from tests.golden.accelerator.small import copied, filled, random_gemm
from tests.hw.accelerator.execute_bench import Bench, Ran, Touched, check, simulate
from tests.support.verilog import modules

SIZES = MemorySizes(activations=200, weights=150, parameters=30, accumulators=300)

TINY = Gemm(source=3, weights=7, target=5, last_lanes=1)
WINDOWS = Gemm(
    source=9,
    row_words=20,
    pixel_words=4,
    height=4,
    width=5,
    origin_y=-2,
    origin_x=-3,
    stride_y=2,
    stride_x=3,
    dilation_y=3,
    dilation_x=2,
    out_height=3,
    out_width=4,
    taps_y=2,
    taps_x=3,
    blocks_k=3,
    last_lanes=2,
    blocks_n=2,
    target=17,
    pad_value=-77,
)
CORNERS = {
    "a single product": TINY,
    "a single product added": Gemm(**{**vars(TINY), "accumulate": 1}),
    "one accumulator again and again": Gemm(
        height=3, width=3, row_words=3, pixel_words=1, taps_y=3, taps_x=3, last_lanes=1
    ),
    "the same, a block after the other": Gemm(
        taps_x=5, width=5, pixel_words=1, blocks_n=3, last_lanes=4, accumulate=1
    ),
    "two accumulators in turn": Gemm(
        out_width=2, width=9, pixel_words=1, taps_x=4, last_lanes=1, accumulate=1
    ),
    "padding on all sides": WINDOWS,
    "padding alone": Gemm(origin_y=-9, out_width=3, blocks_k=2, last_lanes=3, pad_value=5),
    "padding alone, beyond": Gemm(origin_x=4, width=4, taps_x=2, last_lanes=4, pad_value=-128),
    "many pixels": Gemm(
        width=50, height=2, row_words=50, pixel_words=1, out_height=2, out_width=31, last_lanes=4
    ),
    "one channel each": Gemm(
        row_words=9,
        pixel_words=3,
        height=3,
        width=3,
        origin_y=-1,
        origin_x=-1,
        out_height=3,
        out_width=3,
        taps_y=3,
        taps_x=3,
        blocks_n=3,
        last_lanes=3,
        diagonal=1,
        pad_value=11,
    ),
    "one channel each, one pixel": Gemm(
        taps_x=3, width=3, pixel_words=2, blocks_n=2, last_lanes=1, diagonal=1, accumulate=1
    ),
    "far steps": Gemm(
        height=4096,
        width=4096,
        row_words=65535,
        pixel_words=255,
        origin_y=-4096,
        origin_x=-4096,
        stride_y=16,
        stride_x=16,
        dilation_y=16,
        dilation_x=16,
        taps_y=2,
        taps_x=2,
        out_width=5,
        last_lanes=2,
        source=30,
    ),
    "the input's first pixel, from far": Gemm(
        row_words=65535,
        pixel_words=255,
        origin_y=-16,
        origin_x=-4096,
        dilation_y=16,
        taps_y=2,
        stride_x=16,
        out_width=257,
        source=30,
        last_lanes=4,
    ),
}


@cache
def described(lanes: int, pe_pipeline: bool) -> Accelerator:
    params = Params(rows=lanes, cols=lanes, pe_pipeline=pe_pipeline)
    return Accelerator(name="test", engine="systolic", params=params)


def built(accelerator: Accelerator) -> ExecuteUnit:
    return ExecuteUnit(accelerator, Engine(accelerator.params))


def run(
    accelerator: Accelerator, gemms: Sequence[Gemm], machine: Machine, *, pause: float
) -> list[Ran]:
    """Run instructions one after the other; each does what it should in the cycles it should."""
    unit = built(accelerator)
    expected = copied(machine)
    bench = Bench(unit, machine, Random(1))

    async def testbench(ctx: Any, reset: Any) -> None:
        await bench.play(ctx, gemms, pause)

    simulate(unit, testbench)
    for gemm, ran in zip(gemms, bench.ran, strict=True):
        check(ran, gemm, expected, accelerator)
    return bench.ran


@pytest.mark.parametrize(("lanes", "pe_pipeline"), [(4, False), (4, True), (8, False)])
def test_random_instructions(lanes: int, pe_pipeline: bool) -> None:
    rng = np.random.default_rng(lanes + pe_pipeline)
    gemms = [random_gemm(rng, lanes) for _ in range(160 // lanes)]
    run(described(lanes, pe_pipeline), gemms, filled(rng, lanes), pause=0.5)


def test_corners_back_to_back() -> None:
    rng = np.random.default_rng(5)
    run(described(4, False), [*CORNERS.values()], filled(rng, 4, sizes=SIZES), pause=0.0)


def test_coordinates_do_not_wrap() -> None:
    # The last pixel is 2 ** 16 columns away from the input.
    gemm = Gemm(origin_x=16, stride_x=16, out_width=4096, pad_value=3)
    machine = filled(
        np.random.default_rng(10),
        4,
        sizes=MemorySizes(activations=1, weights=1, parameters=30, accumulators=4096),
    )
    run(described(4, False), [gemm], machine, pause=0.0)


def test_the_engine_never_waits() -> None:
    accelerator = described(4, True)
    engine = Engine(accelerator.params)
    unit = ExecuteUnit(accelerator, engine)
    bench = Bench(unit, filled(np.random.default_rng(9), 4, sizes=SIZES), Random(4))
    inputs = (engine.job, engine.activations, engine.weights)

    async def testbench(ctx: Any, reset: Any) -> None:
        for gemm in CORNERS.values():
            offered: list[list[int]] = []

            def watch(ctx: Any, offered: list[list[int]] = offered) -> None:
                offered.append([ctx.get(port.valid) for port in inputs])
                assert ctx.get(engine.results.ready)

            bench.watch = watch
            await bench.play(ctx, [gemm], 0.0)
            for valid in np.transpose(offered):
                # From the fourth cycle after the start on, without a gap.
                assert np.flatnonzero(valid).tolist() == [*range(4, 4 + valid.sum())], gemm

    simulate(unit, testbench)


def test_a_word_is_read_once_a_beat() -> None:
    rng = np.random.default_rng(6)
    (ran,) = run(described(4, False), [WINDOWS], filled(rng, 4, sizes=SIZES), pause=0.0)
    tiles = [[3, 2, 1, 0], [7, 6, 5, 4], [9, 8]]
    words = [word + 10 * tap for tap in range(2 * 6) for tile in tiles for word in tile]
    assert ran.touched.reads["weights"] == words
    assert len(ran.touched.writes) == 2 * 6 * 3 * 12


@pytest.mark.parametrize("extreme", [-(2**31), 2**31 - 1])
def test_sums_wrap(extreme: int) -> None:
    machine = filled(np.random.default_rng(7), 4, sizes=SIZES)
    machine.accumulators[:] = extreme
    machine.weights[:] = -128
    machine.activations[:] = -128 if extreme > 0 else 127
    again = Gemm(**{**vars(WINDOWS), "pad_value": 127, "accumulate": 1})
    ran = run(described(4, False), [again, again], machine, pause=0.0)[-1]
    assert np.all(ran.machine.accumulators[WINDOWS.target : WINDOWS.target + 24] != extreme)
    assert np.any(np.sign(ran.machine.accumulators) != np.sign(extreme))


def test_nothing_of_an_instruction_is_left_after_a_reset() -> None:
    accelerator = described(4, False)
    unit = built(accelerator)
    bench = Bench(unit, filled(np.random.default_rng(8), 4, sizes=SIZES), Random(3))
    code = int.from_bytes(encode_instruction(WINDOWS), "little")

    async def testbench(ctx: Any, reset: Any) -> None:
        for cycles in (1, 2, 3, 4, 5, 9, 20, 40, 41, 42, 100):
            bench.taken_by, bench.touched = 0, Touched()
            ctx.set(unit.start.valid, 1)
            ctx.set(unit.start.payload, code)
            await bench.cycle(ctx, 0)
            ctx.set(unit.start.valid, 0)
            for cycle in range(1, cycles):
                await bench.cycle(ctx, cycle)
            ctx.set(reset, 1)
            await bench.cycle(ctx, cycles)
            ctx.set(reset, 0)
            bench.taken_by = None
            expected = copied(bench.machine)
            gemm = CORNERS["a single product added"]
            await bench.play(ctx, [gemm], 0.5)
            check(bench.ran[-1], gemm, expected, accelerator)

    simulate(unit, testbench)


def test_verilog() -> None:
    texts = modules(emit_verilog(built(described(4, False)), "execute"))
    assert "execute" in texts
    for port in ("start__payload", "done", "activations__data", "sums_write__address"):
        assert re.search(rf"^ *(input|output)\b[^;]*\b{port};", texts["execute"], re.MULTILINE)

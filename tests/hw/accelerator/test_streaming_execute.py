"""The execute unit of engines through which operands stream, beat by beat of its memories."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from random import Random
from typing import Any

import numpy as np
import pytest

from golden.accelerator.description import Accelerator
from golden.accelerator.encoding import encode_instruction
from golden.accelerator.instructions import Gemm
from golden.accelerator.interpreter import Machine
from golden.accelerator.machine import machine_of
from golden.discovery import find_modules
from golden.engines import add, ternary
from hw.accelerator.execute.streaming import StreamingExecuteUnit
from tests.golden.accelerator.small import copied
from tests.golden.accelerator.streaming import ENGINES, accelerator, random_gemm_for
from tests.hw.accelerator.execute_bench import Bench, Ran, Touched, check, simulate
from tests.hw.accelerator.test_execute import CORNERS, WINDOWS


def built(design: Accelerator) -> StreamingExecuteUnit:
    hw = import_module(find_modules()[design.engine].hw)
    return StreamingExecuteUnit(design.feeding, hw.Engine(design.params))


def filled(rng: np.random.Generator, design: Accelerator) -> Machine:
    """A machine with random numbers everywhere."""
    design = replace(design, accumulator_bytes=1024 * 4 * design.lanes)
    machine = machine_of(design, np.zeros(16, dtype=np.uint8), (0, 0, 0, 0))
    machine.activations[:] = rng.integers(-128, 128, machine.activations.shape)
    machine.accumulators[:] = rng.integers(-(2**31), 2**31, machine.accumulators.shape)
    machine.weights[:] = rng.integers(-128, 128, machine.weights.shape)
    return machine


def run(design: Accelerator, gemms: Sequence[Gemm], machine: Machine, *, pause: float) -> list[Ran]:
    """Run instructions one after the other; each does what it should in the cycles it should."""
    unit = built(design)
    expected = copied(machine)
    bench = Bench(unit, machine, Random(1))

    async def testbench(ctx: Any, reset: Any) -> None:
        await bench.play(ctx, gemms, pause)

    simulate(unit, testbench)
    for gemm, ran in zip(gemms, bench.ran, strict=True):
        check(ran, gemm, expected, design)
    return bench.ran


@pytest.mark.parametrize("given", ENGINES.values(), ids=ENGINES)
def test_random_instructions(given: Any) -> None:
    rng = np.random.default_rng(11)
    design = accelerator(*given)
    gemms = [random_gemm_for(rng, design) for _ in range(10)]
    run(design, gemms, filled(rng, design), pause=0.5)


def corners(design: Accelerator) -> list[Gemm]:
    """Those of the other unit that fit; with each width of weights in turn."""
    feeding = design.feeding
    fitting = [
        gemm
        for gemm in CORNERS.values()
        if gemm.taps_y * gemm.taps_x * gemm.blocks_k <= feeding.most_blocks
    ]
    return [
        replace(
            gemm,
            weights=gemm.weights // feeding.alignment * feeding.alignment,
            weight_bits=feeding.weight_bits[number % len(feeding.weight_bits)],
        )
        for number, gemm in enumerate(fitting)
    ]


@pytest.mark.parametrize("name", ["add", "bitplane, planes in space"])
def test_corners_back_to_back(name: str) -> None:
    design = accelerator(*ENGINES[name])
    gemms = corners(design)
    assert len(gemms) >= 11
    run(design, gemms, filled(np.random.default_rng(5), design), pause=0.0)


@pytest.mark.parametrize("bits", [1, 3, 5])
def test_the_engine_never_waits(bits: int) -> None:
    # As many rows as can be fetched; the last job has fewer.
    design = accelerator("add", add.Params(m=4, n=4, k=4, k_max=96))
    machine = filled(np.random.default_rng(9), design)
    gemm = replace(WINDOWS, weight_bits=bits, out_width=5)
    unit = built(design)
    engine = unit._engine
    bench = Bench(unit, machine, Random(4))
    rows = min(4, bits)
    taken: list[bool] = []

    def watch(ctx: Any) -> None:
        assert ctx.get(engine.results.ready)
        wanted = ctx.get(engine.weights.ready)
        assert ctx.get(engine.weights.valid) or not wanted or not taken or len(taken) == beats
        if ctx.get(engine.weights.valid) and wanted:
            taken.append(True)

    jobs = -(-15 // rows) * 2
    beats = jobs * 2 * 3 * 3 * bits
    bench.watch = watch

    async def testbench(ctx: Any, reset: Any) -> None:
        await bench.play(ctx, [gemm], 0.0)

    simulate(unit, testbench)
    assert len(taken) == beats
    # A beat a cycle, and around them what the first rows, the tree and the last rows take.
    last = 15 % rows or rows
    assert bench.ran[0].cycles == 4 + rows + beats + design.params.stages + last


def test_weights_are_read_again_for_every_job() -> None:
    design = accelerator("ternary", ternary.Params(m=1, n=8, k=8, k_max=64))
    gemm = Gemm(weights=6, out_width=3, width=3, pixel_words=1, blocks_n=2, last_lanes=5, taps_x=2)
    (ran,) = run(design, [gemm], filled(np.random.default_rng(2), design), pause=0.0)
    assert ran.touched.reads["weights"] == [*[3, 4] * 3, *[5, 6] * 3]


def test_nothing_of_an_instruction_is_left_after_a_reset() -> None:
    design = accelerator("add", add.Params(m=3, n=4, k=4, k_max=96))
    unit = built(design)
    bench = Bench(unit, filled(np.random.default_rng(8), design), Random(3))
    code = int.from_bytes(encode_instruction(replace(WINDOWS, weight_bits=3)), "little")

    async def testbench(ctx: Any, reset: Any) -> None:
        for cycles in (1, 2, 3, 4, 5, 6, 9, 20, 40, 41, 42, 100):
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
            gemm = Gemm(out_width=2, width=2, pixel_words=1, last_lanes=3, weight_bits=2)
            await bench.play(ctx, [gemm], 0.5)
            check(bench.ran[-1], gemm, expected, design)

    simulate(unit, testbench)

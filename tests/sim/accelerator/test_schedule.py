import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator.description import Memory, MemoryKind
from golden.accelerator.instructions import Gemm, Load, Units
from golden.accelerator.registers import Counter
from golden.errors import UserError
from sim.accelerator.simulation import simulate
from sim.accelerator.steps import Layer
from tests.sim.accelerator.programs import (
    Told,
    accelerator,
    lasting,
    random_program,
    random_step,
    tokens_for_buffers,
)
from tests.sim.accelerator.stepper import Fixed, run

SEEDS = st.integers(0, 2**32 - 1)


def machine(latency, depth):
    return accelerator(
        queue_depth=depth,
        memory=Memory(
            kind=MemoryKind.IDEAL if latency == 1 else MemoryKind.FIXED, latency_cycles=latency
        ),
    )


def stepped(program, latency, depth):
    """Counters, cycle by cycle."""
    outcome = run(
        program,
        lambda instruction, cycle: Fixed(cycle + Told.cycles(instruction) - 1),
        latency=latency,
        depth=depth,
    )
    counters = {
        Counter.CYCLES: outcome.cycles,
        Counter.PROGRAM_BYTES: outcome.program_bytes,
        Counter.READ_BYTES: sum(isinstance(instruction, Load) for instruction in program),
        Counter.WRITTEN_BYTES: 0,
    }
    for name, unit in zip(("LOAD", "EXECUTE", "STORE"), outcome.units, strict=True):
        counters[Counter[f"{name}_BUSY"]] = unit.busy
        counters[Counter[f"{name}_STALLED"]] = unit.stalled
        counters[Counter[f"{name}_INSTRUCTIONS"]] = unit.taken
    return counters


def counted(nodes, latency, depth, **options):
    return simulate(
        machine(latency, depth), [Layer(name="all", body=nodes)], costs=Told(), **options
    ).counters


@settings(max_examples=60, deadline=None)
@given(
    seed=SEEDS,
    length=st.integers(0, 60),
    most=st.sampled_from([1, 4, 60]),
    latency=st.sampled_from([1, 2, 7, 50]),
    depth=st.sampled_from([2, 4, 8]),
)
def test_programs_take_what_they_take_cycle_by_cycle(seed, length, most, latency, depth):
    program = random_program(np.random.default_rng(seed), length, most)
    assert counted(program, latency, depth) == stepped(program, latency, depth)


@settings(max_examples=60, deadline=None)
@given(
    seed=SEEDS,
    length=st.integers(1, 60),
    latency=st.sampled_from([1, 20]),
    depth=st.sampled_from([2, 8]),
)
def test_buffers_are_tokens_for_the_same_dependencies(seed, length, latency, depth):
    rng = np.random.default_rng(seed)
    steps = [random_step(rng, 40, "abcd") for _ in range(length)]
    program = tokens_for_buffers(steps)
    expected = stepped(program, latency, depth)
    assert counted(steps, latency, depth) == expected
    assert counted(program, latency, depth) == expected


def test_by_hand() -> None:
    program = [
        lasting(Load, 10, signal=Units.EXECUTE),
        lasting(Gemm, 5, wait=Units.LOAD),
    ]
    counters = counted(program, 1, 8)
    # Asked for in 0; the header comes in 1, the load in 2; dispatched in 3, begun in 4, ended in
    # 13; the product is there in 5, begins in 14 and ends in 18; that is seen in 19.
    assert counters[Counter.CYCLES] == 20
    assert counters[Counter.EXECUTE_STALLED] == 14 - 5
    assert counters[Counter.PROGRAM_BYTES] == 8 * 32


def test_a_token_that_nobody_gives() -> None:
    with pytest.raises(UserError, match="waits for a token that none before it gives"):
        counted([lasting(Gemm, 1, wait=Units.LOAD)], 1, 8)

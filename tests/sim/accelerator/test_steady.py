import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator.description import Memory
from golden.accelerator.instructions import Gemm, Load, Requantize, Store, Units
from sim.accelerator.compilation import Activity
from sim.accelerator.simulation import simulate
from sim.accelerator.steps import Layer, Loop, Step
from tests.sim.accelerator.programs import (
    Told,
    accelerator,
    flat,
    lasting,
    random_instruction,
    random_nest,
    with_random_tokens,
)

SEEDS = st.integers(0, 2**32 - 1)


def both(layers, latency=20, depth=8):
    """With and without steps left out."""
    machine = accelerator(queue_depth=depth, memory=Memory(latency_cycles=latency))
    quick = simulate(machine, layers, costs=Told())
    slow = simulate(machine, layers, costs=Told(), steady=False)
    assert quick.counters == slow.counters
    assert quick.layers == slow.layers
    assert slow.jumps == 0
    return quick, slow


def tile(load=100, gemm=120, store=30):
    """A double-buffered tile, twice."""
    steps = []
    for half in "01":
        steps += [
            Step(instruction=lasting(Load, load), writes=(f"a{half}",)),
            Step(instruction=lasting(Gemm, gemm), reads=(f"a{half}",), writes=(f"s{half}",)),
            Step(instruction=lasting(Requantize, store), reads=(f"s{half}",), writes=(f"o{half}",)),
            Step(instruction=lasting(Store, store), reads=(f"o{half}",)),
        ]
    return tuple(steps)


@settings(max_examples=40, deadline=None)
@given(
    seed=SEEDS,
    latency=st.sampled_from([1, 20, 60]),
    depth=st.sampled_from([2, 8]),
    most=st.sampled_from([3, 60]),
)
def test_random_nests(seed, latency, depth, most):
    rng = np.random.default_rng(seed)
    layers = [
        Layer(name=str(number), body=random_nest(rng, 2, (1, 40), most=most)) for number in range(3)
    ]
    both(layers, latency, depth)


def test_nests_are_skipped_nearly_always() -> None:
    skipped = large = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        body = (*random_nest(rng, 1, (10, 60)), *random_nest(rng, 0, (1, 2)))
        count = max(1, 6000 // len(list(flat(body))))
        quick, slow = both([Layer(name="nest", body=[Loop(count, body)])])
        large += slow.stepped > 3000
        skipped += quick.jumps > 0 and quick.stepped < slow.stepped / 2
    assert large == 12
    assert skipped >= 11


def test_cost_does_not_grow_with_counts() -> None:
    machine = accelerator()
    inner = Loop(10**6, tile())
    layers = [Layer(name="deep", body=[Loop(10**6, (inner, *tile(5, 6, 7)))])] * 3
    began = time.perf_counter()
    result = simulate(machine, layers, costs=Told())
    assert time.perf_counter() - began < 5
    assert result.stepped < 5000
    assert sum(layer.instructions for layer in result.layers) == 3 * 10**6 * (8 * 10**6 + 8)
    # The engine is never without work for long.
    assert 0.999 < 3 * 2 * 10**12 * 120 / result.cycles < 1


@pytest.mark.parametrize("period", [1, 3, 11, 40])
@pytest.mark.parametrize("drained", [False, True])
def test_lists_that_repeat_are_skipped(period: int, drained: bool) -> None:
    rng = np.random.default_rng(period)
    body = [random_instruction(rng, 40) for _ in range(period)]
    if drained:
        body = with_random_tokens(rng, body, drained=True)
    before = [random_instruction(rng, 9) for _ in range(7)]
    times = 40 + 160 // period
    program = [*before, *body * times, *before, *body * times]
    quick, slow = both([Layer(name="list", body=program)])
    assert slow.stepped == len(program)
    assert quick.jumps >= 2
    assert quick.stepped < 0.6 * slow.stepped


def test_tiles_of_a_program_with_tokens_are_skipped() -> None:
    program = [lasting(Load, 70, signal=Units.EXECUTE) for _ in range(2)]
    for _ in range(300):
        program += [
            lasting(Gemm, 90, wait=Units.LOAD, signal=Units.LOAD | Units.STORE),
            lasting(Requantize, 20, wait=Units.EXECUTE),
            lasting(Load, 70, wait=Units.EXECUTE, signal=Units.EXECUTE),
            lasting(Store, 33),
        ]
    quick, slow = both([Layer(name="tiles", body=program)])
    assert quick.stepped < 0.2 * slow.stepped


def test_layers_overlap() -> None:
    layers = [
        Layer(name="one", body=[Loop(30, tile())]),
        Layer(name="two", body=[lasting(Load, 500), lasting(Load, 1)]),
        Layer(name="three", body=[Loop(30, tile())]),
    ]
    quick, _ = both(layers)
    # What was loaded early counts where it was loaded.
    assert sum(layer.cycles for layer in quick.layers) == quick.layers[-1].end + 1
    assert sum(sum(layer.busy.values()) for layer in quick.layers) == 2 * 60 * 280 + 501


def test_equal_layers_overlap() -> None:
    layers = [Layer(name=str(number), body=[Loop(40, tile(60, 100, 90))]) for number in range(4)]
    quick, _ = both(layers)
    assert quick.layers[1].cycles == quick.layers[2].cycles
    assert quick.layers[2].busy[Activity.EXECUTE] == 80 * 100


def test_speed() -> None:
    rng = np.random.default_rng(1)
    program = with_random_tokens(rng, [random_instruction(rng, 40) for _ in range(20_000)])
    began = time.process_time()
    simulate(accelerator(), [Layer(name="list", body=program)], costs=Told())
    assert (time.process_time() - began) / len(program) < 50e-6

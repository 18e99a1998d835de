"""Layers that are known by their shapes, as programs on the Verilog."""

import numpy as np
import pytest

from golden.accelerator.encoding import Program, encode_program
from golden.accelerator.registers import Counter, ErrorCode
from hw.accelerator.bench.runs import LOCAL_MEMORIES, run_program
from mapper.accelerator.streaming.mapping import best_mapping
from mapper.accelerator.streaming.workload import streamed
from tests.accelerator import programs
from tests.mapper.accelerator import operators
from tests.mapper.accelerator.streamed import (
    NETWORKS,
    Numbers,
    cost,
    machine_after,
    network_layers,
    placed,
    random_layer,
)
from tilewright.accelerator import find_accelerator
from tilewright.harness import built_harness

LIMIT_CYCLES = 20_000_000


def differences(play, accelerator, shape, rng, plan=None):
    """What of a layer is not the same on the Verilog, in interpreter and in simulator."""
    layers = streamed([shape], accelerator, None if plan is None else [plan])
    tree, program = cost(accelerator, layers)
    numbers = Numbers(layers[0], shape, rng)
    dram, bases = placed(program, numbers)
    octets = encode_program(Program(instructions=program.instructions, target=accelerator.target))
    begin = -(-dram.size // 256) * 256
    memory = np.zeros(begin + len(octets), dtype=np.uint8)
    memory[: dram.size] = dram
    memory[begin:] = np.frombuffer(octets, dtype=np.uint8)
    machine = machine_after(accelerator, program, memory, bases)
    outcome = run_program(
        play, accelerator, memory, program=begin, bases=bases, limit_cycles=LIMIT_CYCLES, local=True
    )
    found = [] if outcome.error is ErrorCode.NONE else [outcome.error.name]
    found += [
        name
        for name in LOCAL_MEMORIES
        if not np.array_equal(outcome.local[name], getattr(machine, name))
    ]
    if not np.array_equal(outcome.dram, machine.dram):
        found.append("dram")
    if not np.array_equal(numbers.results(outcome.dram[bases[2] : begin]), numbers.expected):
        found.append("results")
    found += [
        f"{counter.name}: {outcome.counters[counter]}, simulated {tree.counters[counter]}"
        for counter in Counter
        if outcome.counters[counter] != tree.counters[counter]
    ]
    if outcome.cycles != tree.cycles:
        found.append(f"{outcome.cycles} cycles, simulated {tree.cycles}")
    return found


def random_differences(play, seed, memory):
    rng = np.random.default_rng(seed)
    return differences(play, programs.accelerator(memory), random_layer(rng), rng)


@pytest.mark.parametrize("memory", programs.MEMORIES)
@pytest.mark.parametrize("seed", range(3))
def test_layers(play, seed, memory):
    assert not random_differences(play, seed, memory)


def planned_differences(play, seed, memory):
    """Of the best plan of a layer, and of any plan."""
    rng = np.random.default_rng(seed)
    accelerator = programs.accelerator(memory)
    shape = random_layer(rng, most=10)
    best = best_mapping(shape, accelerator, time_limit=5)
    other = operators.Numbers(shape, accelerator).random_plan(rng)
    found = differences(play, accelerator, shape, rng, best.plan)
    return found + differences(play, accelerator, shape, rng, other), (best.plan, other)


@pytest.mark.parametrize("memory", ["ideal", "fixed"])
def test_best_plans_and_others(play, memory):
    places = set()
    for seed in range(4):
        found, plans = planned_differences(play, seed, memory)
        assert not found, seed
        places.update(plan.places.inputs for plan in plans if plan is not None)
    assert places == {1, 2}


@pytest.mark.slow
@pytest.mark.parametrize("memory", programs.MEMORIES)
def test_fifty_best_plans_and_others(play, memory):
    wrong = {seed: planned_differences(play, seed, memory)[0] for seed in range(50)}
    assert not {seed: found for seed, found in wrong.items() if found}


@pytest.mark.slow
@pytest.mark.parametrize("memory", programs.MEMORIES)
def test_fifty_layers(play, memory):
    wrong = {seed: random_differences(play, seed, memory) for seed in range(50)}
    assert not {seed: found for seed, found in wrong.items() if found}


@pytest.mark.slow
@pytest.mark.parametrize(("network", "name"), NETWORKS.items())
def test_all_layers_of_networks(cache, reference_data, network, name):
    accelerator = find_accelerator(name)
    play = built_harness(accelerator, cache=cache)
    shapes = network_layers(network, reference_data)
    rng = np.random.default_rng(0)
    wrong = {shape.name: differences(play, accelerator, shape, rng) for shape in shapes}
    assert not {layer: found for layer, found in wrong.items() if found}

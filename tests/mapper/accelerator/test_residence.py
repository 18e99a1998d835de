"""Schedules of lowered networks: legal, and with the bytes that cross the bus, tensor by tensor."""

from collections import Counter

import numpy as np
import pytest

from golden.accelerator.instructions import Load, LocalMemory, Store
from golden.accelerator.registers import Counter as Counts
from golden.operators import Add
from mapper.accelerator.lowered import CONSTANTS
from mapper.accelerator.lowering import lower
from mapper.accelerator.mapping import Mapper
from mapper.accelerator.programs import program_layers, region_bases
from mapper.scheduling.checker import check
from mapper.scheduling.schedule import traffic
from mapper.status import Status
from sim.accelerator.load import load_beats
from sim.accelerator.simulation import simulate
from sim.accelerator.store import store_beats
from tests.mapper.accelerator.fitting import drawn_to_fit
from tests.mapper.accelerator.machines import accelerator
from tests.mapper.accelerator.networks import Builder


def counted(lowered):
    """Bytes by base register and direction, from the beats of each instruction."""
    octets = Counter()
    target = lowered.accelerator
    for entry in lowered.program.instructions:
        if isinstance(entry, Load):
            base = CONSTANTS if entry.memory is not LocalMemory.ACTIVATIONS else entry.base
            octets[base, "read"] += load_beats(target, entry) * target.bus_bytes
        elif isinstance(entry, Store):
            octets[entry.base, "written"] += store_beats(target, entry) * target.bus_bytes
    return octets


def agrees(lowered):
    """The schedule against the checker, the instructions and the simulator."""
    residence, mapping = lowered.residence, lowered.mapping
    assert check(residence.graph, residence.schedule) is None
    octets = counted(lowered)
    moved = traffic(residence.graph, residence.schedule)
    assert residence.constant_bytes == octets[CONSTANTS, "read"]
    assert moved.spilled_bytes + moved.output_bytes == sum(
        count for (_, way), count in octets.items() if way == "written"
    )
    assert moved.weight_bytes + moved.retrieved_bytes == sum(
        count for (base, way), count in octets.items() if way == "read" and base != CONSTANTS
    )
    counters = simulate(
        lowered.accelerator, program_layers(lowered), bases=region_bases(lowered)
    ).counters
    total = counters[Counts.READ_BYTES] + counters[Counts.WRITTEN_BYTES]
    assert mapping.total_bytes == mapping.compulsory_bytes + mapping.objective_bytes == total
    for share in mapping.shares:
        parts = (share.resident_bytes, share.tile_bytes, share.free_bytes)
        assert min(parts) >= 0
        assert sum(parts) == mapping.capacity_bytes
    assert mapping.peak_bytes == max(
        share.resident_bytes + share.tile_bytes for share in mapping.shares
    )
    ends = max(item.words + lowered.plan.places[item.key] for item in lowered.plan.items)
    assert ends * lowered.accelerator.lanes <= mapping.capacity_bytes
    return total


@pytest.mark.parametrize("seed", range(25))
def test_random_networks(seed):
    *_, lowered = drawn_to_fit(seed, lower)
    agrees(lowered)
    assert lowered.mapping.mapper is Mapper.GREEDY
    assert lowered.mapping.status is Status.FEASIBLE
    assert lowered.mapping.bound_bytes is lowered.mapping.gap is None


def branches():
    build = Builder(np.random.default_rng(1))
    x = build.tensor("x", (1, 8, 12, 6))
    a = build.conv(x, 16, (3, 3), pads=(1, 1, 1, 1))
    b = build.conv(a, 8, (3, 3), pads=(1, 1, 1, 1))
    build.add(Add, (x, b), build.shape(x))
    return build.graph()


@pytest.mark.parametrize("mapper", Mapper)
@pytest.mark.parametrize("words", [64, 160, 400])
def test_less_room_moves_more(words, mapper):
    sizes = {"weights": 400, "parameters": 144, "accumulators": 64, "banks": (1, 2)}
    lowered = lower(branches(), accelerator(8, activations=words, **sizes), mapper=mapper)
    total = agrees(lowered)
    mapping = lowered.mapping
    assert (mapping.objective_bytes == 0) == (words == 400)
    assert mapping.input_bytes == 12 * 6 * 8
    assert mapping.output_bytes == 12 * 6 * 8
    assert mapping.constant_bytes == -(-len(lowered.constants) // 16) * 16
    assert total == mapping.total_bytes


def test_a_copy_for_later_readers():
    """What is read early and late is kept, stored once, and comes back."""
    build = Builder(np.random.default_rng(2))
    a = build.conv(build.tensor("x", (1, 8, 8, 8)), 8, (1, 1))
    b = a
    for _ in range(2):
        b = build.conv(b, 16, (3, 3), pads=(1, 1, 1, 1))
    c = build.conv(b, 8, (1, 1))
    build.add(Add, (a, c), build.shape(a))
    sizes = {"weights": 1000, "parameters": 144, "accumulators": 256, "banks": (1, 2)}
    graph = build.graph()
    lowered = lower(graph, accelerator(8, activations=264, **sizes), mapper=Mapper.OPTIMAL)
    agrees(lowered)
    steps = lowered.residence.schedule.steps
    (spill,) = [step for step in steps if step.spilled]
    assert spill.spilled == (a,)
    assert a in {place.tensor for place in steps[0].resident}
    back = [
        step.operator
        for step in steps
        if a in step.retrieved or a in {w.tensor for w in step.windows}
    ]
    assert back == [steps[-1].operator]
    mapping = lowered.mapping
    assert (mapping.spilled_bytes, mapping.retrieved_bytes) == (512, 512)
    assert mapping.status is Status.OPTIMAL

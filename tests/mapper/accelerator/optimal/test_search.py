"""The optimal mapper against the greedy one: legal, exact in every bit, and worse in nothing."""

import numpy as np
import pytest

from golden.accelerator.registers import Counter
from golden.errors import UserError
from golden.graph import Clamp
from golden.operators import Add, Clip
from mapper.accelerator.lowering import lower
from mapper.accelerator.mapping import Mapper
from mapper.accelerator.programs import program_layers, region_bases
from mapper.status import Status
from sim.accelerator.simulation import simulate
from tests.mapper.accelerator.machines import accelerator, random_accelerator
from tests.mapper.accelerator.networks import Builder, random_network
from tests.mapper.accelerator.test_lowering import sound

SIZES = {"weights": 400, "parameters": 144, "accumulators": 64, "banks": (1, 2)}


def cost(lowered):
    counters = simulate(
        lowered.accelerator, program_layers(lowered), bases=region_bases(lowered)
    ).counters
    return counters[Counter.READ_BYTES] + counters[Counter.WRITTEN_BYTES], counters[Counter.CYCLES]


def never_worse(graph, target):
    """The optimal mapping, if there is one."""
    try:
        greedy = lower(graph, target)
    except UserError:
        greedy = None
    try:
        best = lower(graph, target, mapper=Mapper.OPTIMAL)
    except UserError:
        assert greedy is None
        return None
    sound(best)
    octets, cycles = cost(best)
    mapping = best.mapping
    assert octets == mapping.total_bytes
    assert mapping.cycles_bound <= cycles
    assert mapping.bound_bytes <= mapping.objective_bytes
    assert (mapping.status is Status.OPTIMAL) == (mapping.bound_bytes == mapping.objective_bytes)
    if greedy is not None:
        old_octets, old_cycles = cost(greedy)
        assert octets <= old_octets
        assert cycles <= old_cycles
    return best


@pytest.mark.parametrize("seed", range(8))
def test_random_networks(seed):
    rng = np.random.default_rng(seed)
    never_worse(random_network(rng), random_accelerator(rng))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8, 120))
def test_more_random_networks(seed):
    rng = np.random.default_rng(seed)
    never_worse(random_network(rng), random_accelerator(rng))


def residual():
    build = Builder(np.random.default_rng(11))
    a = build.conv(build.tensor("x", (1, 8, 8, 8)), 8, (1, 1))
    b = build.conv(a, 8, (3, 3), pads=(1, 1, 1, 1))
    c = build.add(Add, (a, b), build.shape(a))
    d = build.add(Clip, c, build.shape(c), clamp=Clamp(low=-1, high=1))
    build.conv(d, 8, (3, 3))
    return build.graph()


def test_less_than_the_greedy_one_moves():
    target = accelerator(8, activations=100, **SIZES)
    best = never_worse(residual(), target)
    assert cost(best)[0] < cost(lower(residual(), target))[0]


def test_the_same_again():
    target = accelerator(8, activations=100, **SIZES)
    one, other = (lower(residual(), target, mapper=Mapper.OPTIMAL) for _ in range(2))
    assert one.program == other.program


def test_where_the_greedy_mapper_finds_no_room():
    build = Builder(np.random.default_rng(3))
    x = build.tensor("x", (1, 8, 4, 8))
    build.add(Add, (build.conv(x, 8, (3, 3), pads=(1, 1, 1, 1)), x), build.shape(x))
    graph, found = build.graph(), []
    for words in range(20, 60, 4):
        best = never_worse(graph, accelerator(8, activations=words, **SIZES))
        if best is not None:
            found.append(cost(best)[0])
    assert found == sorted(found, reverse=True)
    assert len(found) > 3


def test_without_time_the_greedy_mapping_is_taken():
    target = accelerator(8, activations=100, **SIZES)
    hurried = lower(residual(), target, mapper=Mapper.OPTIMAL, time_limit=1e-9)
    sound(hurried)
    assert cost(hurried) == cost(lower(residual(), target))
    assert hurried.mapping.status is Status.FEASIBLE


def test_a_time_limit_must_be_positive():
    with pytest.raises(UserError, match=r"^time_limit must be more than 0 seconds, not 0$"):
        lower(residual(), accelerator(8, activations=100, **SIZES), time_limit=0)


def test_no_room():
    build = Builder(np.random.default_rng(10))
    build.conv(build.tensor("x", (1, 8, 9, 60)), 8, (3, 3))
    with pytest.raises(UserError, match=r"^operator 't0' \(Conv\): activation_bytes=512 has no"):
        lower(build.graph(), accelerator(8, activations=64, **SIZES), mapper=Mapper.OPTIMAL)


def test_a_missing_solver():
    target = accelerator(8, activations=100, **SIZES)
    with pytest.raises(UserError, match=r"^solver 'none' is not installed; PuLP finds here: "):
        lower(residual(), target, mapper=Mapper.OPTIMAL, solver="none")

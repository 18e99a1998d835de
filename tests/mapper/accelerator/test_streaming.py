import numpy as np
import pytest

from golden.accelerator.instructions import Load, LocalMemory, Store, Units
from golden.errors import UserError
from mapper.accelerator.streaming.workload import materialised, streamed, workload_layers
from sim.accelerator.simulation import simulate
from sim.workload import ConvLayer, GemmLayer, Workload
from tests.accelerator import programs
from tests.mapper.accelerator.machines import EDGE, accelerator
from tests.mapper.accelerator.streamed import (
    NETWORKS,
    assert_plan_is_right,
    cost,
    network_layers,
    random_layer,
    with_fewest_tokens,
)
from tilewright.accelerator import find_accelerator


def product(m, k, n, count=1):
    return GemmLayer(name="product", m=m, k=k, n=n, count=count)


@pytest.mark.parametrize("seed", range(50))
def test_tree_program_and_results_agree(seed):
    rng = np.random.default_rng(seed)
    assert_plan_is_right(programs.accelerator(), random_layer(rng), None, rng)


@pytest.mark.parametrize("seed", range(30))
def test_on_random_accelerators(seed):
    rng = np.random.default_rng(seed)
    design = accelerator(
        int(rng.choice([4, 8, 16])),
        activations=int(rng.choice([1024, 4096])),
        weights=int(rng.choice([40, 100, 2000])),
        parameters=int(rng.choice([12, 20, 400])),
        accumulators=int(rng.choice([8, 16, 64, 256])),
        banks=(int(rng.choice([1, 2, 4])), int(rng.choice([1, 2, 4]))),
    )
    assert_plan_is_right(design, random_layer(rng), None, rng)


@pytest.mark.parametrize("memory", programs.MEMORIES)
@pytest.mark.parametrize("seed", range(4))
def test_every_memory(seed, memory):
    design = programs.accelerator(memory)
    rng = np.random.default_rng(seed)
    cost(design, streamed([random_layer(rng) for _ in range(3)], design))


@pytest.mark.parametrize("sizes", [(50, 30, 40), (133, 77, 65), (3, 200, 9), (1, 1, 1)])
def test_buffers_order_no_more_than_tokens(sizes):
    design = programs.accelerator()
    tree, program = cost(design, streamed([product(*sizes)], design))
    assert with_fewest_tokens(design, program).counters == tree.counters


@pytest.mark.parametrize(
    "changes",
    [
        {"height": 40, "width": 3, "filter_height": 35, "filter_width": 1},
        {"height": 3, "width": 40, "filter_height": 2, "filter_width": 37},
        {"dilation": (17, 19), "height": 40, "width": 41},
        {"dilation": (20, 1), "height": 45},
        {"stride": (16, 16), "height": 40, "width": 40},
        {"pads": (9, 9, 9, 9)},
        {"channels": 9, "filters": 12, "groups": 3},
        {"channels": 4, "filters": 12, "groups": 4},
        {"channels": 9, "filters": 9, "groups": 9, "filter_height": 1, "filter_width": 1},
        {"filter_height": 1, "filter_width": 1, "stride": (2, 2)},
        {"filter_height": 2, "filter_width": 2, "stride": (2, 2)},
        {"filter_height": 11, "filter_width": 11, "pads": (0, 0, 0, 0)},
    ],
    ids=str,
)
def test_unusual_convolutions(changes):
    shape = {
        "height": 11,
        "width": 11,
        "channels": 3,
        "filter_height": 3,
        "filter_width": 3,
        "filters": 5,
        "stride": (1, 1),
        "pads": (1, 1, 1, 1),
    }
    design = accelerator(
        4, activations=8192, weights=256, parameters=144, accumulators=128, banks=(4, 2)
    )
    layer = ConvLayer(name="unusual", **{**shape, **changes})
    assert_plan_is_right(design, layer, None, np.random.default_rng(0))


@pytest.mark.parametrize(("network", "name"), NETWORKS.items())
def test_layers_of_networks(reference_data, network, name):
    design = find_accelerator(name)
    shapes = network_layers(network, reference_data)
    rng = np.random.default_rng(0)
    for shape in shapes:
        assert_plan_is_right(design, shape, None, rng)
    cost(design, streamed(shapes, design))


def test_layers_follow_each_other():
    shapes = [product(20, 30, 12), product(15, 8, 9), product(20, 30, 12)]
    design = programs.accelerator()
    layers = streamed(shapes, design)
    cost(design, layers)
    program = materialised(layers)
    start = 0
    for number, (_, end) in enumerate(program.ends):
        loads = [
            instruction
            for instruction in program.instructions[start:end]
            if isinstance(instruction, Load)
        ]
        # Constants come first, and wait for nothing that is stored.
        assert loads[0].memory != LocalMemory.ACTIVATIONS
        inputs = [load for load in loads if load.memory == LocalMemory.ACTIVATIONS]
        assert bool(inputs[0].wait & Units.STORE) == (number > 0)
        last = program.instructions[end - 1]
        assert isinstance(last, Store)
        assert bool(last.signal & Units.LOAD) == (number < 2)
        start = end


def test_cost_does_not_grow_with_sizes():
    for size in (512, 5120, 51_200):
        workload = Workload(name="product", layers=(product(size, size, size),))
        assert simulate(EDGE, workload_layers(workload, EDGE)).stepped < 3000


def test_copies_are_skipped():
    few, many = (
        simulate(EDGE, workload_layers(Workload(name="w", layers=(product(64, 32, 48, n),)), EDGE))
        for n in (100, 10_000)
    )
    assert many.stepped < 2 * few.stepped
    assert 98 < many.cycles / few.cycles < 101


def test_engine_is_never_idle_for_long():
    for shape, least in ((product(512, 512, 512), 0.97), (product(5120, 5120, 5120), 0.99)):
        workload = Workload(name="product", layers=(shape,))
        result = simulate(EDGE, workload_layers(workload, EDGE))
        assert shape.macs > least * EDGE.lanes**2 * result.cycles


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"activations": 2}, "activation_bytes=8 has no room for two words"),
        ({"activations": 16}, "activation_bytes=64 has no room for two windows of 3x3 words"),
        ({"weights": 3}, "weight_bytes=12 has 3 words, and a layer needs 4"),
        ({"parameters": 8}, "parameter_bytes=32 has 8 words, and a layer needs 9"),
    ],
)
def test_too_small_memories(changes, message):
    sizes = {"activations": 256, "weights": 64, "parameters": 90, "accumulators": 16}
    design = accelerator(4, **{**sizes, **changes})
    layer = ConvLayer(
        name="wide",
        height=9,
        width=9,
        channels=4,
        filter_height=3,
        filter_width=3,
        filters=4,
        stride=(1, 1),
    )
    with pytest.raises(UserError, match=f"layer 'wide': {message}|^{message}"):
        streamed([layer], design)


def test_strides_that_no_instruction_has():
    layer = ConvLayer(
        name="sparse",
        height=99,
        width=99,
        channels=4,
        filter_height=3,
        filter_width=3,
        filters=4,
        stride=(17, 1),
    )
    with pytest.raises(UserError, match="'sparse': windows move by 16 pixels at most, not by 17"):
        streamed([layer], EDGE)


def test_operands_that_no_address_reaches():
    with pytest.raises(UserError, match="4294967296 bytes after a base register"):
        materialised(streamed([product(1, 1 << 17, 1 << 17)], EDGE))

"""Networks lowered to engines through which operands stream: legal, and right in every tensor."""

import re
from dataclasses import replace

import numpy as np
import pytest

from golden.accelerator.checker import check_program
from golden.accelerator.description import Accelerator
from golden.accelerator.instructions import Gemm, Load, LocalMemory
from golden.engines import add, bitplane, dot, ternary
from golden.engines.ternary import Packed
from golden.errors import UserError
from golden.formats import BipolarFormat
from golden.operators import Conv, MatMul, ReduceMean
from mapper.accelerator.lowering import lower
from mapper.accelerator.mapping import Mapper
from mapper.accelerator.streaming.workload import workload_layers
from sim.accelerator.simulation import simulate
from sim.accelerator.steps import Layer
from sim.workload import GemmLayer, Workload
from tests.mapper.accelerator.machines import compared, random_inputs
from tests.mapper.accelerator.networks import Builder, random_network

ENGINES = {
    "add": ("add", add.Params(m=3, n=8, k=8, k_max=144)),
    "bitplane": ("bitplane", bitplane.Params(m=4, n=4, k=4, k_max=72)),
    "dot": ("dot", dot.Params(m=2, n=8, k=8, k_max=4096)),
    "ternary": ("ternary", ternary.Params(m=1, n=8, k=8, k_max=320)),
    "packed": ("ternary", ternary.Params(n=8, k=8, packed=Packed.FIVE_IN_A_BYTE, k_max=320)),
}
"""Names, and params with a K that layers are cut for."""


def described(name, **sizes):
    engine, params = ENGINES[name]
    return Accelerator(name="small", engine=engine, params=params, **sizes)


def with_weights(graph, rng, values):
    """The network with weights among some values."""
    tensors = dict(graph.tensors)
    for op in graph.operators:
        if isinstance(op, Conv | MatMul):
            tensor = tensors[op.inputs[1]]
            data = rng.choice(values, tensor.shape).astype(np.int8)
            tensors[op.inputs[1]] = replace(tensor, data=data)
    return replace(graph, tensors=tensors)


def lowered_soundly(graph, design):
    lowered = lower(graph, design)
    assert check_program(lowered.program.instructions, lowered.regions) == []
    assert compared(lowered, random_inputs(lowered.graph, np.random.default_rng(0))) > 0
    return lowered


def bits_of(lowered):
    return {gemm.weight_bits for gemm in lowered.program.instructions if isinstance(gemm, Gemm)}


@pytest.mark.parametrize("name", ENGINES)
def test_random_networks(name):
    rng = np.random.default_rng(21)
    done = 0
    while done < 6:
        values = [-1, 0, 1] if name in ("ternary", "packed") else rng.integers(-128, 128, 6)
        graph = with_weights(random_network(rng), rng, values)
        try:
            lowered_soundly(graph, described(name))
        except UserError as error:
            if not re.search("stand for exactly|may leave 32 bits", str(error)):
                raise
            continue
        done += 1


def one_conv(values, filters=12, kernel=(3, 3), seed=3):
    rng = np.random.default_rng(seed)
    build = Builder(rng)
    x = build.tensor("x", (1, 10, 6, 7))
    build.conv(x, filters, kernel, pads=(1, 1, 1, 1))
    return with_weights(build.graph(), rng, values)


@pytest.mark.parametrize(
    ("values", "bits"),
    [([-1, 0], 1), ([0], 1), ([-1, 1], 2), ([-2, 1], 2), ([3], 3), ([-8, 7], 4), ([-128, 5], 8)],
)
def test_weights_have_the_fewest_bits(values, bits):
    graph = one_conv(values)
    lowered = lowered_soundly(graph, described("add"))
    assert bits_of(lowered) == {bits}
    loads = [
        entry.row_bytes * entry.rows
        for entry in lowered.program.instructions
        if isinstance(entry, Load) and entry.memory == LocalMemory.WEIGHTS
    ]
    # Two blocks of filters, nine taps of two blocks of lanes: a plane of each is 8 x 8 bits.
    assert sum(loads) == bits * 2 * 9 * 2 * 8


def test_each_layer_has_its_own_bits():
    rng = np.random.default_rng(4)
    build = Builder(rng)
    x = build.tensor("x", (1, 8, 5, 5))
    y = build.conv(x, 8, (1, 1))
    build.conv(y, 8, (1, 1))
    graph = build.graph()
    tensors = dict(graph.tensors)
    for op, most in zip(graph.operators, (1, 60), strict=True):
        data = rng.integers(-most, most + 1, (8, 8, 1, 1)).astype(np.int8)
        tensors[op.inputs[1]] = replace(tensors[op.inputs[1]], data=data)
    lowered = lowered_soundly(replace(graph, tensors=tensors), described("add"))
    assert bits_of(lowered) == {2, 7}


def test_bipolar_weights_take_a_bit():
    params = add.Params(m=2, n=8, k=8, weight=BipolarFormat(4), k_max=512)
    design = Accelerator(name="signs", engine="add", params=params)
    # Twelve filters and ten channels: not all lanes count, and no weight is 0.
    assert bits_of(lowered_soundly(one_conv([-1, 1]), design)) == {1}
    assert bits_of(lowered_soundly(one_conv([-1, 1, 5], kernel=(2, 3)), design)) == {3}
    with pytest.raises(UserError, match="weights from -1 to 1, and the engine takes bipolar4"):
        lower(one_conv([-1, 0, 1]), design)


def test_products_are_cut_where_k_is_too_long():
    graph = one_conv([-3, 2])
    gemms = [
        gemm
        for gemm in lowered_soundly(graph, described("bitplane")).program.instructions
        if isinstance(gemm, Gemm)
    ]
    assert max(gemm.taps_y * gemm.taps_x * gemm.blocks_k for gemm in gemms) <= 72 // 4
    assert any(gemm.accumulate for gemm in gemms)


def test_what_is_refused():
    with pytest.raises(UserError, match=r"'t0' \(Conv\) has weights from -2 to 1, and the engine"):
        lower(one_conv([-2, 1]), described("ternary"))
    workload = Workload(name="gemm", layers=(GemmLayer(name="gemm", m=4, n=4, k=4),))
    with pytest.raises(UserError, match="add is no engine at which weights rest"):
        workload_layers(workload, described("add"))


def test_a_mean_is_a_product_with_a_diagonal():
    rng = np.random.default_rng(5)
    build = Builder(rng)
    x = build.tensor("x", (1, 12, 6, 5))
    build.add(ReduceMean, x, (1, 12), axes=(2, 3), keep_axes=False)
    for name in ENGINES:
        lowered_soundly(build.graph(), described(name))


def test_the_optimal_mapper_keeps_to_what_is_proven():
    rng = np.random.default_rng(8)
    build = Builder(rng)
    x = build.tensor("x", (1, 9, 7, 6))
    y = build.conv(x, 20, (3, 3), pads=(1, 1, 1, 1))
    build.add(ReduceMean, build.conv(y, 10, (1, 1)), (1, 10), axes=(2, 3), keep_axes=False)
    graph = with_weights(build.graph(), rng, [-2, 0, 1])
    for name in ("add", "bitplane"):
        design = described(name, activation_bytes=1024 * ENGINES[name][1].n)
        greedy = lower(graph, design)
        best = lower(graph, design, mapper=Mapper.OPTIMAL, time_limit=20.0)
        assert check_program(best.program.instructions, best.regions) == []
        assert compared(best, random_inputs(best.graph, rng)) > 0
        cycles = [
            simulate(design, [Layer(name="all", body=found.program.instructions)]).cycles
            for found in (greedy, best)
        ]
        assert best.mapping.cycles_bound <= cycles[1] <= cycles[0]
        # A port is busy for most of it; pairs of planes keep none busy for more than half.
        assert best.mapping.cycles_bound > (0.4 if name == "bitplane" else 0.6) * cycles[1]
        assert best.mapping.total_bytes <= greedy.mapping.total_bytes

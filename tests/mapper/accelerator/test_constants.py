"""Constants: each is loaded once where there is room, in the order in which they lie in memory."""

import numpy as np
import pytest

from golden.accelerator.instructions import Gemm, Load, LocalMemory
from golden.errors import UserError
from golden.operators import Function, Unary
from mapper.accelerator.lowered import CONSTANTS
from mapper.accelerator.lowering import lower
from tests.mapper.accelerator.machines import EDGE, accelerator
from tests.mapper.accelerator.networks import Builder


def chain(layers, channels=16, size=6):
    build = Builder(np.random.default_rng(0))
    x = build.tensor("x", (1, channels, size, size))
    for _ in range(layers):
        x = build.conv(x, channels, (3, 3), pads=(1, 1, 1, 1))
    return build.graph()


def constant_loads(lowered):
    return [
        (number, entry)
        for number, entry in enumerate(lowered.program.instructions)
        if isinstance(entry, Load) and entry.base == CONSTANTS
    ]


def test_each_is_loaded_once():
    lowered = lower(chain(12), EDGE)
    end = 0
    for _, entry in constant_loads(lowered):
        assert entry.address == end
        end += entry.row_bytes
    assert end == len(lowered.constants) == 12 * (16 * 9 * 16 + 9 * 16)


def test_few_loads_but_the_first_is_short():
    loads = [
        entry
        for _, entry in constant_loads(lower(chain(12), EDGE))
        if entry.memory == LocalMemory.WEIGHTS
    ]
    assert len(loads) <= 3
    assert loads[0].groups == 16 * 9
    assert max(entry.groups for entry in loads) <= EDGE.sizes.weights // 4


def test_a_layer_ahead_where_there_is_room():
    """Weights of the next layer are asked for before the products of this one are through."""
    target = accelerator(
        16, activations=1024, weights=4 * 144, parameters=144, accumulators=128, banks=(4, 2)
    )
    instructions = lower(chain(6, size=12), target).program.instructions
    first_use = {}
    for number, entry in enumerate(instructions):
        if isinstance(entry, Gemm):
            first_use.setdefault((entry.weights, number // 1000), number)
    kinds = [
        "load" if isinstance(entry, Load) and entry.memory == LocalMemory.WEIGHTS else "gemm"
        for entry in instructions
        if isinstance(entry, Gemm) or (isinstance(entry, Load) and entry.memory == 1)
    ]
    ahead = [kinds[:i].count("load") - 1 for i, kind in enumerate(kinds) if kind == "gemm"]
    steps = kinds.count("gemm") // 6
    # Layers begun by then, and at least one more but for the last ones.
    assert all(loaded >= min(i // steps, 5) for i, loaded in enumerate(ahead))
    assert sum(loaded > i // steps for i, loaded in enumerate(ahead)) > len(ahead) // 2


def test_no_room_for_parameters():
    build = Builder(np.random.default_rng(0))
    x = build.conv(build.tensor("x", (1, 4, 9, 9)), 4, (3, 3))
    for _ in range(2):
        x = build.add(Unary, x, build.shape(x), function=Function.TANH)
    target = accelerator(4, activations=128, weights=64, parameters=100, accumulators=64)
    with pytest.raises(UserError, match="the memory for parameters has no room for what a layer"):
        lower(build.graph(), target)

"""Fewest bytes, against trying everything, and over all sizes of activation memory."""

import math
from contextlib import suppress

import numpy as np
import pytest

from golden.accelerator.description import Accelerator
from golden.engines import add
from golden.errors import UserError
from golden.graph import Clamp
from golden.operators import Add, Clip
from mapper import clock
from mapper.accelerator.arrangement import arrange
from mapper.accelerator.legalise import legalise
from mapper.accelerator.narrowing import narrowed
from mapper.accelerator.optimal.decoding import decoded
from mapper.accelerator.optimal.graph_level import fewest_bytes
from mapper.accelerator.optimal.space import space_of
from mapper.accelerator.placement import Fit
from mapper.accelerator.reference import with_fixed_point
from mapper.accelerator.traffic import layer_bytes
from mapper.status import Status
from tests.mapper.accelerator.machines import accelerator
from tests.mapper.accelerator.networks import Builder
from tests.mapper.accelerator.optimal import oracle


def two_branches(seed):
    """An input that is read first and last, and rows that do not fill beats."""
    rng = np.random.default_rng(seed)
    build = Builder(rng)
    width, height = int(rng.integers(2, 6)), int(rng.integers(2, 5))
    x = build.tensor("x", (1, 3, height, width))
    a = build.conv(x, int(rng.choice([3, 8])), (3, 3), pads=(1, 1, 1, 1))
    b = build.conv(a, 3, (1, 1) if seed % 2 else (2, 1), pads=(0, 0, 1 - seed % 2, 0))
    build.add(Add, (b, x), build.shape(x))
    return build.graph()


def chain(seed):
    rng = np.random.default_rng(seed)
    build = Builder(rng)
    x = build.tensor("x", (1, 3, 4, int(rng.integers(1, 5))))
    a = build.conv(x, 4, (3, 1), pads=(1, 0, 1, 0), strides=(int(rng.integers(1, 3)), 1))
    b = build.add(Clip, a, build.shape(a), clamp=Clamp(low=-1, high=1))
    build.add(Add, (a, b), build.shape(a))
    return build.graph()


@pytest.mark.parametrize(("graph", "words"), [(two_branches, 16), (two_branches, 26), (chain, 26)])
def test_equals_trying_everything(graph, words):
    equals_trying_everything(graph, 0, words)


@pytest.mark.slow
@pytest.mark.parametrize("words", [9, 12, 16, 20, 26, 40])
@pytest.mark.parametrize("graph", [two_branches, chain])
@pytest.mark.parametrize("seed", range(6))
def test_equals_trying_everything_more_often(graph, seed, words):
    equals_trying_everything(graph, seed, words)


def equals_trying_everything(graph, seed, words):
    target = accelerator(
        4, activations=words, weights=[400, 40][seed % 2], parameters=40, accumulators=12
    )
    network = legalise(with_fixed_point(graph(seed)), 4)
    found = fewest_bytes(space_of(network, target), deadline=math.inf)
    expected = oracle.fewest_bytes(network, target)
    if expected is None:
        assert found.status is Status.INFEASIBLE
        return
    assert found.status is Status.OPTIMAL
    assert found.choice.bytes == found.bound_bytes == expected
    assert found.compulsory_bytes <= expected


def one_layer(rng):
    build = Builder(rng)
    height, width, channels = (int(rng.integers(1, most)) for most in (6, 4, 11))
    kernel = (int(rng.integers(1, min(height, 2) + 1)), 1)
    x = build.tensor("x", (1, channels, height, width))
    build.conv(x, int(rng.integers(1, 17)), kernel)
    return build.graph()


def narrow(rng):
    """A machine that often has no room for all weights, parameters or sums, on either engine."""
    activations, weights, parameters, accumulators = (
        int(rng.integers(*bounds)) for bounds in ((4, 60), (8, 200), (9, 60), (2, 30))
    )
    if rng.integers(2):
        sizes = {"activations": activations, "weights": weights}
        return accelerator(4, parameters=parameters, accumulators=accumulators, **sizes)
    return Accelerator(
        name="narrow",
        engine="add",
        params=add.Params(m=3, n=4, k=4, k_max=8),
        activation_bytes=4 * activations,
        weight_bytes=16 * weights,
        parameter_bytes=4 * parameters,
        accumulator_bytes=16 * accumulators,
        activation_banks=1,
        accumulator_banks=1,
    )


@pytest.mark.parametrize(
    "seeds",
    [
        range(12),
        *(
            pytest.param(range(first, first + 50), marks=pytest.mark.slow)
            for first in range(12, 312, 50)
        ),
    ],
    ids=str,
)
def test_layers_on_narrow_machines_equal_trying_everything(seeds):
    for seed in seeds:
        rng = np.random.default_rng(seed)
        graph, target = one_layer(rng), narrow(rng)
        network = legalise(with_fixed_point(graph), 4)
        network = narrowed(network, target.feeding)
        bound = expected = None
        with suppress(UserError):
            found = fewest_bytes(space_of(network, target), deadline=math.inf)
            bound = found.bound_bytes if found.choice is not None else None
        with suppress(UserError):
            expected = oracle.fewest_bytes(network, target)
        assert bound == expected, f"seed {seed}"


def test_a_result_may_take_the_place_of_its_operand_and_be_stored_at_once():
    """Nothing reads it from there, but beside the operand it would have no room of its own."""
    target = accelerator(4, activations=12, weights=40, parameters=40, accumulators=12)
    network = legalise(with_fixed_point(chain(5)), 4)
    found = fewest_bytes(space_of(network, target), deadline=math.inf)
    assert found.bound_bytes == found.choice.bytes == 1024  # by trying everything


@pytest.mark.parametrize("seed", range(3))
def test_choices_have_addresses_and_move_what_they_say(seed):
    network = legalise(with_fixed_point(two_branches(seed)), 4)
    before = math.inf
    for words in range(10, 80, 7):
        target = accelerator(4, activations=words, weights=400, parameters=40, accumulators=12)
        space = space_of(network, target)
        found = fewest_bytes(space, deadline=math.inf)
        if found.choice is None:
            assert before == math.inf
            continue
        assert found.status is Status.OPTIMAL
        decisions = decoded(space, found.choice)
        arrange(network, target, decisions, Fit.EXACT)
        moved = sum(layer_bytes(decisions, n, target) for n in range(len(decisions.layers)))
        assert moved == found.choice.bytes
        # More room never moves more.
        assert found.choice.bytes <= before
        before = found.choice.bytes
    assert before == found.compulsory_bytes


def test_without_time_nothing_is_claimed():
    network = legalise(with_fixed_point(two_branches(0)), 4)
    target = accelerator(4, activations=20, weights=400, parameters=40, accumulators=12)
    found = fewest_bytes(space_of(network, target), deadline=clock.now() - 1)
    assert found.status is Status.UNKNOWN
    assert found.choice is None
    assert found.bound_bytes == 0

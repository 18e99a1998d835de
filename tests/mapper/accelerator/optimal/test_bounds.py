"""Cycles that no program goes below, against programs that come close and sums by hand."""

import numpy as np
import pytest

from golden.operators import Add
from mapper.accelerator.legalise import legalise
from mapper.accelerator.lowering import lower
from mapper.accelerator.optimal.bounds import cycles_bound
from mapper.accelerator.programs import program_layers, region_bases
from mapper.accelerator.reference import with_fixed_point
from sim.accelerator.simulation import simulate
from tests.mapper.accelerator.fitting import drawn_to_fit
from tests.mapper.accelerator.machines import EDGE
from tests.mapper.accelerator.networks import Builder


def bound_of(graph, target, moved=0):
    network = legalise(with_fixed_point(graph), target.lanes)
    return cycles_bound(network, target, moved_bytes=moved)


def cycles_of(graph, target):
    lowered = lower(graph, target)
    layers, bases = program_layers(lowered), region_bases(lowered)
    return simulate(target, layers, bases=bases).cycles


@pytest.mark.parametrize("seed", range(30))
def test_no_program_takes_fewer(seed):
    graph, target, cycles = drawn_to_fit(seed, cycles_of)
    assert bound_of(graph, target) <= cycles


def test_products():
    """Nine taps, two blocks of channels and three of filters: a beat for each of 20 x 20 pixels."""
    build = Builder(np.random.default_rng(0))
    build.conv(build.tensor("x", (1, 32, 20, 20)), 48, (3, 3), pads=(1, 1, 1, 1))
    graph = build.graph()
    assert bound_of(graph, EDGE) == 2 * 50 + 5 + 9 * 2 * 3 * 400
    assert cycles_of(graph, EDGE) < 1.1 * bound_of(graph, EDGE)


def test_sums():
    """Three cycles for a word, and the result has to be stored."""
    build = Builder(np.random.default_rng(0))
    x, y = build.tensor("x", (1, 16, 20, 20)), build.tensor("y", (1, 16, 20, 20))
    build.add(Add, (x, y), build.shape(x))
    graph = build.graph()
    assert bound_of(graph, EDGE) == 2 * 50 + 3 * 400 + 19 + 400
    assert bound_of(graph, EDGE) <= cycles_of(graph, EDGE)


def test_bytes():
    """One of the two directions moves half at least, 16 bytes a cycle."""
    build = Builder(np.random.default_rng(0))
    build.conv(build.tensor("x", (1, 3, 2, 2)), 4, (1, 1))
    assert bound_of(build.graph(), EDGE, moved=1 << 20) == 50 + (1 << 19) // 16

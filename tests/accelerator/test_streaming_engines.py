"""Random programs on the Verilog of accelerators through whose engines operands stream."""

from dataclasses import replace

import pytest

from golden.engines import add, bitplane, dot, lut, ternary
from golden.engines.ternary import Packed
from golden.formats import BipolarFormat
from tests.accelerator import programs
from tests.accelerator.comparison import compare_on, contended
from tilewright.harness import built_harness

LANES = programs.LANES
ENGINES = {
    "add": ("add", add.Params(m=3, n=LANES, k=LANES, k_max=96)),
    "add-bipolar": (
        "add",
        add.Params(m=2, n=LANES, k=2, weight=BipolarFormat(4), k_max=96),
    ),
    "bitplane": (
        "bitplane",
        bitplane.Params(m=4, n=LANES, k=LANES, activation_planes=3, weight_planes=2, k_max=96),
    ),
    "ternary": ("ternary", ternary.Params(m=2, n=LANES, k=2, k_max=96)),
    "ternary-packed": (
        "ternary",
        ternary.Params(m=1, n=LANES, k=LANES, packed=Packed.THREE_IN_FIVE_BITS, k_max=96),
    ),
    "lut": ("lut", lut.Params(m=2, n=LANES, k=LANES, group=2, weight=BipolarFormat(6), k_max=96)),
    "lut-external": (
        "lut",
        lut.Params(m=2, n=LANES, k=LANES, group=2, precompute=lut.Precompute.EXTERNAL, k_max=96),
    ),
    "dot": ("dot", dot.Params(m=2, n=LANES, k=2, k_max=96)),
}


def assert_equal(cache, name, seeds):
    """Every bit and every cycle, with each memory in turn."""
    met = 0
    for seed in seeds:
        memory = [*programs.MEMORIES][seed % 3]
        design = programs.streaming(*ENGINES[name], memory)
        play = built_harness(design, cache=cache)
        found, simulation = compare_on(play, design, seed, 10 + 5 * (seed % 10))
        assert not found, (name, seed, memory)
        met += contended(simulation)
    assert met


def assert_stalls_change_nothing(cache, name, seeds):
    design = programs.streaming(*ENGINES[name])
    play = built_harness(design, cache=cache)
    for seed in seeds:
        found, _ = compare_on(play, design, seed, 40, stalls=(seed + 1, 100 + 200 * (seed % 5)))
        assert not found, (name, seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_a_hundred_random_programs(cache, name):
    assert_equal(cache, name, range(100, 200))
    assert_stalls_change_nothing(cache, name, range(20, 40))


def test_a_beat_of_two_words():
    design = programs.streaming(*ENGINES["dot"])
    assert design.feeding.alignment == 2
    wide = replace(design, params=dot.Params(m=1, n=LANES, k=LANES, k_max=96))
    assert wide.feeding.alignment == 4

"""Changes of decisions, and what they must not do."""

from dataclasses import replace

import numpy as np
import pytest

from golden.operators import Add
from mapper.accelerator.legalise import legalise
from mapper.accelerator.optimal.moves import joined, moves_of, overlaid, streams
from mapper.accelerator.planning import decide_greedily
from mapper.accelerator.realisation import realised
from mapper.accelerator.reference import with_fixed_point
from tests.mapper.accelerator.machines import accelerator
from tests.mapper.accelerator.networks import Builder
from tests.mapper.accelerator.test_lowering import sound

TARGET = accelerator(
    8, activations=1000, weights=1000, parameters=144, accumulators=64, banks=(1, 2)
)


def network(kernel):
    """A value that a convolution and a sum read."""
    build = Builder(np.random.default_rng(5))
    a = build.conv(build.tensor("x", (1, 8, 8, 4)), 16, (1, 1))
    pads = (kernel // 2,) * 4
    b = build.conv(a, 16, (kernel, kernel), pads=pads)
    build.add(Add, (b, a), build.shape(a))
    graph = with_fixed_point(build.graph())
    return graph, legalise(graph, 8)


def apart(decisions):
    return replace(decisions, stages=tuple((n,) for n in range(len(decisions.layers))))


def test_results_are_not_written_over_rows_that_the_stage_still_reads():
    _, layers = network(3)
    decisions = apart(decide_greedily(layers, TARGET))
    over = {
        next(
            value
            for value in decisions.layers[2].sources
            if other.readings[2, value].place == other.makings[2].place
        ): other
        for other in overlaid(decisions, 2)
    }
    first, second = decisions.layers[0].target, decisions.layers[1].target
    assert set(over) == {first, second}
    # The convolution reads rows of the first beyond those that the sum has written by then.
    assert not list(joined(over[first], 2))
    assert list(joined(over[second], 2))


def test_a_result_takes_the_place_of_one_operand_alone():
    """What is in the place already has to stay apart from the other operand."""
    _, layers = network(3)
    decisions = apart(decide_greedily(layers, TARGET))
    for other in overlaid(decisions, 2):
        assert not list(overlaid(other, 2))


def test_operands_in_one_place_are_an_error():
    _, layers = network(3)
    decisions = decide_greedily(layers, TARGET)
    first, second = layers.layers[2].sources
    place = decisions.readings[2, first].place
    moved = replace(decisions.readings[2, second], place=place)
    with pytest.raises(ValueError, match="values that layer 2 reads lie in the same place"):
        replace(decisions, readings={**decisions.readings, (2, second): moved})


def test_every_move_is_the_same_network():
    graph, layers = network(3)
    start = decide_greedily(layers, TARGET)
    assert not any(streams(start, number) for number in range(3))
    seen = 0
    for number in range(3):
        for decisions in moves_of(start, number, TARGET):
            sound(realised(graph, layers, TARGET, decisions))
            seen += 1
    assert seen > 20

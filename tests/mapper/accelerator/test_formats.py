"""Images and constants as words."""

import numpy as np
import pytest

from golden.accelerator.instructions import Requantize, Table
from golden.accelerator.interpreter import execute
from golden.arith.fixed_point import multiply_by_quantized_multiplier
from mapper.accelerator.formats import formats, scaling_words, table_words
from mapper.accelerator.layers import Geometry, Image, Scaling
from tests.golden.accelerator.small import filled


def geometry(channels, width, taps, stride=1, pad=0, dilation=1):
    columns = (width + 2 * pad - dilation * (taps - 1) - 1) // stride + 1
    return Geometry(
        source=Image(1, width, channels),
        target=Image(1, columns, 1),
        taps_x=taps,
        stride_x=stride,
        dilation_x=dilation,
        pad_left=pad,
    )


@pytest.mark.parametrize(
    ("shape", "taps", "columns"),
    [
        (geometry(3, 32, 3, pad=1), 1, 3),
        (geometry(1, 10, 4, stride=2, pad=1), 1, 4),
        (geometry(3, 224, 7, stride=2, pad=3), 2, 4),
        (geometry(8, 20, 3), 2, 2),
        (geometry(2, 20, 2, stride=3), 1, 3),
        # Whole pixels: too many channels, one tap, or taps that are apart.
        (geometry(9, 20, 3), 3, 1),
        (geometry(3, 20, 1), 1, 1),
        (geometry(3, 20, 3, dilation=2), 3, 1),
    ],
)
def test_few_jobs(shape, taps, columns):
    plain, best = formats(shape, 16, diagonal=False)
    assert (best.taps_x, best.columns) == (taps, columns)
    assert (plain.columns, plain.taps_x) == (1, shape.taps_x)
    assert (best == plain) == (columns == 1)
    # What the last tap of the last output column reads is there.
    last = (shape.target.width - 1) * best.stride_x + (taps - 1) * best.dilation_x
    assert columns == 1 or last == best.width - 1
    assert formats(shape, 16, diagonal=True)[1] == plain


def test_scaling_is_what_requantization_reads():
    rng = np.random.default_rng(0)
    machine = filled(rng, 8)
    channels = 13
    scaling = Scaling(
        bias=rng.integers(-1000, 1000, channels),
        multiplier=rng.integers(2**30, 2**31, channels),
        shift=rng.integers(-8, 0, channels),
    )
    words = scaling_words(scaling, 8)
    assert words.shape == (18, 8)
    machine.parameters[:18] = words
    sums = rng.integers(-3000, 3000, (2, 8))
    machine.accumulators[:2] = sums
    execute(machine, Requantize(blocks=2, zero_point=3))
    expected = [
        multiply_by_quantized_multiplier(total + bias, integer, shift) + 3
        for total, bias, integer, shift in zip(
            sums.reshape(-1)[:channels].tolist(),
            scaling.bias.tolist(),
            scaling.multiplier.tolist(),
            scaling.shift.tolist(),
            strict=True,
        )
    ]
    assert (
        machine.activations[:2].reshape(-1)[:channels].tolist()
        == np.clip(expected, -128, 127).tolist()
    )


@pytest.mark.parametrize("lanes", [3, 8, 16])
def test_tables(lanes):
    rng = np.random.default_rng(1)
    machine = filled(rng, lanes)
    table = rng.integers(-128, 128, 256).astype(np.int8)
    words = table_words(table, lanes)
    machine.parameters[: len(words)] = words
    values = machine.activations[0].astype(int)
    execute(machine, Table(target=5))
    assert machine.activations[5].tolist() == table[values + 128].tolist()

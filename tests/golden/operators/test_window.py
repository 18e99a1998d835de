"""Geometry of sliding windows."""

import numpy as np
import pytest

from golden.operators import Window


def test_defaults():
    window = Window(kernel=(3, 2))
    assert (window.strides, window.dilations, window.pads) == ((1, 1), (1, 1), (0, 0, 0, 0))


def test_columns_are_windows_in_order_of_channel_then_kernel():
    values = np.arange(2 * 2 * 3 * 3).reshape(2, 2, 3, 3)
    columns = Window(kernel=(2, 2)).columns(values, 0)
    assert columns.shape == (8, 8)
    assert columns[0].tolist() == [0, 1, 3, 4, 9, 10, 12, 13]
    assert columns[3].tolist() == [4, 5, 7, 8, 13, 14, 16, 17]
    assert columns[4].tolist() == [18, 19, 21, 22, 27, 28, 30, 31]


def test_ceil_mode_keeps_an_overhanging_window_but_none_that_begins_in_padding():
    assert Window(kernel=(2,), strides=(2,)).output_size((5,)) == (2,)
    assert Window(kernel=(2,), strides=(2,), ceil_mode=True).output_size((5,)) == (3,)
    padded = Window(kernel=(2,), strides=(2,), pads=(0, 1), ceil_mode=True)
    assert padded.output_size((4,)) == (2,)


def test_counts():
    window = Window(kernel=(3,), strides=(2,), pads=(1, 1), ceil_mode=True)
    assert window.counts((4,), include_pads=False).tolist() == [2, 3, 1]
    assert window.counts((4,), include_pads=True).tolist() == [3, 3, 2]
    overhang = Window(kernel=(3,), strides=(3,), ceil_mode=True)
    assert overhang.counts((4,), include_pads=True).tolist() == [3, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kernel": (0, 1)}, r"kernel, strides and dilations are at least 1, not \(0, 1\)"),
        ({"dilations": (1, 0)}, "kernel, strides and dilations are at least 1"),
        ({"pads": (1, 1)}, "pads must have 4 numbers for a window of 2 axes, not 2"),
        ({"pads": (0, 0, 0, -1)}, "pads are at least 0"),
    ],
)
def test_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        Window(**{"kernel": (2, 2), **changes})


def test_refuses_other_ranks():
    with pytest.raises(ValueError, match=r"window of 2 axes does not fit spatial shape \(5,\)"):
        Window(kernel=(2, 2)).output_size((5,))

"""The picture of a schedule."""

from io import BytesIO

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from tests.mapper.scheduling.test_checker import ROOMY, TIGHT, network
from tilewright.plots.memory_maps import memory_map


def test_the_picture_has_axes_with_units_and_a_rectangle_for_each():
    figure = memory_map(network(), TIGHT)
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "address (bytes)")
    assert axes.get_xlim() == (0, 4)
    assert axes.get_ylim() == (0, 14)
    drawn = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert len(drawn) == 6
    boxes = {(p.get_x(), p.get_y(), p.get_width(), p.get_height()) for p in drawn}
    assert (3, 0, 1, 4) in boxes
    names = {text.get_text() for text in axes.findobj(Text)}
    assert {"x", "w", "a", "b", "y"} <= names
    keys = [text.get_text() for text in figure.legends[0].get_texts()]
    assert keys == ["activation", "weight", "back from memory", "copied to memory"]


def test_it_renders():
    file = BytesIO()
    memory_map(network(), ROOMY).savefig(file, format="png")
    file.seek(0)
    from matplotlib.image import imread

    pixels = imread(file)
    # Not a blank sheet: the two colours of tensors take a good part of it.
    assert len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0)) > 20

"""What all pictures share: colours, sizes, units."""

from collections.abc import Mapping
from io import BytesIO
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "BLUE",
    "BOUND_COLOURS",
    "GREEN",
    "GREY",
    "ORANGE",
    "PINK",
    "RED",
    "SKY",
    "UNIT_COLOURS",
    "Picture",
    "byte_unit",
    "new_axes",
]

# Okabe and Ito's colours, which people see alike whatever their sight.
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
BLUE: Final = "#0072B2"
RED: Final = "#D55E00"
PINK: Final = "#CC79A7"
GREY: Final = "#999999"

BOUND_COLOURS: Mapping[str | None, str] = {
    "compute": GREEN,
    "dram": RED,
    "scratchpad": PINK,
    "dependency": GREY,
    None: GREY,
}
"""Of layers, by what bounds them."""

UNIT_COLOURS: Mapping[str, str] = {
    "load": BLUE,
    "execute": GREEN,
    "vector": PINK,
    "store": ORANGE,
}

_UNITS = ((1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes"))


class Picture(Figure):
    """A figure that notebooks show without further ado."""

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def new_axes(width: float = 8.0, height: float = 4.5) -> tuple[Figure, Axes]:
    """A figure with one pair of axes.

    Parameters
    ----------
    width, height : float
        Inches.
    """
    figure = Picture(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def byte_unit(most: float) -> tuple[int, str]:
    """Bytes of a unit, and its name, that suit numbers up to ``most`` bytes."""
    return next((size, name) for size, name in _UNITS if most >= 4 * size or size == 1)

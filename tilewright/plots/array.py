"""A systolic array, and which operand goes where in it."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from golden.engines.systolic import Dataflow, Params
from tilewright.plots.style import BLUE, GREEN, ORANGE, SKY, new_axes

__all__ = ["Flow", "array_diagram", "flow_of"]

_SHOWN = 4
"""Rows and columns that are drawn of a larger array; the last of them is the array's last."""


@dataclass(frozen=True)
class Flow:
    """Where operands of a dataflow are.

    Parameters
    ----------
    rests : str
        In the elements.
    right, down : str
        Move from the left, and from above.
    """

    rests: str
    right: str
    down: str


_FLOWS = {
    Dataflow.OS: Flow("sums", "activations", "weights"),
    Dataflow.WS: Flow("weights", "activations", "sums"),
    Dataflow.IS: Flow("activations", "weights", "sums"),
}

_COLOURS = {"activations": BLUE, "weights": ORANGE, "sums": GREEN}


def flow_of(params: Params) -> Flow:
    """What rests in an array, and what moves."""
    return _FLOWS[params.dataflow]


def array_diagram(params: Params) -> Figure:
    """Draw the elements of an array, and arrows for what moves through them.

    Parameters
    ----------
    params : golden.engines.systolic.Params
    """
    rows, cols = _places(params.rows), _places(params.cols)
    flow = flow_of(params)
    figure, axes = new_axes(width=1.6 + len(cols), height=1.8 + len(rows))
    for y, row in enumerate(rows):
        for x, col in enumerate(cols):
            axes.add_patch(Rectangle((x - 0.3, y - 0.3), 0.6, 0.6, facecolor=SKY, alpha=0.5))
            axes.text(x, y, f"{row},{col}", ha="center", va="center", fontsize="small")
    _arrows(axes, flow, len(rows), len(cols))
    down, across, streams = (dim.value.upper() for dim in params.array_dims)
    axes.set(
        xlim=(-1, len(cols) - 0.2),
        ylim=(len(rows) - 0.2, -1),
        aspect="equal",
        xlabel=f"column of {params.cols} (dimension {across})",
        ylabel=f"row of {params.rows} (dimension {down})",
        title=f"{params.rows}×{params.cols}, {flow.rests} rest, {streams} streams",
    )
    axes.set_xticks(range(len(cols)), [str(col) for col in cols])
    axes.set_yticks(range(len(rows)), [str(row) for row in rows])
    for name, where in ((flow.right, "→"), (flow.down, "↓")):
        axes.plot([], [], color=_COLOURS[name], label=f"{where} {name}")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _places(count: int) -> list[int]:
    """Indices that are drawn."""
    return list(range(count)) if count <= _SHOWN else [*range(_SHOWN - 1), count - 1]


def _arrows(axes: Axes, flow: Flow, rows: int, cols: int) -> None:
    for y in range(rows):
        for x in range(cols):
            _arrow(axes, (x - 0.7, y), (x - 0.3, y), _COLOURS[flow.right])
            _arrow(axes, (x, y - 0.7), (x, y - 0.3), _COLOURS[flow.down])


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.4})

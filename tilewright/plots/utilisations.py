"""How much of the engine each layer uses."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tilewright.plots.style import BOUND_COLOURS, new_axes
from tilewright.results import read_result

__all__ = ["utilisation"]


def utilisation(result: Mapping[str, Any]) -> Figure:
    """Draw a bar for each layer, from above, coloured by what bounds it.

    Parameters
    ----------
    result : mapping
        JSON of ``run`` or ``simulate``.

    Raises
    ------
    UserError
        If it is none.
    """
    read = read_result(result)
    layers = read.layers
    figure, axes = new_axes(height=max(2.5, 1.2 + 0.28 * len(layers)))
    axes.barh(
        range(len(layers)),
        [100 * layer.utilisation for layer in layers],
        color=[BOUND_COLOURS[layer.bound_by] for layer in layers],
    )
    axes.set_yticks(range(len(layers)), [layer.name for layer in layers])
    axes.invert_yaxis()
    axes.set(
        xlim=(0, 100),
        xlabel="multiply-accumulates of the engine in use (%)",
        ylabel="layer",
        title=read.title,
    )
    bounds = dict.fromkeys(layer.bound_by for layer in layers if layer.bound_by)
    if bounds:
        keys = [Patch(color=BOUND_COLOURS[bound], label=f"bound by {bound}") for bound in bounds]
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), frameon=False)
    return figure

"""Layers under the roof of their accelerator."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from golden.errors import UserError
from tilewright.plots.style import BOUND_COLOURS, new_axes
from tilewright.results import read_result

__all__ = ["roofline"]


def roofline(result: Mapping[str, Any]) -> Figure:
    """Draw what layers reach over what they ask of memory, and the roof.

    Layers that move no byte stand at the right edge; those without products have no place.

    Parameters
    ----------
    result : mapping
        JSON of ``run`` or ``simulate`` on an accelerator.

    Raises
    ------
    UserError
        If it is none, or is that of a bare engine, which has no memory to wait for.
    """
    read = read_result(result)
    if read.ceilings is None:
        raise UserError("a bare engine has no roofline: its memory is ideal")
    peak, bandwidth = read.ceilings
    placed = [layer for layer in read.layers if layer.macs and layer.macs_per_cycle]
    ridge = peak / bandwidth
    known = [layer.macs_per_byte for layer in placed if layer.macs_per_byte]
    low, high = min([ridge, *known]) / 2, max([ridge, *known]) * 4
    figure, axes = new_axes()
    axes.plot([low, ridge, high], [low * bandwidth, peak, peak], color="black", linewidth=1.2)
    shown = set()
    for layer in placed:
        assert layer.macs_per_cycle is not None  # placed
        axes.scatter(
            layer.macs_per_byte or high,
            layer.macs_per_cycle,
            s=40,
            color=BOUND_COLOURS[layer.bound_by],
            marker="o" if layer.macs_per_byte else ">",
            label=None if layer.bound_by in shown else f"bound by {layer.bound_by}",
            clip_on=False,
            zorder=3,
        )
        shown.add(layer.bound_by)
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(low, high),
        xlabel="MACs per byte of DRAM (▸ no bytes)",
        ylabel="MACs per clock cycle",
        title=read.title,
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure

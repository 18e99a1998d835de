"""How busy the units of an accelerator are over the cycles of a run."""

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from matplotlib.figure import Figure

from golden.errors import UserError
from tilewright.plots.style import UNIT_COLOURS, new_axes
from tilewright.results import UNITS, read_result

__all__ = ["timeline"]

_LANE = 0.8
"""Of the distance between units."""


def timeline(result: Mapping[str, Any]) -> Figure:
    """Draw a lane for each unit, filled as far as it is busy, and where layers end.

    Parameters
    ----------
    result : mapping
        JSON of ``run`` or ``simulate`` on an accelerator. Without its ``timeline``, units are as
        busy in all of a layer as they are on average.

    Raises
    ------
    UserError
        If it is none, or is that of a bare engine.
    """
    read = read_result(result)
    if read.timeline is None:
        raise UserError("a bare engine has no timeline: it has one unit, which always works")
    edges = read.timeline.edges_cycles
    figure, axes = new_axes(width=10, height=3.5)
    for lane, unit in enumerate(reversed(UNITS)):
        filled = [lane + _LANE * share for share in read.timeline.busy[unit]]
        axes.stairs(filled, edges, baseline=lane, fill=True, color=UNIT_COLOURS[unit])
    for end in accumulate(layer.cycles for layer in read.layers):
        axes.axvline(end, color="black", linewidth=0.5, alpha=0.4)
    axes.set_yticks([lane + _LANE / 2 for lane in range(len(UNITS))], reversed(UNITS))
    axes.set(
        xlim=(0, max(edges[-1], 1)),
        ylim=(-0.1, len(UNITS)),
        xlabel="time (clock cycles)",
        ylabel="unit (height: part of the time)",
        title=f"{read.title}; lines: layers end",
    )
    return figure

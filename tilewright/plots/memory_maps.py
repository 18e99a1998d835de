"""A schedule as rectangles: tensors over time and address."""

from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.schedule import Schedule
from tilewright.plots.style import ORANGE, RED, SKY, byte_unit, new_axes
from tilewright.residencies import residencies

__all__ = ["memory_map"]

_ACTIVATION, _WEIGHT, _RETRIEVED = SKY, ORANGE, RED
_SPILLED = "black"

_TALL_SHARE, _LETTER_SHARE = 0.03, 0.007
"""Shares of the picture that a name takes: of the height, and of the width for each letter."""


def memory_map(graph: SizedGraph, schedule: Schedule) -> Figure:
    """The picture of a schedule: steps from left to right, addresses from below.

    A tensor that comes back from memory is hatched; a line within a rectangle is a copy to memory.

    Parameters
    ----------
    graph : SizedGraph
    schedule : Schedule

    Returns
    -------
    matplotlib.figure.Figure
        To be saved by its ``savefig``.
    """
    entries = residencies(graph, schedule)
    unit, name = byte_unit(schedule.capacity_bytes)
    count, height = len(schedule.steps), schedule.capacity_bytes / unit
    figure, axes = new_axes(width=min(8 + count / 40, 16), height=5)
    for entry in entries:
        weight = graph.tensors[entry.tensor].is_weight
        width, tall = entry.last - entry.first + 1, entry.size_bytes / unit
        bottom = entry.address / unit
        axes.add_patch(
            Rectangle(
                (entry.first, bottom),
                width,
                tall,
                facecolor=_WEIGHT if weight else _ACTIVATION,
                edgecolor=_RETRIEVED if entry.retrieved else "white",
                hatch="//" if entry.retrieved else None,
                linewidth=0.5,
            )
        )
        if entry.spilled is not None:
            axes.plot([entry.spilled] * 2, [bottom, bottom + tall], color=_SPILLED, linewidth=2)
        room = _LETTER_SHARE * len(entry.tensor) * count
        if width >= room and tall >= _TALL_SHARE * height:
            axes.text(
                entry.first + width / 2,
                bottom + tall / 2,
                entry.tensor,
                ha="center",
                va="center",
                fontsize="xx-small",
                clip_on=True,
            )
    axes.set(
        xlim=(0, count),
        ylim=(0, height),
        xlabel="step",
        ylabel=f"address ({name})",
        title=f"{graph.name} in {schedule.capacity_bytes:,} bytes",
    )
    keys = [Patch(facecolor=_ACTIVATION, label="activation")]
    if any(graph.tensors[entry.tensor].is_weight for entry in entries):
        keys.append(Patch(facecolor=_WEIGHT, label="weight"))
    if any(entry.retrieved for entry in entries):
        keys.append(
            Patch(facecolor="white", edgecolor=_RETRIEVED, hatch="//", label="back from memory")
        )
    if any(entry.spilled is not None for entry in entries):
        keys.append(Patch(facecolor=_SPILLED, label="copied to memory"))
    figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), frameon=False)
    return figure

"""A schedule as rectangles: tensors over time and address."""

from collections.abc import Iterator
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.schedule import Schedule

__all__ = ["Residency", "memory_map", "residencies"]

# Okabe and Ito's colours, which people see alike whatever their sight.
_ACTIVATION, _WEIGHT, _RETRIEVED = "#56B4E9", "#E69F00", "#D55E00"
_SPILLED = "black"

_TALL_SHARE, _LETTER_SHARE = 0.03, 0.007
"""Shares of the picture that a name takes: of the height, and of the width for each letter."""

_UNITS = ((1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes"))


@dataclass(frozen=True, kw_only=True)
class Residency:
    """A tensor at one address, without a break.

    Parameters
    ----------
    tensor : str
    address, size_bytes : int
    first, last : int
        Steps, both included.
    retrieved : bool
        Whether it came from memory, and not from an operator; of weights whether it came again.
    spilled : int, optional
        Step before which it is copied to memory.
    """

    tensor: str
    address: int
    size_bytes: int
    first: int
    last: int
    retrieved: bool
    spilled: int | None


def residencies(graph: SizedGraph, schedule: Schedule) -> list[Residency]:
    """Rectangles of a schedule, in the order in which they begin."""
    return sorted(_residencies(graph, schedule), key=lambda entry: (entry.first, entry.address))


def _residencies(graph: SizedGraph, schedule: Schedule) -> Iterator[Residency]:
    open_: dict[str, tuple[int, int, bool]] = {}
    spilled: dict[str, int] = {}
    met: set[str] = set()

    def closed(name: str, end: int) -> Residency:
        address, first, again = open_.pop(name)
        return Residency(
            tensor=name,
            address=address,
            size_bytes=graph.tensors[name].size_bytes,
            first=first,
            last=end - 1,
            retrieved=again,
            spilled=spilled.pop(name, None),
        )

    for number, step in enumerate(schedule.steps):
        places = {place.tensor: place.address for place in step.resident}
        for name in step.spilled:
            spilled[name] = number
        for name in list(open_):
            if places.get(name) != open_[name][0] or name in step.retrieved:
                yield closed(name, number)
        for name, address in places.items():
            if name not in open_:
                again = name in step.retrieved and not (
                    graph.tensors[name].is_weight and name not in met
                )
                open_[name] = (address, number, again)
        met.update(places)
    for name in list(open_):
        yield closed(name, len(schedule.steps))


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
    unit, name = next((u, n) for u, n in _UNITS if schedule.capacity_bytes >= 4 * u or u == 1)
    count, height = len(schedule.steps), schedule.capacity_bytes / unit
    figure = Figure(figsize=(min(8 + count / 40, 16), 5), layout="constrained")
    axes = figure.add_subplot()
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

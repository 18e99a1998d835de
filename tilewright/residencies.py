"""A schedule as rectangles: how long each tensor lies where."""

from collections.abc import Iterator
from dataclasses import dataclass

from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.schedule import Schedule

__all__ = ["Residency", "residencies"]


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

"""Good orders to begin from."""

from functools import cached_property, partial

from mapper import clock
from mapper.scheduling.footprint import least_peak, listed_order
from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.optimal.segments import Segment

__all__ = ["Orders"]

_PEAK_STATES = 3_000
"""States of the search for an order of small peak."""


class Orders:
    """Orders of the whole, found when they are needed, and of its parts.

    Parameters
    ----------
    graph : SizedGraph
    deadline : float
        Time of `mapper.clock.now` after which none is searched for.
    """

    def __init__(self, graph: SizedGraph, deadline: float) -> None:
        self._graph = graph
        self._deadline = deadline

    @cached_property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """One of small peak, if there is time to find it, and the listed one."""
        orders = [listed_order(self._graph)]
        if clock.now() < self._deadline:
            orders.insert(0, least_peak(self._graph, max_states=_PEAK_STATES).order)
        return tuple(dict.fromkeys(orders))

    @cached_property
    def _ranks(self) -> list[dict[int, int]]:
        number = {operator.name: index for index, operator in enumerate(self._graph.operators)}
        return [{number[name]: rank for rank, name in enumerate(order)} for order in self.names]

    def of(self, part: Segment) -> list[list[int]]:
        """The same of a part; what ran before the part is first in it."""

        def place(rank: dict[int, int], index: int) -> int:
            op = part.operators[index]
            return -1 if op == part.begins_with else rank[op]

        return [
            sorted(range(len(part.operators)), key=partial(place, rank)) for rank in self._ranks
        ]

"""Runs operators in an order, evicting what is in the way and fetching what is missing.

Before an operator runs, its tensors that are not there have to come: outputs, inputs from memory,
all at once. While there is no room for them, residents that it does not touch are evicted, as the
replacement says; they are spilled where memory has no copy. If that does not do, its own inputs
are evicted too, and come again with the others. What no operator reads later is dropped as soon as
an operator has run, and nothing is fetched ahead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mapper import clock
from mapper.scheduling.baselines.arena import lacking_bytes, place
from mapper.scheduling.baselines.replacement import Replacement, Resident, victims
from mapper.scheduling.graph import INPUT, SizedGraph, SizedOperator

__all__ = ["Arena", "Moves", "Room", "Sums", "moves"]


@dataclass(frozen=True, kw_only=True)
class Moves:
    """A step without addresses.

    Parameters
    ----------
    operator : SizedOperator
    resident, spilled, retrieved : tuple of str
        As those of a `mapper.scheduling.schedule.Step`, without addresses.
    """

    operator: SizedOperator
    resident: tuple[str, ...]
    spilled: tuple[str, ...]
    retrieved: tuple[str, ...]


class Room(Protocol):
    """Says whether tensors have room."""

    def take(self, incoming: Sequence[str], step: int) -> int:
        """Let tensors in if all have room; otherwise bytes that lack."""

    def release(self, name: str) -> None:
        """Let a tensor out."""


class Sums:
    """Room by the sum of sizes.

    Parameters
    ----------
    sizes : mapping of str to int
        Bytes of all tensors.
    capacity_bytes : int
    """

    def __init__(self, sizes: Mapping[str, int], capacity_bytes: int) -> None:
        self._sizes = sizes
        self._free = capacity_bytes

    def take(self, incoming: Sequence[str], step: int) -> int:
        """Let tensors in if their sum fits; otherwise bytes that lack."""
        lacking = sum(self._sizes[name] for name in incoming) - self._free
        if lacking > 0:
            return lacking
        self._free = -lacking
        return 0

    def release(self, name: str) -> None:
        """Let a tensor out."""
        self._free += self._sizes[name]


class Arena:
    """Room by TFLite's arena, with what is there at the moment.

    Parameters
    ----------
    sizes : mapping of str to int
        Bytes of all tensors.
    capacity_bytes : int

    Attributes
    ----------
    addresses : dict of (str, int) to int
        Of each tensor that came, with the step.
    """

    def __init__(self, sizes: Mapping[str, int], capacity_bytes: int) -> None:
        self._sizes = sizes
        self._capacity_bytes = capacity_bytes
        self._resident: dict[str, int] = {}
        self.addresses: dict[tuple[str, int], int] = {}

    def take(self, incoming: Sequence[str], step: int) -> int:
        """Let tensors in if the arena finds places; otherwise bytes that lie outside."""
        placed = place(self._resident, incoming, self._sizes)
        lacking = lacking_bytes(placed, self._sizes, self._capacity_bytes)
        if not lacking:
            self._resident |= placed
            self.addresses |= {(name, step): at for name, at in placed.items()}
        return lacking

    def release(self, name: str) -> None:
        """Let a tensor out."""
        del self._resident[name]


def moves(
    graph: SizedGraph,
    order: Sequence[SizedOperator],
    room: Room,
    replacement: Replacement,
    *,
    solver: str | None,
    deadline: float,
) -> list[Moves] | None:
    """What happens in each step; None if time is over before the end.

    Parameters
    ----------
    graph : SizedGraph
        None of its operators may need more than the scratchpad has.
    order : sequence of SizedOperator
        All of them.
    room : Room
    replacement : Replacement
    solver : str, optional
        As for `victims`.
    deadline : float
        By `mapper.clock.now`.
    """
    running = _Running(graph, order, room, replacement, solver, deadline)
    steps = []
    for number in range(len(order)):
        if clock.now() >= deadline:
            return None
        steps.append(running.step(number))
    return steps


class _Running:
    """Who is there, and who has a copy in memory."""

    def __init__(
        self,
        graph: SizedGraph,
        order: Sequence[SizedOperator],
        room: Room,
        replacement: Replacement,
        solver: str | None,
        deadline: float,
    ) -> None:
        self._graph = graph
        self._order = order
        self._room = room
        self._replacement = replacement
        self._solver = solver
        self._deadline = deadline
        self._resident: dict[str, None] = {}
        self._saved = {name for name, tensor in graph.tensors.items() if tensor.is_weight}
        # Steps that read each tensor, the last first, so that those that are over are popped.
        self._uses: dict[str, list[int]] = {name: [] for name in graph.tensors}
        for number in reversed(range(len(order))):
            for name in dict.fromkeys(order[number].inputs):
                self._uses[name].append(number)

    def step(self, number: int) -> Moves:
        operator = self._order[number]
        incoming = [name for name in operator.tensors if name not in self._resident]
        spilled: list[str] = []
        while lacking := self._room.take(incoming, number):
            for name in self._victims(operator, lacking):
                self._remove(name)
                if name not in self._saved:
                    spilled.append(name)
                    self._saved.add(name)
                if name in operator.inputs:
                    incoming.append(name)
        self._resident |= dict.fromkeys(incoming)
        result = Moves(
            operator=operator,
            resident=tuple(self._resident),
            spilled=tuple(spilled),
            retrieved=tuple(name for name in incoming if name not in operator.outputs),
        )
        self._finish(operator)
        return result

    def _victims(self, operator: SizedOperator, lacking: int) -> list[str]:
        others = [name for name in self._resident if name not in operator.inputs]
        return victims(
            self._replacement,
            [self._described(name) for name in others or self._resident],
            lacking,
            solver=self._solver,
            time_limit=max(0.0, self._deadline - clock.now()),
        )

    def _described(self, name: str) -> Resident:
        tensor = self._graph.tensors[name]
        return Resident(
            name=name,
            size_bytes=tensor.size_bytes,
            next_use=self._uses[name][-1],
            moved_bytes=tensor.copy_bytes * (1 if name in self._saved else 2),
        )

    def _remove(self, name: str) -> None:
        del self._resident[name]
        self._room.release(name)

    def _finish(self, operator: SizedOperator) -> None:
        for name in dict.fromkeys(operator.inputs):
            self._uses[name].pop()
        for name in operator.outputs:
            if operator.kind == INPUT or name in self._graph.outputs:
                self._saved.add(name)
        for name in operator.tensors:
            if not self._uses[name]:
                self._remove(name)

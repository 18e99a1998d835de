"""When instructions arrive: the program port and the buffer behind it.

The program's memory has a fixed latency and gives an instruction a beat. Bursts are asked for one
at a time: the next one when the last beat of the one before has arrived and the buffer has room for
a whole burst.
"""

from dataclasses import dataclass
from typing import NamedTuple

from golden.accelerator.encoding import HEADER_BYTES, INSTRUCTION_BYTES

__all__ = ["BURST_BEATS", "Fetch", "FetchSituation"]

BURST_BEATS = 8
"""Instructions of a burst. The buffer has room for two bursts."""

HEADER_BEATS = HEADER_BYTES // INSTRUCTION_BYTES
FIRST_REQUEST = 0
"""Cycle in which the first burst is asked for."""
ARRIVAL_TO_DISPATCH = 1
"""Cycles from a beat's arrival to the first in which it can be dispatched; at most a burst."""


class FetchSituation(NamedTuple):
    """State relative to the last dispatch, without what is too long ago to matter."""

    position: int
    current: int
    following: int


@dataclass
class Fetch:
    """Beats of the program, one after the other.

    Parameters
    ----------
    latency : int
        Cycles from the acceptance of a burst to its first beat.
    """

    latency: int

    def __post_init__(self) -> None:
        self._position = 0
        self._current = FIRST_REQUEST + self.latency
        self._following = self._current + BURST_BEATS + self.latency
        for _ in range(HEADER_BEATS):
            self.take(self.ready())

    def ready(self) -> int:
        """First cycle in which the next beat can leave."""
        return self._current + self._position + ARRIVAL_TO_DISPATCH

    def take(self, cycle: int) -> None:
        """The next beat leaves in ``cycle``."""
        self._position += 1
        if self._position == BURST_BEATS:
            # The burst after the next one takes the room of the one that has left.
            self._position = 0
            self._current = self._following
            self._following = max(self._current + BURST_BEATS, cycle + 1) + self.latency

    def bytes_until(self, cycle: int, instructions: int) -> int:
        """Bytes that have arrived by the end of ``cycle``, after the end of the program was taken.

        Parameters
        ----------
        cycle : int
        instructions : int
            Without the end.
        """
        bursts = -(-(HEADER_BEATS + instructions + 1) // BURST_BEATS)
        beats = bursts * BURST_BEATS
        if self._position:
            beats += min(cycle - self._current + 1 - BURST_BEATS, 0)
        return beats * INSTRUCTION_BYTES

    def situation(self, last: int) -> FetchSituation:
        """State after a dispatch in cycle ``last``, from which all that follows can be told."""
        position = self._position
        # The next beat is taken in ``last + 1`` or later; and a burst that has arrived by then has
        # arrived before the end, for `bytes_until`.
        present = 1 - max(ARRIVAL_TO_DISPATCH + position, BURST_BEATS - 1)
        return FetchSituation(
            position,
            max(self._current - last, present),
            max(self._following - last, 1 - position),
        )

    def restore(self, situation: FetchSituation, last: int) -> None:
        """Go to a state in which the last dispatch was in cycle ``last``."""
        self._position = situation.position
        self._current = situation.current + last
        self._following = situation.following + last

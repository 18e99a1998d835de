"""Who may look on while a run is simulated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sim.accelerator.compilation import Compiled, Op

__all__ = ["Recorder", "Recorders"]


class Recorder(Protocol):
    """Is told of every instruction."""

    def begin(self, program: Compiled) -> None:
        """Learn what will run."""

    def instruction(self, op: Op, dispatched: int, start: int, end: int) -> None:
        """Learn when an instruction left the fetch unit, and its first and last busy cycle."""


@dataclass(frozen=True)
class Recorders:
    """Several as one.

    Parameters
    ----------
    each : sequence of Recorder
    """

    each: Sequence[Recorder]

    def begin(self, program: Compiled) -> None:
        """Tell all."""
        for recorder in self.each:
            recorder.begin(program)

    def instruction(self, op: Op, dispatched: int, start: int, end: int) -> None:
        """Tell all."""
        for recorder in self.each:
            recorder.instruction(op, dispatched, start, end)

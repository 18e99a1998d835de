"""Traces that Perfetto and Chrome open: a track for each unit, a slice for each instruction."""

import json
from types import TracebackType
from typing import Any, Self, TextIO

from sim.accelerator.compilation import UNITS, Compiled, Op

__all__ = ["Trace"]


class Trace:
    """Writes a trace while the simulation runs; a context manager.

    Times are cycles, which viewers show as microseconds.

    Parameters
    ----------
    file : text file
        It is left open.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._names: list[str] = []

    def __enter__(self) -> Self:
        self._file.write('{"displayTimeUnit": "ns", "traceEvents": [\n')
        head: dict[str, Any] = {"ph": "M", "pid": 0, "name": "process_name"}
        self._file.write(json.dumps({**head, "args": {"name": "accelerator"}}))
        for track, unit in enumerate(UNITS):
            self._event(ph="M", pid=0, tid=track, name="thread_name", args={"name": unit.value})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.write("\n]}\n")

    def begin(self, program: Compiled) -> None:
        """Learn the names of instructions."""
        self._names = [type(kind.instruction).__name__ for kind in program.kinds]

    def instruction(self, op: Op, dispatched: int, start: int, end: int) -> None:
        """Write an instruction."""
        self._event(
            ph="X",
            pid=0,
            tid=op.unit,
            name=self._names[op.kind],
            ts=start,
            dur=end - start + 1,
            args={"dispatched": dispatched},
        )

    def _event(self, **fields: Any) -> None:
        self._file.write(",\n" + json.dumps(fields))

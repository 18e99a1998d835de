"""Drivers and checkers of ready/valid streams, one object a port.

Everything happens right after a rising edge: signals read there still have the values from
before it, and what is driven there holds until the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

__all__ = ["Sink", "Source"]


class Source:
    """Offers beats to an input stream; the payload is random whenever nothing is offered.

    Parameters
    ----------
    dut : cocotb handle
    name : str
        Of the port.
    bits : int
        Of its payload.
    random : Random
    """

    def __init__(self, dut: Any, name: str, bits: int, random: Random) -> None:
        self.name = name
        self._payload = dut[f"{name}__payload"]
        self._valid = dut[f"{name}__valid"]
        self._ready = dut[f"{name}__ready"]
        self._bits = bits
        self._random = random
        self._beats: Sequence[int] = ()
        self._next = 0
        self._pause = 0.0
        self._offered = False
        self._release()

    @property
    def done(self) -> bool:
        """Every beat was taken."""
        return self._next == len(self._beats)

    def start(self, beats: Sequence[int], pause: float) -> None:
        """Begin to offer ``beats``, pausing before each with probability ``pause`` a cycle."""
        self._beats, self._next, self._pause = beats, 0, pause
        self._release()
        self._offer()

    def stop(self) -> None:
        """Withdraw everything, as a reset does."""
        self._beats, self._next = (), 0
        self._release()

    def step(self) -> bool:
        """Look at the cycle that has ended and drive the next; whether a beat was taken."""
        if self._offered:
            if not self._ready.value:
                return False
            self._next += 1
            self._offer()
            return True
        if self._next < len(self._beats):
            self._offer()
        return False

    def _offer(self) -> None:
        if self.done or (self._pause and self._random.random() < self._pause):
            self._release()
            return
        self._payload.value = self._beats[self._next]
        if not self._offered:
            self._valid.value = 1
            self._offered = True

    def _release(self) -> None:
        self._payload.value = self._random.getrandbits(self._bits)
        self._valid.value = 0
        self._offered = False


@dataclass
class Tally:
    """What a sink has seen in one case."""

    beats: int = 0
    violations: list[str] = field(default_factory=list)
    mismatches: list[tuple[int, int, int]] = field(default_factory=list)


class Sink:
    """Takes beats from an output stream, compares them and watches the stream rules.

    Parameters
    ----------
    dut : cocotb handle
    name : str
        Of the port.
    random : Random
    """

    def __init__(self, dut: Any, name: str, random: Random) -> None:
        self.name = name
        self._payload = dut[f"{name}__payload"]
        self._valid = dut[f"{name}__valid"]
        self._ready = dut[f"{name}__ready"]
        self._random = random
        self.tally = Tally()
        self._expected: Sequence[int] = ()
        self._mask: Sequence[int] = ()
        self._pause = 0.0
        self._lazy = False
        self._is_ready = False
        self._held: int | None = None
        self._set_ready(False)

    @property
    def done(self) -> bool:
        """Every expected beat has come."""
        return self.tally.beats >= len(self._expected)

    def start(self, expected: Sequence[int], mask: Sequence[int], pause: float, lazy: bool) -> None:
        """Begin to take beats that should equal ``expected`` where ``mask`` has ones."""
        self._expected, self._mask, self._pause, self._lazy = expected, mask, pause, lazy
        self.tally = Tally()
        self._held = None
        self._set_ready(not lazy and not self._paused())

    def stop(self) -> None:
        """Expect nothing, as after a reset; what still comes is a violation."""
        self.start((), (), 0.0, False)

    def step(self) -> bool:
        """Look at the cycle that has ended and drive the next; whether a beat was taken."""
        valid = bool(self._valid.value)
        if self._held is not None:
            if not valid:
                self.tally.violations.append(f"{self.name}: valid fell before the transfer")
            elif int(self._payload.value) != self._held:
                self.tally.violations.append(f"{self.name}: payload changed before the transfer")
        taken = valid and self._is_ready
        self._held = int(self._payload.value) if valid and not taken else None
        if taken:
            self._compare(int(self._payload.value))
        if self._lazy:
            self._set_ready(valid and not taken)
        elif self._pause:
            self._set_ready(not self._paused())
        return taken

    def _compare(self, got: int) -> None:
        beat = self.tally.beats
        self.tally.beats += 1
        if beat >= len(self._expected):
            self.tally.violations.append(f"{self.name}: a beat more than expected")
        elif wrong := (got ^ self._expected[beat]) & self._mask[beat]:
            self.tally.mismatches.append((beat, got, wrong))

    def _paused(self) -> bool:
        return bool(self._pause) and self._random.random() < self._pause

    def _set_ready(self, ready: bool) -> None:
        self._ready.value = int(ready)
        self._is_ready = ready

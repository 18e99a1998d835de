"""How often signals change, from a trace in VCD."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Activities", "Activity", "read_activities"]


@dataclass(frozen=True)
class Activity:
    """Of one bit.

    Parameters
    ----------
    changes : float
        In a cycle of the clock.
    duty : float
        Part of the time in which it is 1.
    """

    changes: float
    duty: float


Activities = Mapping[str, Activity]
"""By name, as in `hw.synth.netlist.Netlist`: path of modules, signal, and index of the bit."""


def read_activities(lines: Iterable[str], top: str, *, clock: str, reset: str) -> Activities:
    """Activities of all signals from the last end of the reset to the end of the trace.

    Parameters
    ----------
    lines : iterable of str
        Of the VCD file. What is neither 0 nor 1 counts as 0.
    top : str
        Module whose signals have no path.
    clock, reset : str
        Signals of it.

    Raises
    ------
    ValueError
        If the trace lacks one of them, or has no cycle.
    """
    trace = _Trace()
    source = iter(lines)
    names = _read_header(source, top, trace)
    if clock not in names or reset not in names:
        raise ValueError(f"the trace has no {clock} or no {reset} in a module {top}")
    clock_id, reset_id = names[clock], names[reset]
    cycles = 0
    for line in source:
        first = line[:1]
        if first == "#":
            trace.time = int(line[1:])
        elif first in "01xzXZ" and first:
            code, value = line[1:].strip(), first == "1"
            trace.change(code, int(value))
            if code == clock_id:
                cycles += value
            elif code == reset_id and not value:
                trace.restart()
                cycles = 0
        elif first in "bB" and first:
            text, code = line[1:].split()
            trace.change(code, int(text.translate(_KNOWN), 2))
    if not cycles:
        raise ValueError("the trace has no cycle after its reset")
    return dict(trace.activities(names, cycles))


_KNOWN = str.maketrans("xzXZ", "0000")


@dataclass
class _Bits:
    """What was seen of a signal's bits."""

    width: int
    value: int = 0
    changes: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)
    since: list[int] = field(default_factory=list)

    def restart(self, time: int) -> None:
        self.changes, self.high = [0] * self.width, [0] * self.width
        self.since = [time] * self.width


class _Trace:
    """Signals of a trace by their codes."""

    def __init__(self) -> None:
        self.time = 0
        self._begin = 0
        self._signals: dict[str, _Bits] = {}

    def add(self, code: str, width: int) -> None:
        if code not in self._signals:
            self._signals[code] = signal = _Bits(width)
            signal.restart(0)

    def restart(self) -> None:
        self._begin = self.time
        for signal in self._signals.values():
            signal.restart(self.time)

    def change(self, code: str, value: int) -> None:
        signal = self._signals.get(code)
        if signal is None:
            return
        differing = signal.value ^ value
        while differing:
            bit = (differing & -differing).bit_length() - 1
            differing &= differing - 1
            signal.changes[bit] += 1
            if signal.value >> bit & 1:
                signal.high[bit] += self.time - signal.since[bit]
            signal.since[bit] = self.time
        signal.value = value

    def activities(self, names: Mapping[str, str], cycles: int) -> Iterable[tuple[str, Activity]]:
        span = max(1, self.time - self._begin)
        for name, code in names.items():
            signal = self._signals[code]
            for bit in range(signal.width):
                high = signal.high[bit]
                if signal.value >> bit & 1:
                    high += self.time - signal.since[bit]
                label = f"{name}[{bit}]" if signal.width > 1 else name
                yield label, Activity(signal.changes[bit] / cycles, high / span)


def _read_header(source: Iterable[str], top: str, trace: _Trace) -> dict[str, str]:
    """Codes of the signals of a module and those below, by name."""
    names: dict[str, str] = {}
    path: list[str] = []
    for line in source:
        words = line.split()
        if not words:
            continue
        if words[0] == "$scope":
            path.append(words[2].removeprefix("\\"))
        elif words[0] == "$upscope":
            path.pop()
        elif words[0] == "$var" and top in path:
            inner = path[path.index(top) + 1 :]
            width, code, name = int(words[2]), words[3], words[4].removeprefix("\\")
            trace.add(code, width)
            names[".".join([*inner, name])] = code
        elif words[0] == "$enddefinitions":
            break
    return names

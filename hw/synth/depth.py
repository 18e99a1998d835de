"""Logic depth: gates on the longest path."""

from collections import deque
from dataclasses import dataclass

from golden.errors import UserError
from hw.synth.netlist import Gate, Netlist

__all__ = ["LongestPath", "longest_path"]


@dataclass(frozen=True, kw_only=True)
class LongestPath:
    """A path between flip-flops, memories and ports.

    Parameters
    ----------
    gates : int
        On it.
    start, end : str
        Signals.
    """

    gates: int
    start: str
    end: str


def longest_path(netlist: Netlist) -> LongestPath:
    """The path with the most gates.

    Raises
    ------
    UserError
        If logic has a loop.
    """
    driven = {net for gate in netlist.logic for net in gate.outputs.values()}
    waiting = {id(gate): len(_drivers(gate, driven)) for gate in netlist.logic}
    readers: dict[int, list[Gate]] = {}
    for gate in netlist.logic:
        for net in _drivers(gate, driven):
            readers.setdefault(net, []).append(gate)
    depth: dict[int, int] = {}
    before: dict[int, int] = {}
    ready = deque(gate for gate in netlist.logic if not waiting[id(gate)])
    done = 0
    while ready:
        gate = ready.popleft()
        done += 1
        deepest = max(gate.inputs.values(), key=lambda net: depth.get(net, 0), default=0)
        for net in gate.outputs.values():
            depth[net] = depth.get(deepest, 0) + 1
            before[net] = deepest
            for reader in readers.get(net, ()):
                waiting[id(reader)] -= 1
                if not waiting[id(reader)]:
                    ready.append(reader)
    if done < len(netlist.logic):
        raise UserError(f"the logic of {netlist.top} has a loop without a flip-flop")
    ends = netlist.ends()
    last = max(ends, key=lambda net: (depth.get(net, 0), ends[net]))
    first = last
    while first in before:
        first = before[first]
    starts = netlist.starts()
    return LongestPath(
        gates=depth.get(last, 0), start=starts.get(first, "a constant"), end=ends[last]
    )


def _drivers(gate: Gate, driven: set[int]) -> set[int]:
    """Nets at a gate's inputs that other gates drive."""
    return {net for net in gate.inputs.values() if net in driven}

"""Trees of buffers: few loads everywhere, and the same signal at every load."""

from typing import Any

import pytest

from hw.synth.fanout import MOST_LOADS, buffer_nets
from hw.synth.netlist import Netlist, flatten
from hw.synth.technology import LibraryCells
from tests.hw.synth.netlists import cell, library, module

LIBRARY = library()


def flat(modules: dict[str, Any]) -> Netlist:
    return flatten(modules, "top", LibraryCells(LIBRARY))


def source(netlist: Netlist, net: int) -> int:
    """The net behind all buffers."""
    before = {gate.outputs["Y"]: gate.inputs["A"] for gate in netlist.logic if gate.kind == "BUF2"}
    while net in before:
        net = before[net]
    return net


def loads(netlist: Netlist) -> dict[int, int]:
    found: dict[int, int] = {}
    for gate in (*netlist.logic, *netlist.state):
        for net in gate.inputs.values():
            found[net] = found.get(net, 0) + 1
    return found


def many_registers(count: int) -> dict[str, Any]:
    cells = {f"r{index}": cell("DFF", CK=2, D=3, Q=10 + index) for index in range(count)}
    outputs = {"q": [10 + index for index in range(count)]}
    return module({"ck": [2], "d": [3]}, outputs, cells)


@pytest.mark.parametrize("count", [1, 10, 11, 100, 101, 257])
def test_registers_of_one_net_see_it_through_buffers(count: int) -> None:
    modules = {"top": many_registers(count)}
    added = buffer_nets(modules, "top", LIBRARY)
    netlist = flat(modules)
    assert max(loads(netlist).values()) <= MOST_LOADS
    assert len(netlist.state) == count
    assert all(source(netlist, gate.inputs["D"]) == netlist.inputs["d"] for gate in netlist.state)
    assert added == len(netlist.logic)
    assert (added == 0) is (count <= MOST_LOADS)


@pytest.mark.parametrize(("inside", "places"), [(4, 3), (7, 30), (30, 30)])
def test_loads_inside_of_placed_modules_count(inside: int, places: int) -> None:
    part = many_registers(inside)
    cells = {
        f"p{index}": cell("part", ck=2, d=3, q=list(range(100 * index, 100 * index + inside)))
        for index in range(1, places + 1)
    }
    modules = {"part": part, "top": module({"ck": [2], "d": [3]}, {}, cells)}
    buffer_nets(modules, "top", LIBRARY)
    netlist = flat(modules)
    assert len(netlist.state) == inside * places
    assert max(loads(netlist).values()) <= MOST_LOADS
    assert all(source(netlist, gate.inputs["D"]) == netlist.inputs["d"] for gate in netlist.state)

"""Delay of chains of gates, computed by hand, from ABC and from OpenSTA."""

import shutil
from pathlib import Path

import pytest

from hw.synth.abc import time_by_abc
from hw.synth.netlist import Netlist, flatten
from hw.synth.opensta import opensta_version, time_by_opensta
from hw.synth.paths import CriticalPath
from hw.synth.technology import LibraryCells
from tests.hw.synth.netlists import cell, library, module
from tests.support.liberty import CLOCK_TO_OUTPUT_NS, GATE_NS, SETUP_NS

LIBRARY = library()


def chain(gates: int) -> Netlist:
    """Two registers with gates between them, and a shorter way beside."""
    cells = {"first": cell("DFF", CK=2, D=3, Q=10), "last": cell("DFF", CK=2, D=10 + gates, Q=4)}
    cells |= {f"g{i}": cell("NAND", A=10 + i, B=3, Y=11 + i) for i in range(gates)}
    top = module({"ck": [2], "d": [3]}, {"q": [4]}, cells)
    top["netnames"]["kept"] = {"hide_name": 0, "bits": [10]}
    return flatten({"top": top}, "top", LibraryCells(LIBRARY))


@pytest.fixture(params=["abc", "opensta"])
def timed(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> "Timer":
    if request.param == "opensta" and shutil.which("sta") is None:
        pytest.skip("OpenSTA is not installed")
    monkeypatch.chdir(tmp_path)
    return Timer(request.param)


class Timer:
    """One of the two tools."""

    def __init__(self, tool: str) -> None:
        self.tool = tool

    def __call__(self, netlist: Netlist) -> CriticalPath | None:
        if self.tool == "abc":
            return time_by_abc(netlist, LIBRARY)
        version = opensta_version()
        assert version is not None
        return time_by_opensta(netlist, LIBRARY, version)


@pytest.mark.parametrize("gates", [2, 7])
def test_a_chain_takes_the_sum_of_its_parts(timed: Timer, gates: int) -> None:
    path = timed(chain(gates))
    assert path is not None
    # A slope at an input, and none at a clock, may move a table's value by nothing: all are equal.
    expected = CLOCK_TO_OUTPUT_NS + gates * GATE_NS + SETUP_NS
    assert path.delay_ns == pytest.approx(expected, abs=0.002)
    assert (path.start, path.end) == ("kept", "q")
    assert path.tool.startswith(timed.tool)


def test_a_way_from_port_to_port_is_logic_alone(timed: Timer) -> None:
    cells = {
        "a": cell("INV", A=3, Y=4),
        "b": cell("INV", A=4, Y=5),
        "r": cell("DFF", CK=2, D=3, Q=6),
    }
    top = module({"ck": [2], "d": [3]}, {"z": [5]}, cells)
    path = timed(flatten({"top": top}, "top", LibraryCells(LIBRARY)))
    assert path is not None
    # The port itself is driven by a buffer, whose table has the same delay for every load.
    assert path.delay_ns == pytest.approx(2 * GATE_NS, abs=GATE_NS + 0.002)
    assert (path.start, path.end) == ("d", "z")


def test_registers_alone_have_no_logic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cells = {"r": cell("DFF", CK=2, D=3, Q=4)}
    top = module({"ck": [2], "d": [3]}, {"q": [4]}, cells)
    assert time_by_abc(flatten({"top": top}, "top", LibraryCells(LIBRARY)), LIBRARY) is None

"""Power of a few cells, computed by hand."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hw.synth.activity import Activity
from hw.synth.cut import cut_netlist
from hw.synth.liberty import Library
from hw.synth.netlist import Netlist, flatten
from hw.synth.opensta import opensta_version
from hw.synth.options import PORT_LOAD_FF, SynthesisError
from hw.synth.power import power_by_opensta
from hw.synth.technology import LibraryCells
from tests.hw.synth.netlists import cell, library, module

LIBRARY = library()
PIN_FF = 1.0
"""Of every input of the library."""


def registers(library: Library = LIBRARY, kind: str = "DFF", **pins: int) -> Netlist:
    """A register, an inverter, and a register behind it."""
    cells = {
        "first": cell(kind, CK=2, D=3, Q=10, **pins),
        "invert": cell("INV", A=10, Y=11),
        "last": cell("DFF", CK=2, D=11, Q=4),
    }
    top = module({"ck": [2], "d": [3], "e": [5]}, {"q": [4]}, cells)
    top["netnames"]["kept"] = {"hide_name": 0, "bits": [10]}
    return flatten({"top": top}, "top", LibraryCells(library))


def test_power_is_that_of_the_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("sta") is None:
        pytest.skip("OpenSTA is not installed")
    monkeypatch.chdir(tmp_path)
    version = opensta_version()
    assert version is not None
    activities = {"kept": Activity(0.4, 0.5), "q": Activity(0.1, 0.5), "d": Activity(0.9, 0.5)}
    period = 2.0
    found = power_by_opensta(registers(), LIBRARY, activities, period, version)
    # At 1 V: half of C per change; fF per ns are uW. The inverter changes as the register does.
    kept, behind, last = 0.4 * PIN_FF, 0.4 * PIN_FF, 0.1 * PORT_LOAD_FF
    expected_mw = (kept + behind + last) / 2 / period / 1000
    assert found.switching_mw == pytest.approx(expected_mw, rel=0.01)
    assert found.total_mw == pytest.approx(found.switching_mw)
    assert found.combinational_mw == pytest.approx(behind / 2 / period / 1000, rel=0.01)
    assert found.sequential_mw == pytest.approx(found.total_mw - found.combinational_mw, rel=0.01)
    assert (found.clock_ns, found.measured) == (period, 1.0)
    half = power_by_opensta(registers(), LIBRARY, {"kept": Activity(0.4, 0.5)}, period, version)
    assert half.measured == 0.5


def test_a_cut_netlist_begins_and_ends_at_ports() -> None:
    netlist = registers()
    cut = cut_netlist(netlist, LIBRARY)
    names = netlist.starts()
    assert sorted(names[net] for net in cut.sources.values()) == ["kept", "q"]
    assert sorted(load for _, load in cut.loads) == [PIN_FF / 1000, PORT_LOAD_FF / 1000]


def with_enable(next_state: str) -> Library:
    """The library with a flip-flop that has another input."""
    text = LIBRARY.texts["DFF"].replace('next_state : "D"', f'next_state : "{next_state}"')
    flop = replace(
        LIBRARY.cells["DFF"],
        name="DFFE",
        inputs=("CK", "D", "E"),
        loads_pf={"CK": 0.001, "D": 0.001, "E": 0.002},
    )
    return replace(
        LIBRARY, cells={**LIBRARY.cells, "DFFE": flop}, texts={**LIBRARY.texts, "DFFE": text}
    )


@pytest.mark.parametrize(
    ("next_state", "tied"),
    [("(D & E) | (IQ & !E)", "1'b1"), ("E ? D : IQ", None), ("D * E'", "1'b0"), ("D ^ IQ", None)],
)
def test_a_flip_flop_with_enable_takes_its_data(next_state: str, tied: str | None) -> None:
    given = with_enable(next_state)
    netlist = registers(given, "DFFE", E=5)
    if tied is None:
        with pytest.raises(SynthesisError, match="DFFE has no input that it takes"):
            cut_netlist(netlist, given)
        return
    line = next(line for line in cut_netlist(netlist, given).verilog.splitlines() if "DFFE" in line)
    assert f".E({tied})" in line
    assert ".D(q0)" in line

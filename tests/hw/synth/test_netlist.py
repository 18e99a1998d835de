"""Flat netlists: nets that are one, names, and what is cut."""

from hw.synth.netlist import FALSE, TRUE, cell_count, flatten
from hw.synth.technology import LibraryCells
from tests.hw.synth.netlists import cell, library, module


def test_nets_are_joined_across_modules() -> None:
    """A register in a module in a module, with a wire passed through and a constant passed out."""
    inner = module(
        {"ck": [2], "d": [3]},
        {"q": [4], "through": [3], "one": ["1"]},
        {"reg": cell("DFF", CK=2, D=3, Q=4)},
    )
    outer = module(
        {"ck": [2], "d": [3]},
        {"q": [5], "z": [8]},
        {
            "part": cell("inner", ck=2, d=3, q=4, through=6, one=7),
            "gate": cell("NAND", A=4, B=6, Y=5),
            "other": cell("NAND", A=7, B="0", Y=8),
        },
    )
    modules = {"inner": inner, "outer": outer}
    netlist = flatten(modules, "outer", LibraryCells(library()))
    assert cell_count(modules, "outer") == 3
    (register,) = netlist.state
    gate, other = netlist.logic
    assert set(netlist.inputs) == {"d"}
    assert register.inputs == {"D": netlist.inputs["d"]}
    assert register.name == "part.q"
    assert gate.inputs == {"A": register.outputs["Q"], "B": netlist.inputs["d"]}
    assert netlist.outputs["q"] == gate.outputs["Y"]
    assert other.inputs == {"A": TRUE, "B": FALSE}
    assert netlist.starts() == {netlist.inputs["d"]: "d", register.outputs["Q"]: "part.q"}


def test_memories_end_and_begin_paths() -> None:
    memory = cell("$mem_v2", RD_ADDR=[4, 5], RD_CLK=[2], RD_DATA=[6])
    memory["port_directions"] = {"RD_ADDR": "input", "RD_CLK": "input", "RD_DATA": "output"}
    top = module(
        {"ck": [2], "a": [3]},
        {"o": [7]},
        {
            "low": cell("INV", A=3, Y=4),
            "high": cell("INV", A=4, Y=5),
            "memory": memory,
            "out": cell("INV", A=6, Y=7),
        },
    )
    netlist = flatten({"top": top}, "top", LibraryCells(library()))
    (kept,) = netlist.state
    assert set(kept.inputs) == {"RD_ADDR[0]", "RD_ADDR[1]"}
    assert set(kept.outputs) == {"RD_DATA"}
    assert len(netlist.logic) == 3

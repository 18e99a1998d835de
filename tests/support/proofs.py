"""Proofs that combinational circuits never raise an output: Yosys' SMT2, solved by Bitwuzla."""

import subprocess
import sys
from pathlib import Path

from amaranth.lib import wiring

from hw.emit import emit_verilog

__all__ = ["can_raise"]

_YOSYS = """
import sys
from hw.synth.yosys import Session
Session().run(
    f"read_verilog {sys.argv[1]}",
    "hierarchy -check -top top",
    "proc", "flatten", "opt -full", "clean",
    f"write_smt2 -stbv {sys.argv[2]}",
)
"""
"""In a process of its own, as a mistake of Yosys ends it."""

_SOLVE = """
import sys
from bitwuzla import Options, Parser, TermManager
text = open(sys.argv[1]).read()
query = f"(set-logic QF_BV)\\n{text}\\n"
query += "(declare-const state |top_s|)\\n(assert (|top_n raised| state))\\n(check-sat)\\n"
Parser(TermManager(), Options()).parse(query, parse_file=False)
"""


def can_raise(component: wiring.Component, folder: Path) -> bool:
    """Whether any input raises the output ``raised`` of a combinational component.

    Parameters
    ----------
    component : wiring.Component
    folder : Path
        For files.
    """
    verilog, smt2 = folder / "top.v", folder / "top.smt2"
    verilog.write_text(emit_verilog(component, "top"))
    for script, files in ((_YOSYS, (verilog, smt2)), (_SOLVE, (smt2,))):
        done = subprocess.run(
            [sys.executable, "-c", script, *map(str, files)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
    answers = [line for line in done.stdout.splitlines() if line in ("sat", "unsat", "unknown")]
    assert answers in (["sat"], ["unsat"]), done.stdout
    return answers == ["sat"]

"""Synthesis of small Verilog, counted by hand."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from golden.errors import UserError
from hw.synth.options import Options, SynthesisError
from hw.synth.process import flip_flop_bits, synthesize
from tests.support.liberty import AREAS_UM2, liberty

SHIFTER = """\
module stage (input clk, input [7:0] d, output reg [7:0] q);
  always @(posedge clk) q <= d;
endmodule
module top (input clk, input [7:0] d, output [7:0] q);
  wire [7:0] a, b;
  stage first (.clk(clk), .d(d), .q(a));
  stage second (.clk(clk), .d(a), .q(b));
  stage third (.clk(clk), .d(b), .q(q));
endmodule
"""

WITH_ZERO = """\
module sum (input clk, input [7:0] a, input [7:0] b, output reg [7:0] q);
  always @(posedge clk) q <= a + b;
endmodule
module top (input clk, input [7:0] a, input [7:0] b, output [7:0] q, output [7:0] r);
  sum one (.clk(clk), .a(a), .b(b), .q(q));
  sum other (.clk(clk), .a(a), .b(8'd0), .q(r));
endmodule
"""

MEMORY = """\
module top (input clk, input we, input [3:0] wa, ra, input [7:0] d, output reg [7:0] q);
  reg [7:0] words [0:15];
  always @(posedge clk) begin
    if (we) words[wa] <= d;
    q <= words[ra];
  end
endmodule
"""


def result(verilog: str, folder: Path, *, library: bool = False, **options: Any) -> dict[str, Any]:
    given = ("round.lib", liberty()) if library else None
    return synthesize(verilog, "top", folder, options=Options(**options), liberty=given)


def test_modules_are_counted_as_often_as_they_are_placed(tmp_path: Path) -> None:
    found = result(SHIFTER, tmp_path)
    assert found["flip_flop_bits"] == found["cells"] == 24
    assert found["nand2_equivalents"] == 24 * 6
    assert (found["area_um2"], found["delay_ns"], found["logic_depth"]) == (None, None, 0)
    stage = next(module for module in found["modules"] if module["name"] == "stage")
    assert (stage["instances"], stage["cells"]) == (3, 24)
    assert flip_flop_bits(SHIFTER, "top") == 24


@pytest.mark.parametrize("flatten", [False, True])
def test_areas_are_those_of_the_library(flatten: bool, tmp_path: Path) -> None:
    found = result(SHIFTER, tmp_path, library=True, flatten=flatten)
    assert found["library"] == "round"
    assert found["area_um2"] == pytest.approx(24 * AREAS_UM2["DFF"])
    assert found["nand2_equivalents"] == pytest.approx(24 * AREAS_UM2["DFF"] / AREAS_UM2["NAND"])
    assert found["cell_kinds"] == {"DFF": 24}
    assert found["sequential"]["cells"] == 24
    assert found["combinational"] == {"cells": 0, "nand2_equivalents": 0, "area_um2": 0}


def test_constants_are_moved_into_a_module_where_all_of_its_places_have_them(
    tmp_path: Path,
) -> None:
    found = result(WITH_ZERO, tmp_path)
    whole = result(WITH_ZERO, tmp_path, flatten=True)
    assert found["nand2_equivalents"] == pytest.approx(whole["nand2_equivalents"], rel=0.02)
    (part,) = (module for module in found["modules"] if module["name"] == "sum")
    assert part["instances"] == 2


def test_a_memory_is_bits_unless_it_is_to_be_built(tmp_path: Path) -> None:
    found = result(MEMORY, tmp_path)
    assert found["memory_bits"] == 128
    (memory,) = found["memories"]
    assert memory == {
        "module": "top",
        "width_bits": 8,
        "depth": 16,
        "read_ports": 1,
        "write_ports": 1,
        "count": 1,
    }
    assert found["flip_flop_bits"] <= 8
    built = result(MEMORY, tmp_path, map_memories=True)
    assert built["memory_bits"] == 0
    assert built["flip_flop_bits"] == 128 + 8


def test_a_library_gives_a_delay(tmp_path: Path) -> None:
    found = result(WITH_ZERO, tmp_path, library=True)
    gates = found["delay_ns"] / 0.1
    assert found["logic_depth"] <= gates <= found["logic_depth"] + 10
    assert found["critical_path"]["end"].startswith("one.q")
    assert found["delay_by"].split()[0] in ("abc", "opensta")


def test_steps_are_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    synthesize(SHIFTER, "top", tmp_path, options=Options(), report=lambda *step: told.append(step))
    assert [(number, count) for _, number, count in told] == [(i, 4) for i in (1, 2, 3, 4)]


def test_a_broken_design_ends_with_the_tools_words(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="syntax error"):
        result("module top (input a; endmodule", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_broken_library_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"mine\.lib is no Liberty file"):
        synthesize(SHIFTER, "top", tmp_path, options=Options(), liberty=("mine.lib", "no"))


def test_an_interrupt_ends_what_was_started(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from hw.synth.process import *\n"
        "from hw.synth.options import Options\n"
        "synthesize(sys.stdin.read(), 'top', Path(sys.argv[1]), options=Options(),"
        " report=lambda *step: print(*step, flush=True))"
    )
    multipliers = "".join(f"wire [31:0] m{i} = (a + {i}) * (b ^ {i * 77}); " for i in range(40))
    total = " ^ ".join(f"m{i}" for i in range(40))
    slow = (
        f"module top (input clk, input [31:0] a, b, output reg [31:0] q); {multipliers}"
        f" always @(posedge clk) q <= {total}; endmodule"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background may have been told to ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(slow)
        process.stdin.close()
        assert process.stdout.readline().startswith("reading")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        (child,) = children.read_text().split() if children.exists() else ("",)
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert process.returncode != 0
    assert not list(tmp_path.iterdir())
    if child:
        deadline = time.monotonic() + 10
        while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        with pytest.raises(ProcessLookupError):
            os.kill(int(child), 0)

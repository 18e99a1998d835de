"""Reading libraries of standard cells."""

import gzip
import re
from pathlib import Path

import pytest

from golden.errors import UserError
from hw.synth.liberty import library_text, read_library
from tests.support.liberty import AREAS_UM2, CLOCK_TO_OUTPUT_NS, SETUP_NS, liberty


def without_timing(text: str, *names: str) -> str:
    """A library without the timing of some of its cells, or of all."""
    head, *cells = re.split(r"(?=  cell \()", text)
    timing = re.compile(r"timing \(\) \{(?:[^{}]|\{[^{}]*\})*\}")
    marks = tuple(f"  cell ({name})" for name in names or AREAS_UM2)
    return head + "".join(
        timing.sub("", cell) if cell.startswith(marks) else cell for cell in cells
    )


def test_cells_of_a_small_library() -> None:
    library = read_library(liberty(), "round.lib")
    assert library.name == "round"
    assert {name: cell.area_um2 for name, cell in library.cells.items()} == AREAS_UM2
    assert (library.nand2.name, library.buffer.name) == ("NAND", "BUF2")
    flip_flop = library.cells["DFF"]
    assert flip_flop.sequential
    assert (flip_flop.clock, flip_flop.inputs) == ("CK", ("CK", "D"))
    assert [table.at(0.1, 0.1) for table in flip_flop.clock_to_output] == [CLOCK_TO_OUTPUT_NS] * 2
    assert [table.at(0.1, 0.1) for table in flip_flop.setup] == [SETUP_NS] * 2
    assert not any(cell.sequential for name, cell in library.cells.items() if name != "DFF")


def test_a_reduced_library_is_a_library() -> None:
    library = read_library(liberty(), "round.lib")
    reduced = read_library(library.text({"NAND", "INV", "BUF1", "DFF"}), "reduced")
    assert set(reduced.cells) == {"NAND", "INV", "BUF1", "DFF"}
    assert reduced.cells["DFF"] == library.cells["DFF"]
    assert read_library(library.text(), "all").cells == library.cells


@pytest.mark.parametrize("mark", ["dont_use : true;", 'always_on : "true";'])
def test_special_cells_are_left_out(mark: str) -> None:
    text = liberty().replace("cell (NOR) {", f"cell (NOR) {{ {mark}")
    library = read_library(text, "round.lib")
    assert not library.cells["NOR"].usable
    assert "NOR" not in read_library(library.text(), "usable").cells


def test_cells_without_timing_are_left_out() -> None:
    library = read_library(without_timing(liberty(), "NOR"), "round.lib")
    assert [name for name, cell in library.cells.items() if not cell.usable] == ["NOR"]


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "round.lib.gz"
    file.write_bytes(gzip.compress(liberty().encode()))
    assert library_text(file) == liberty()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no Liberty file: it does not begin with library"),
        ("module t(); endmodule", "is no Liberty file: it does not begin with library"),
        ("library (x) { cell (A) { area : 1;", "is no whole Liberty file: it can not be read near"),
        (liberty()[:-2], "is no whole Liberty file: it can not be read near line"),
        ("library (x) { }", "can not be used: it has no NAND of two inputs"),
        (liberty().replace("ff (IQ, IQN)", "other (IQ)"), "can not be used: it has no flip-flop"),
        (liberty().replace('"1ns"', '"1 week"'), "can not be used: '1 week' in it is no number"),
        (liberty().replace('"1ns"', '"1s"'), "can not be used: it lacks or has an unknown 's'"),
        (
            liberty().replace("area : 1.0", "area : one"),
            "can not be used: 'one' in it is no number",
        ),
        (liberty().replace("area : 2.0", "area : 0.0"), "can not be used: its NAND has no area"),
        (liberty().replace("cell (INV)", "cell ()"), "can not be used: a group in it has no name"),
        (
            liberty().replace('clocked_on : "CK";', ""),
            "can not be used: it lacks or has an unknown",
        ),
        (
            without_timing(liberty()),
            "can not be used: it has no NAND of two inputs with timing",
        ),
        (
            without_timing(liberty(), "INV"),
            "can not be used: it has no inverter with timing",
        ),
        (
            without_timing(liberty(), "BUF1", "BUF2"),
            "can not be used: it has no buffer with timing",
        ),
        (liberty() * 2, "can not be used: something follows its library"),
    ],
)
def test_what_is_no_library_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        read_library(text, "x.lib")
    assert str(refused.value).startswith(f"x.lib {said}")


@pytest.mark.parametrize("octets", [b"\xff\xfe\x00", b"\x1f\x8b broken"])
def test_what_is_no_text_is_refused(octets: bytes, tmp_path: Path) -> None:
    file = tmp_path / "x.lib"
    file.write_bytes(octets)
    with pytest.raises(UserError, match="is no Liberty file"):
        library_text(file)


def test_skywater_is_read_as_its_documentation_has_it(reference_data: Path) -> None:
    (file,) = (reference_data / "liberty").glob("sky130*.gz")
    library = read_library(library_text(file), file.name)
    prefix = "sky130_fd_sc_hd__"
    assert len(library.cells) == 428
    assert library.nand2.name == f"{prefix}nand2_1"
    assert library.nand2.area_um2 == pytest.approx(1.38 * 2.72)
    assert library.cells[f"{prefix}dfxtp_1"].clock == "CLK"
    assert library.cells[f"{prefix}dfxtp_1"].usable
    assert not library.cells[f"{prefix}lpflow_isobufsrc_1"].usable

"""Processes from TOML files, and what is wrong with them."""

from importlib import resources
from pathlib import Path

import pytest

from golden.errors import UserError
from sim.accelerator.energy import HOROWITZ_45NM
from tilewright.technology import find_technology, technology_names

TEXT = resources.files("tilewright.technologies").joinpath("45nm.toml").read_text(encoding="utf-8")


def test_energies_of_45_nm_are_those_that_the_simulator_has() -> None:
    found = find_technology("45nm").energy
    for name in ("multiply8", "add32", "multiply32", "dram"):
        assert getattr(found, name).value == getattr(HOROWITZ_45NM, name).value
    assert [(size, entry.value) for size, entry in found.sram] == [
        (size, entry.value) for size, entry in HOROWITZ_45NM.sram
    ]


def test_the_memory_of_sky130_is_the_macro_that_it_comes_from() -> None:
    sram = find_technology("sky130").sram
    bits = 2048 * 8
    one_port = sram.fixed_um2 + sram.bit_um2 * bits
    assert one_port == pytest.approx(483.86 * 326.1, rel=0.001)
    assert one_port * (1 + sram.port_factor) == pytest.approx(683.1 * 416.54, rel=0.005)


@pytest.mark.parametrize("name", technology_names())
def test_every_number_has_a_source(name: str) -> None:
    found = find_technology(name)
    entries = [found.energy.multiply8, *(entry for _, entry in found.energy.sram)]
    assert found.logic.source
    assert found.sram.source
    assert all(entry.source and entry.node for entry in entries)


def test_a_file_replaces_every_number(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TEXT.replace("0.798", "1.5").replace("1300.0", "400"))
    found = find_technology(file)
    assert (found.logic.nand2_um2, found.energy.dram.value) == (1.5, 400.0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nand2_um2 = 0.798", "nand_um2 = 1", "logic has no 'nand_um2' (did you mean nand2_um2?)"),
        ("nand2_um2 = 0.798", "", "logic lacks 'nand2_um2'"),
        ("nand2_um2 = 0.798", "nand2_um2 = 0", "logic: nand2_um2 must be above 0, not 0"),
        ("nand2_um2 = 0.798", "nand2_um2 = '1'", "logic: nand2_um2 must be a number, not '1'"),
        ("bytes = 32768", "bytes = 4096", "bytes must rise, not be 8192, 4096, 1048576"),
        ('name = "45nm"', "name = 45", "name must be a text, not 45"),
        ("[logic]", "[logik]", "has no 'logik' (did you mean logic?)"),
        ("[logic]", "[logic", "is no TOML file"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TEXT.replace(old, new))
    with pytest.raises(UserError) as refused:
        find_technology(file)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no technology '44nm'"):
        find_technology("44nm")
    with pytest.raises(UserError, match=r"none\.toml can not be read"):
        find_technology(tmp_path / "none.toml")

"""``--cost`` of ``run`` and ``simulate``."""

import json
from importlib import resources
from pathlib import Path
from unittest import mock

import pytest

from sim.accelerator.energy import HOROWITZ_45NM
from tests.support.liberty import liberty
from tests.tilewright.test_costs import TINY, synthesis_of
from tilewright.caching import Cache
from tilewright.cli import main
from tilewright.technology import find_technology

ENGINE = ["--engine", "ternary", *(w for k, v in TINY.items() for w in ("--set", f"{k}={v}"))]


def test_an_engine_is_priced(own_cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "gemm:4x8x4", *ENGINE, "--cost", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    cost = told["cost"]
    assert cost["time_ns"] == pytest.approx(told["total_cycles"] * cost["clock_ns"])
    products = 4 * 8 * 4 * (HOROWITZ_45NM.multiply8.value + HOROWITZ_45NM.add32.value)
    moved = told["dram_bytes"] / 8 * HOROWITZ_45NM.dram.value
    assert cost["energy_pj"] == pytest.approx(products + moved)
    assert main(["simulate", "gemm:4x8x4", *ENGINE, "--cost"]) == 0
    text = capsys.readouterr().out
    assert f"area {cost['area_mm2']:.4g} mm2" in text
    assert "per second" in text


def test_a_library_or_a_technology_asks_for_costs(
    tmp_path: Path, own_cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "round.lib"
    file.write_text(liberty())
    for option, key, value in (
        ("--liberty", "library", "round"),
        ("--technology", "technology", "sky130"),
    ):
        given = str(file) if option == "--liberty" else value
        assert main(["simulate", "gemm:4x8x4", *ENGINE, option, given, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["cost"][key] == value


def test_an_accelerator_is_priced(own_cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["simulate", "gemm:8x8x8", "--accelerator", "tiny", "--technology", "sky130", "--json"]
    with (
        mock.patch("tilewright.costs.emitted_verilog") as emitted,
        mock.patch("tilewright.costs.synthesized", return_value=synthesis_of([])),
    ):
        assert main(asked) == 0
    assert emitted.call_args.args[0] == "tiny"
    told = json.loads(capsys.readouterr().out)
    period = 10 * find_technology("sky130").logic.gate_delay_ns
    assert told["cost"]["time_ns"] == pytest.approx(told["total_cycles"] * period)
    assert told["cost"]["energy_pj"] == told["energy_pj"]


def test_energies_are_those_of_the_technology(
    tmp_path: Path, own_cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    text = resources.files("tilewright.technologies").joinpath("45nm.toml").read_text()
    file.write_text(text.replace("dram_pj = 1300.0", "dram_pj = 2600.0"))
    told = []
    for technology in ("45nm", str(file)):
        with (
            mock.patch("tilewright.costs.emitted_verilog"),
            mock.patch("tilewright.costs.synthesized", return_value=synthesis_of([])),
        ):
            asked = ["simulate", "gemm:8x8x8", "--accelerator", "tiny", "--technology", technology]
            assert main([*asked, "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    one, other = told
    more = one["dram_bytes"] / 8 * 1300
    assert other["cost"]["energy_pj"] == pytest.approx(one["cost"]["energy_pj"] + more)
    assert other["cost"]["energy_pj"] == other["energy_pj"]


def test_without_the_option_nothing_is_synthesized(
    own_cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    with mock.patch("tilewright.synthesis.synthesize", side_effect=AssertionError):
        assert main(["simulate", "gemm:4x8x4", *ENGINE, "--json"]) == 0
    assert "cost" not in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--technology", "44nm"], "there is no technology '44nm'"),
        (["--liberty", "none.lib"], "none.lib: No such file or directory"),
        (["--cost", "--compat", "scalesim"], "--cost tells the time of exact cycles"),
    ],
)
def test_what_can_not_be_is_refused(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "gemm:4x8x4", *given]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1

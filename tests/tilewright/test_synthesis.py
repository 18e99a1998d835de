"""``synth``: what it tells, keeps, and refuses."""

import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from golden.errors import UserError
from hw.bench.simulators import Simulator
from hw.synth.opensta import opensta_version
from hw.synth.options import LONGEST_CLOCK_NS
from tests.support.liberty import liberty
from tilewright import synthesis
from tilewright.caching import Cache
from tilewright.catalog import find_presets, list_engines
from tilewright.cli import main
from tilewright.synthesis import count_flip_flops, synth

TINY = {"m": 1, "n": 1, "k": 2, "activation": "int4", "k_max": 9}
"""A ternary engine that is synthesized in a moment."""

ARGUMENTS = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]

MOST_GATES = 1_200_000
"""Beyond, the longest path is not known."""

NEAR = 0.05
"""How far the area with modules may be above that of the flat netlist."""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    file = tmp_path / "round.lib"
    file.write_text(liberty())
    return file


def never(*_: Any, **__: Any) -> None:
    raise AssertionError("this was synthesized before")


def test_json_text_and_cache(own_cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "ternary", *ARGUMENTS, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["mode"], told["area_um2"], told["delay_ns"]) == ("generic", None, None)
    parts = told["sequential"], told["combinational"]
    for key in ("cells", "nand2_equivalents"):
        assert told[key] == sum(part[key] for part in parts)
        assert told[key] == sum(module[key] for module in told["modules"])
    assert told["sequential"]["cells"] == told["flip_flop_bits"]
    assert told["logic_depth"] > 3
    with mock.patch.object(synthesis, "synthesize", never):
        assert main(["synth", "ternary", *ARGUMENTS]) == 0
    text = capsys.readouterr().out
    assert f"{told['flip_flop_bits']} flip-flops" in text
    assert f"logic depth {told['logic_depth']} gates" in text
    assert count_flip_flops("ternary", TINY, cache=own_cache) == told["flip_flop_bits"]


def test_a_clock_is_met_or_missed(library: Path, own_cache: Cache) -> None:
    def at(clock_ns: float | None) -> dict[str, Any]:
        return synth("ternary", TINY, liberty=library, clock_ns=clock_ns, cache=own_cache)

    free = at(None)
    assert free["library"] == "round"
    assert free["area_um2"] == pytest.approx(2.0 * free["nand2_equivalents"])
    assert free["meets_clock"] is None
    assert at(0.3)["meets_clock"] is False
    # The library has one size of each gate, so that a target changes little.
    assert at(2 * free["delay_ns"])["meets_clock"] is True
    assert at(LONGEST_CLOCK_NS)["meets_clock"] is True


def test_power_is_that_of_random_operands(
    library: Path, own_cache: Cache, icarus: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    del icarus
    if opensta_version() is None:
        pytest.skip("OpenSTA is not installed")
    asked = ["synth", "ternary", *ARGUMENTS, "--liberty", str(library), "--power"]
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    power = told["power"]
    assert power["clock_ns"] == told["delay_ns"]
    assert power["measured"] > 0.9
    kinds = power["sequential_mw"], power["combinational_mw"]
    assert power["total_mw"] == pytest.approx(sum(kinds), rel=1e-3)
    # No net changes more than once in a cycle, and at 1 V none has more than its loads.
    pins_pf = 0.001 * 4 * told["cells"] + 0.01 * told["cells"]
    assert 0 < power["total_mw"] < pins_pf / 2 / power["clock_ns"]
    assert main(asked) == 0
    assert "pJ per cycle" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"clock_ns": 2.0}, "a clock needs a library: give one with --liberty FILE"),
        ({"sweep_clock": True}, "a clock needs a library: give one with --liberty FILE"),
        ({"power": True}, "power needs a library: give one with --liberty FILE"),
        ({"clock_ns": -1.0}, "the clock must have a period above 0 and up to 1000000 ns, not -1.0"),
        (
            {"clock_ns": 1e300},
            "the clock must have a period above 0 and up to 1000000 ns, not 1e+300",
        ),
    ],
)
def test_what_can_not_be_is_refused(given: dict[str, Any], said: str, own_cache: Cache) -> None:
    with pytest.raises(UserError) as refused:
        synth("ternary", TINY, cache=own_cache, **given)
    assert str(refused.value) == said


def test_power_needs_an_engine_and_opensta(library: Path, own_cache: Cache) -> None:
    with pytest.raises(UserError, match="of engines and presets, not of the accelerator tiny"):
        synth("tiny", liberty=library, power=True, cache=own_cache)
    with (
        mock.patch.object(synthesis, "opensta_version", return_value=None),
        pytest.raises(UserError, match="power needs OpenSTA"),
    ):
        synth("ternary", TINY, liberty=library, power=True, cache=own_cache)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ternari"], "there is no engine or preset 'ternari'"),
        (["ternary", "--liberty", "{folder}/none.lib"], "none.lib: No such file or directory"),
        (["ternary", "--liberty", "{folder}/text.lib"], "text.lib is no Liberty file"),
        (["ternary", "--clock-ns", "0"], "must be a number of nanoseconds above 0, not '0'"),
        (["ternary", "--clock-ns", "1e300"], "a period above 0 and up to 1000000 ns, not 1e+300"),
    ],
)
def test_the_command_refuses_in_a_sentence(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    own_cache: Cache,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "text.lib").write_text("cells and cells\n")
    given = [word.replace("{folder}", str(tmp_path)) for word in arguments]
    try:
        status: object = main(["synth", *given, *ARGUMENTS])
    except SystemExit as stop:
        status = stop.code
    printed = capsys.readouterr()
    assert status == 2
    assert said in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.slow
def test_a_sweep_of_clocks_tells_area_and_delay(library: Path, own_cache: Cache) -> None:
    told = synth("ternary", TINY, liberty=library, sweep_clock=True, cache=own_cache)
    clocks = [point["clock_ns"] for point in told["clocks"]]
    assert clocks == sorted(clocks)
    assert clocks[-1] == pytest.approx(told["delay_ns"], abs=0.001)
    for point in told["clocks"]:
        assert point["meets_clock"] is (point["delay_ns"] <= point["clock_ns"])
        assert point["area_um2"] > 0


def _designs() -> list[str]:
    return [*(engine.name for engine in list_engines()), *find_presets()]


@pytest.mark.slow
@pytest.mark.parametrize("name", _designs())
def test_every_engine_and_preset_is_synthesized(name: str, cache: Cache) -> None:
    engine = next((engine for engine in list_engines() if engine.name == name), None)
    small = {"rows": 4, "cols": 4} if name == "systolic" else {}
    told = synth(name, small if engine else {}, cache=cache)
    assert told["cells"] > 0
    assert (told["logic_depth"] is None) is (told["cells"] > MOST_GATES)


@pytest.mark.slow
@pytest.mark.parametrize("name", [engine.name for engine in list_engines()])
def test_engines_come_near_the_flat_area_in_gates(name: str, cache: Cache) -> None:
    small = {"rows": 4, "cols": 4} if name == "systolic" else {}
    areas = [
        synth(name, small, flatten=flatten, cache=cache)["nand2_equivalents"]
        for flatten in (False, True)
    ]
    assert areas[0] / areas[1] == pytest.approx(1, abs=NEAR)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["systolic", "dot", "ternary"])
def test_modules_come_near_the_flat_area(name: str, reference_data: Path, cache: Cache) -> None:
    (file,) = (reference_data / "liberty").glob("sky130*.gz")
    small = {"rows": 4, "cols": 4} if name == "systolic" else {}
    areas = [
        synth(name, small, liberty=file, flatten=flatten, cache=cache)["area_um2"]
        for flatten in (False, True)
    ]
    assert areas[0] / areas[1] == pytest.approx(1, abs=NEAR)


@pytest.mark.slow
def test_memories_of_an_accelerator_are_bits(cache: Cache) -> None:
    told = synth("tiny", cache=cache)
    assert told["memory_bits"] >= (32 + 28 + 16) * 1024 * 8
    assert told["flip_flop_bits"] < told["memory_bits"] / 10

"""``map --accelerator`` and ``simulate --mapper optimal``."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.environments import ROOT
from tilewright.accelerated_simulation import simulate_accelerated
from tilewright.accelerator_mapping import map_to_accelerator
from tilewright.caching import Cache
from tilewright.cli import main

DIGITS = str(ROOT / "tilewright" / "networks" / "digits" / "digits.onnx")
GEMM = "gemm:40x24x36"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is solved here is kept here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> dict[str, Any]:
    assert main([*words, "--json"]) == status
    printed = capsys.readouterr()
    assert printed.err == ""
    result: dict[str, Any] = json.loads(printed.out)
    return result


def test_a_quantized_network_is_mapped_as_a_whole(capsys: pytest.CaptureFixture[str]) -> None:
    mapped = said(capsys, "map", DIGITS, "--accelerator", "tiny")
    assert (mapped["verb"], mapped["lowering"], mapped["status"]) == ("map", "program", "optimal")
    assert (mapped["objective_bytes"], mapped["bound_bytes"], mapped["gap"]) == (0, 0, 0)
    assert mapped["cycles_bound"] <= mapped["total_cycles"]
    capacity = mapped["capacity_bytes"]
    for share in mapped["shares"]:
        parts = (share["resident_bytes"], share["tile_bytes"], share["free_bytes"])
        assert sum(parts) == capacity
        assert min(parts) >= 0
    simulated = said(capsys, "simulate", DIGITS, "--accelerator", "tiny", "--mapper", "optimal")
    assert simulated["total_cycles"] == mapped["total_cycles"]
    assert simulated["dram_bytes"] == mapped["total_bytes"]


def test_a_file_may_be_a_path() -> None:
    assert map_to_accelerator(Path(DIGITS), accelerator="tiny")["workload"] == DIGITS
    assert simulate_accelerated(Path(DIGITS), accelerator="tiny")["workload"] == DIGITS


def test_layers_that_are_known_by_their_shapes_are_mapped_one_by_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mapped = said(capsys, "map", GEMM, "--accelerator", "tiny")
    assert (mapped["lowering"], mapped["status"], mapped["gap"]) == ("streamed", "optimal", 0)
    (layer,) = mapped["layers"]
    assert layer["cycles"] == layer["bound_cycles"] == mapped["cycles"]
    assert layer["space_size"] > 1000
    assert mapped["objective_bytes"] is mapped["bound_bytes"] is None
    # A program of one layer is this layer alone.
    simulated = said(capsys, "simulate", GEMM, "--accelerator", "tiny", "--mapper", "optimal")
    assert simulated["total_cycles"] == mapped["cycles"]
    greedy = said(capsys, "simulate", GEMM, "--accelerator", "tiny")
    assert simulated["total_cycles"] <= greedy["total_cycles"]
    assert greedy["mapping"] is None


def test_what_is_solved_is_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "kept")
    first, again = (map_to_accelerator(GEMM, accelerator="tiny", cache=cache) for _ in range(2))
    assert first["layers"][0]["seconds"] > 0
    assert again["layers"][0]["seconds"] == 0
    for result in (first, again):
        del result["seconds"], result["layers"][0]["seconds"]
    assert first == again
    assert cache.clear() > 0
    third = map_to_accelerator(GEMM, accelerator="tiny", cache=cache)
    assert third["layers"][0]["seconds"] > 0


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["map", GEMM, "--accelerator", "tiny"]) == 0
    text = capsys.readouterr().out
    assert text.split()[:5] == ["layer", "cycles", "bound", "gap", "status"]
    assert "1 of 1 layers proven optimal" in text
    assert main(["map", DIGITS, "--accelerator", "tiny"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("layers ")
    assert "mapper optimal: 0 bytes spilled and retrieved beside " in text
    assert main(["simulate", GEMM, "--accelerator", "tiny", "--mapper", "optimal"]) == 0
    assert "1 of 1 layers proven optimal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([GEMM, "--accelerator", "tinny"], "tinny"),
        (
            [GEMM, "--accelerator", "tiny", "--capacity", "9"],
            "--capacity is about a bare",
        ),
        ([GEMM, "--accelerator", "tiny", "--in-place"], "--in-place is about a bare scratchpad"),
        ([GEMM, "--set", "x=1"], "--set changes an accelerator, and needs --accelerator"),
        ([GEMM], "'gemm:40x24x36' is no model (.onnx, .tflite) and no network"),
        (["resnet50", "--accelerator", "tiny"], "'resnet50' is no workload"),
        (
            [GEMM, "--accelerator", "tiny", "--set", "activation_bytes=1"],
            "activation_bytes",
        ),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["map", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1

"""``synth --fpga``."""

import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from hw.synth.fpga import Nextpnr
from tests.tilewright.test_costs import TINY
from tilewright import fpga
from tilewright.caching import Cache
from tilewright.cli import main

SMALL = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]

PLACED = {
    "device": "a device",
    "luts": 70,
    "registers": 50,
    "dsps": 2,
    "block_rams": 0,
    "fmax_mhz": 81.5,
    "start": "one",
    "end": "other",
    "tools": {"nextpnr": "1"},
}


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> mock.Mock:
    """A placer of which nothing is needed."""

    def place(_: str, __: str, folder: Path, **___: Any) -> None:
        (folder / "result.json").write_text(json.dumps(PLACED))

    told = mock.Mock(side_effect=place)
    monkeypatch.setattr(fpga, "place", told)
    monkeypatch.setattr(fpga, "find_nextpnr", lambda: Nextpnr(("nextpnr",), str(id(told))))
    return told


def test_json_text_and_cache(
    placed: mock.Mock, own_cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synth", "ternary", *SMALL, "--fpga", "ecp5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["mode"], told["family"], told["design"]) == ("fpga", "ecp5", "ternary")
    assert {key: told[key] for key in PLACED} == PLACED
    assert main(["synth", "ternary", *SMALL, "--fpga", "ecp5"]) == 0
    assert "81.5 MHz, one to other" in capsys.readouterr().out
    assert placed.call_count == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--fpga", "ice40"], "there is no FPGA family 'ice40': there are ecp5"),
        (["--fpga", "ecp5", "--flatten"], "--flatten is of cells, and has no use with --fpga"),
        (["--fpga", "ecp5", "--clock-ns", "2"], "--clock-ns is of cells"),
    ],
)
def test_what_can_not_be_is_refused(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synth", "ternary", *given]) == 2
    assert said in capsys.readouterr().err

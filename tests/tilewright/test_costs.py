"""What a design costs, put together by hand from what synthesis tells."""

from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from golden.errors import UserError
from sim.technology import Storage, store
from tests.support.liberty import AREAS_UM2, liberty
from tilewright import synthesis
from tilewright.accelerator import find_accelerator
from tilewright.caching import Cache
from tilewright.costs import costs_of
from tilewright.synthesis import synth
from tilewright.technology import find_technology

TINY = {"m": 1, "n": 1, "k": 2, "activation": "int4", "k_max": 9}
"""A ternary engine that is synthesized in a moment."""


def test_without_a_library_gates_are_those_of_the_technology(cache: Cache) -> None:
    found = costs_of("ternary", TINY, cache=cache)
    told = synth("ternary", TINY, cache=cache)
    logic = find_technology("45nm").logic
    assert found.area_mm2 == pytest.approx(told["nand2_equivalents"] * logic.nand2_um2 / 1e6)
    assert found.clock_ns == pytest.approx(told["logic_depth"] * logic.gate_delay_ns)
    assert (found.memory_mm2, found.memory_bits, found.library) == (0, 0, None)
    priced = found.priced(1000, 2e6)
    assert priced["time_ns"] == pytest.approx(1000 * priced["clock_ns"])
    assert priced["inferences_per_second"] * priced["time_ns"] == pytest.approx(1e9)
    # 2 uJ in a time in ns: pJ per ns are mW.
    assert priced["power_mw"] == pytest.approx(2e6 / priced["time_ns"])


def test_a_library_tells_area_and_delay(tmp_path: Path, cache: Cache) -> None:
    file = tmp_path / "round.lib"
    file.write_text(liberty())
    found = costs_of("ternary", TINY, liberty=file, cache=cache)
    told = synth("ternary", TINY, liberty=file, cache=cache)
    assert found.area_mm2 == pytest.approx(told["area_um2"] / 1e6)
    assert (found.clock_ns, found.clock_by) == (told["delay_ns"], told["delay_by"])
    assert found.library == "round"


def synthesis_of(memories: list[dict[str, int]], **more: Any) -> dict[str, Any]:
    return {
        "library": None,
        "area_um2": None,
        "nand2_equivalents": 1000.0,
        "delay_ns": None,
        "delay_by": None,
        "logic_depth": 10,
        "memories": memories,
        **more,
    }


MEMORY = {"width_bits": 64, "depth": 1024, "read_ports": 1, "write_ports": 1, "count": 3}


def priced_as(found: dict[str, Any], cache: Cache) -> Any:
    with mock.patch("tilewright.costs.synthesized", return_value=found):
        return costs_of("ternary", TINY, technology="sky130", cache=cache)


def test_memories_are_added_and_bound_the_clock(cache: Cache) -> None:
    found = priced_as(synthesis_of([MEMORY]), cache)
    sky130 = find_technology("sky130")
    one = store(sky130, Storage(bits=64 * 1024, read_ports=1, write_ports=1))[0]
    assert found.memory_bits == 3 * 64 * 1024
    assert found.memory_mm2 == pytest.approx(3 * one / 1e6)
    assert (found.clock_ns, found.clock_by) == (sky130.sram.period_ns, "memories, sky130")


def test_memories_are_scaled_to_a_library(cache: Cache) -> None:
    scale = AREAS_UM2["NAND"] / find_technology("sky130").logic.nand2_um2
    plain = priced_as(synthesis_of([MEMORY]), cache)
    area = 1000 * AREAS_UM2["NAND"]
    library = {"library": "round", "area_um2": area, "delay_ns": 9.0, "delay_by": "abc"}
    scaled = priced_as(synthesis_of([MEMORY], **library), cache)
    assert scaled.memory_mm2 == pytest.approx(plain.memory_mm2 * scale)
    assert (scaled.logic_mm2, scaled.clock_ns) == (pytest.approx(area / 1e6), 9.0)


def test_a_design_without_a_delay_has_no_time(cache: Cache) -> None:
    found = priced_as(synthesis_of([], logic_depth=None), cache)
    assert (found.clock_ns, found.per_second(10)) == (None, None)
    assert found.priced(10, 1.0)["power_mw"] is None


def test_what_was_synthesized_is_not_synthesized_again(cache: Cache) -> None:
    costs_of("ternary", TINY, cache=cache)
    with mock.patch.object(synthesis, "synthesize", side_effect=AssertionError):
        assert costs_of("ternary", TINY, technology="sky130", cache=cache).area_mm2 > 0


def test_a_description_is_an_accelerator(cache: Cache) -> None:
    tiny = find_accelerator("tiny")
    with (
        mock.patch("tilewright.costs.emitted_accelerator") as emitted,
        mock.patch("tilewright.costs.synthesized", return_value=synthesis_of([])),
    ):
        assert costs_of(tiny, cache=cache).logic_mm2 > 0
    emitted.assert_called_once_with(tiny, cache)


def test_what_can_not_be_is_refused(cache: Cache) -> None:
    with pytest.raises(UserError, match="a description has its params"):
        costs_of(find_accelerator("tiny"), {"bus_bytes": 16}, cache=cache)
    with pytest.raises(UserError, match="a clock needs a library"):
        costs_of("ternary", TINY, clock_ns=1.0, cache=cache)

"""Results are read from JSON of every kind, and nothing else is taken for one."""

import json
from pathlib import Path

import pytest

from golden.errors import UserError
from tests.support.environments import ROOT
from tilewright.accelerated_simulation import simulate_accelerated
from tilewright.results import load_result, read_result
from tilewright.simulation import simulate


def test_an_accelerator_s_result() -> None:
    plain = simulate_accelerated("gemm:64x64x64", accelerator="tiny")
    result = read_result(plain)
    assert (result.workload, result.target) == ("gemm:64x64x64", "tiny")
    assert result.is_accelerator
    assert result.title == "gemm:64x64x64 on tiny"
    assert result.total_cycles == plain["total_cycles"]
    assert (result.peak_macs_per_cycle, result.memory_bytes_per_cycle) == (64, 8)
    (layer,) = result.layers
    assert layer.macs == 64**3
    assert layer.macs_per_byte == 64**3 / result.dram_bytes
    # Without instructions, the timeline is that of layers.
    assert result.timeline is not None
    assert result.timeline.edges_cycles == [0, layer.cycles]
    assert result.timeline.busy["execute"] == [layer.busy["execute"]]


def test_the_timeline_of_instructions_comes_first() -> None:
    plain = simulate_accelerated("gemm:64x64x64", accelerator="tiny", timeline=True)
    result = read_result(plain)
    assert result.timeline is not None
    edges, busy = result.timeline.edges_cycles, result.timeline.busy
    assert len(edges) == len(busy["load"]) + 1 > 100
    assert edges[-2] < result.total_cycles <= edges[-1] + 1
    length = edges[1]
    assert sum(busy["execute"]) * length == pytest.approx(plain["counters"]["execute_busy"])


def test_the_roof_is_that_of_the_narrowest_weights() -> None:
    model = str(ROOT / "tilewright" / "networks" / "digits" / "digits-w2a8.onnx")
    result = read_result(simulate_accelerated(model, accelerator="tiny-lut"))
    # With weights of eight bits it does 32 multiplications a cycle, with four or fewer 64.
    assert result.peak_macs_per_cycle == 32
    assert result.ceilings == (64, 8)


def test_a_bare_engine_has_neither_timeline_nor_roof() -> None:
    result = read_result(simulate("gemm:8x8x8", params={"rows": 4, "cols": 4}))
    assert result.target == "systolic"
    assert not result.is_accelerator
    assert result.timeline is None
    assert result.peak_macs_per_cycle is None
    assert result.ceilings is None
    assert result.dram_bytes == result.layers[0].dram_bytes


def test_scalesim_s_count_is_a_result_too() -> None:
    result = read_result(simulate("gemm:8x8x8", compat="scalesim"))
    assert result.dram_bytes is None
    assert result.layers[0].bound_by is None


@pytest.mark.parametrize(
    "plain",
    [None, [], {}, {"total_cycles": 1}, {"total_cycles": 1, "layers": [{}], "workload": "w"}],
)
def test_anything_else_is_refused(plain: object) -> None:
    with pytest.raises(UserError, match=r"^f\.json is no result of run or simulate"):
        read_result(plain, "f.json")


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(simulate("gemm:8x8x8")))
    assert load_result(file).workload == load_result(str(file)).workload == "gemm:8x8x8"
    file.write_text("{")
    with pytest.raises(UserError, match=r"a\.json is no JSON"):
        load_result(file)

"""Cycles and traffic from shapes alone: by hand, and as SCALE-Sim counts them."""

import json
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import helper

from golden.errors import UserError
from sim.scalesim import scalesim_layer
from sim.workload import ConvLayer, GemmLayer, Workload
from tests.support.networks import network
from tilewright import simulate
from tilewright.catalog import Engine, find_design
from tilewright.cli import main
from tilewright.workloads import load_workload

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
TABLE = """\
Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
first, 6, 5, 3, 2, 2, 4, 1,
second, 4, 4, 1, 1, 4, 7, 1,
"""


def square(size: int, dataflow: str, **params: Any) -> dict[str, Any]:
    return {"rows": size, "cols": size, "dataflow": dataflow, **params}


@pytest.mark.parametrize(
    ("dataflow", "cycles", "jobs", "a_bytes", "w_bytes"),
    [
        # One tile of 4 rows of results at a time, 8 tiles of 8 steps; then 4 rows and 8 cycles.
        ("os", 4 * 8 * 2 + 4 + 8, 8, 8 * 4 * 8, 8 * 8 * 4),
        # 1 cycle for the job, 4 for weights, 8 tiles of 8 rows each, and 8 cycles to drain.
        ("ws", 1 + 4 + 8 * 8 + 8, 8, 8 * 8 * 4, 8 * 4 * 4),
        # The same with 16 columns streaming through 4 tiles.
        ("is", 1 + 4 + 4 * 16 + 8, 4, 4 * 4 * 4, 4 * 16 * 4),
    ],
)
def test_a_gemm_by_hand(dataflow: str, cycles: int, jobs: int, a_bytes: int, w_bytes: int) -> None:
    params = square(4, dataflow, accumulator="int32")
    result = simulate("gemm:8x8x16", params=params)
    assert result["total_cycles"] == cycles
    assert result["utilisation"] == 8 * 8 * 16 / (cycles * 16)
    (layer,) = result["layers"]
    outputs = 8 * 16 * (1 if dataflow == "os" else 2)
    assert layer == {
        "name": "gemm",
        "cycles": cycles,
        "macs": 1024,
        "utilisation": result["utilisation"],
        "jobs": jobs,
        "activation_bytes": a_bytes,
        "weight_bytes": w_bytes,
        "result_bytes": 4 * outputs,
        "dram_bytes": a_bytes + w_bytes + 4 * outputs,
        "bound_by": "compute",
    }
    assert result["dram_bytes"] == layer["dram_bytes"]
    assert (result["workload"], result["engine"]) == ("gemm:8x8x16", "systolic")


def test_a_table(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(TABLE)
    result = simulate(str(tmp_path / "table.csv"), params=square(4, "ws"))
    assert simulate(tmp_path / "table.csv", params=square(4, "ws")) == result
    assert [(layer["name"], layer["macs"]) for layer in result["layers"]] == [
        ("first", 4 * 4 * 3 * 2 * 2 * 4),
        ("second", 16 * 4 * 7),
    ]
    # K = 12 and 4, N = 4 and 7, M = 16 and 16.
    assert [layer["cycles"] for layer in result["layers"]] == [
        1 + 4 + 3 * 16 + 8,
        1 + 4 + 2 * 16 + 8,
    ]
    assert result["total_cycles"] == sum(layer["cycles"] for layer in result["layers"])
    assert result["dram_bytes"] == sum(layer["dram_bytes"] for layer in result["layers"])
    macs = sum(layer["macs"] for layer in result["layers"])
    assert result["utilisation"] == macs / (16 * result["total_cycles"])


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
@pytest.mark.parametrize(
    ("file", "layers", "macs"),
    [
        # Millions of multiply-accumulates as published, of ResNet-50 with strided 3x3 filters.
        ("light_resnet50.onnx", 54, 4089),
        ("light_vgg19.onnx", 19, 19632),
        ("light_bvlc_alexnet.onnx", 8, 654),
    ],
)
def test_float_networks(file: str, layers: int, macs: int, dataflow: str) -> None:
    result = simulate(str(LIGHT / file), params=square(16, dataflow, k_max=25088))
    assert len(result["layers"]) == layers
    total = sum(layer["macs"] for layer in result["layers"])
    assert total // 1_000_000 == macs
    assert result["total_cycles"] >= total / 256
    design = find_design("systolic", square(16, dataflow, k_max=25088))[1]
    for layer in result["layers"]:
        assert layer["cycles"] * design.macs_per_cycle >= layer["macs"]


@pytest.mark.parametrize(
    ("file", "totals"),
    [
        (
            "Resnet50.csv",
            [4_434_168, 5_753_486, 5_608_356, 611_561, 876_832, 997_762],
        ),
        (
            "gpt2.csv",
            [20_955_386, 22_055_898, 21_043_706, 1_488_874, 1_832_012, 1_524_602],
        ),
        ("vit_s.csv", [352_781, 397_875, 380_249, 37_819, 56_639, 45_367]),
    ],
)
def test_totals_of_scalesim(reference_data: Path, file: str, totals: list[int]) -> None:
    path = str(reference_data / "scalesim_topologies" / file)
    found = [
        simulate(path, params=square(size, dataflow), compat="scalesim")["total_cycles"]
        for size in (32, 128)
        for dataflow in ("os", "ws", "is")
    ]
    assert found == totals


def convolutions(layers: list[ConvLayer]) -> onnx.ModelProto:
    """A float network of unpadded convolutions, each of an input of its own."""
    inputs: dict[str, list[int | str]] = {}
    outputs: dict[str, list[int | str] | None] = {}
    nodes = []
    for number, layer in enumerate(layers):
        image, weights, result = f"x{number}", f"w{number}", f"y{number}"
        inputs[image] = ["batch", layer.channels, layer.height, layer.width]
        inputs[weights] = [layer.filters, layer.channels, layer.filter_height, layer.filter_width]
        outputs[result] = ["batch", layer.filters, *layer.output]
        nodes.append(
            helper.make_node(
                "Conv", [image, weights], [result], name=layer.name, strides=list(layer.stride)
            )
        )
    return network(nodes, inputs, outputs)


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_a_network_counts_like_the_table_of_its_shapes(
    reference_data: Path, tmp_path: Path, dataflow: str
) -> None:
    table = str(reference_data / "scalesim_topologies" / "Resnet50.csv")
    layers = [layer for layer in load_workload(table).layers if isinstance(layer, ConvLayer)]
    assert len(layers) == 54
    onnx.save(convolutions(layers), tmp_path / "net.onnx")
    params = square(32, dataflow)
    by_table, by_graph = (
        simulate(source, params=params, compat="scalesim")
        for source in (table, str(tmp_path / "net.onnx"))
    )
    assert by_table["layers"] == by_graph["layers"]
    assert by_table["total_cycles"] == by_graph["total_cycles"]
    assert by_table["exact_total_cycles"] == by_graph["exact_total_cycles"]
    assert by_table["dram_bytes"] is None


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_compat_has_the_exact_count_beside_it(tmp_path: Path, dataflow: str) -> None:
    (tmp_path / "table.csv").write_text(TABLE)
    path, params = str(tmp_path / "table.csv"), square(4, dataflow)
    compat, exact = simulate(path, params=params, compat="scalesim"), simulate(path, params=params)
    assert compat["exact_total_cycles"] == exact["total_cycles"]
    assert [layer["exact_cycles"] for layer in compat["layers"]] == [
        layer["cycles"] for layer in exact["layers"]
    ]
    for layer, ours in zip(load_workload(path).layers, compat["layers"], strict=True):
        alone = scalesim_layer(layer, rows=4, cols=4, dataflow=dataflow)
        assert (ours["cycles"], ours["utilisation"]) == (alone.cycles, alone.utilisation)


def test_compat_knows_no_limit_of_the_accumulator() -> None:
    narrow = square(4, "ws", k_max=16, accumulator="int24")
    with pytest.raises(UserError, match=r"layer gemm: K=500 exceeds k_max=16"):
        simulate("gemm:8x500x4", params=narrow)
    compat = simulate("gemm:8x500x4", params=narrow, compat="scalesim")
    roomy = simulate("gemm:8x500x4", params=square(4, "ws"))
    assert compat["exact_total_cycles"] == roomy["total_cycles"]
    with pytest.raises(UserError, match=r"^gemm:8x70000x4 has sums of 70000 products, too long"):
        simulate("gemm:8x70000x4", params=narrow, compat="scalesim")


def test_other_engines_and_other_compats_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="compat must be scalesim, not 'timeloop'"):
        simulate("gemm:1x1x1", compat="timeloop")
    monkeypatch.setattr(Engine, "name", "other")
    with pytest.raises(UserError, match="of the engine systolic, not of other"):
        simulate("gemm:1x1x1", compat="scalesim")


def test_a_workload_in_memory() -> None:
    work = Workload(name="mine", layers=(GemmLayer(name="heads", m=4, k=4, n=4, count=5),))
    result = simulate(work, params=square(4, "ws"))
    assert (result["workload"], result["layers"][0]["jobs"]) == ("mine", 5)
    assert result["total_cycles"] == 1 + 4 + 5 * 4 + 8


def test_many_small_products_are_quick() -> None:
    work = Workload(name="mine", layers=(GemmLayer(name="heads", m=4, k=4, n=4, count=96_000),))
    assert simulate(work, params=square(4, "ws"))["total_cycles"] == 1 + 4 + 96_000 * 4 + 8


@pytest.mark.parametrize("compat", [False, True])
def test_the_verb(compat: bool, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["simulate", "gemm:8x8x16", "--set", "rows=4", "--set", "cols=4"]
    arguments += ["--compat", "scalesim"] if compat else []
    assert main([*arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {"total_cycles", "layers", "dram_bytes"} <= set(result)
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert str(result["total_cycles"]) in text
    assert ("SCALE-Sim cycles" in text) == compat

"""Workloads by file or by size."""

import sys
from pathlib import Path

import pytest

from golden.errors import UserError
from sim.workload import GemmLayer
from tests.support.dense import dense_network
from tests.support.environments import ROOT, run
from tilewright.workloads import load_model, load_workload

TABLE = """\
Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
Conv1, 8, 8, 3, 3, 2, 5, 1,
"""


@pytest.mark.parametrize("text", ["gemm:2x3x4", "GEMM:2x3x4"])
def test_a_gemm_by_its_sizes(text: str) -> None:
    assert load_workload(text).layers == (GemmLayer(name="gemm", m=2, k=3, n=4),)


@pytest.mark.parametrize("name", ["table.csv", "TABLE.CSV"])
def test_a_table(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(TABLE)
    (layer,) = load_workload(str(tmp_path / name)).layers
    assert (layer.name, layer.macs) == ("Conv1", 6 * 6 * 9 * 2 * 5)


@pytest.mark.parametrize("name", ["net.onnx", "NET.ONNX"])
def test_a_model_is_read_for_one_sample(name: str, tmp_path: Path) -> None:
    path = dense_network(tmp_path / name)
    assert load_workload(str(path)).layers == (GemmLayer(name="dense", m=1, k=4, n=3),)
    assert load_model(path).tensors["x"].shape == (1, 4)
    assert load_model(str(path)).outputs == ("y",)


@pytest.mark.parametrize("name", ["gemm", "net.pt", "net", "", ".onnx/net", "gemm8x8x8"])
def test_other_workloads_are_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"is no workload: allowed are a model .* and gemm:MxKxN"):
        load_workload(name)


@pytest.mark.parametrize("name", ["net.csv", "gemm:1x1x1", "net"])
def test_other_models_are_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"^'{name}' is no model: allowed are ONNX"):
        load_model(name)


@pytest.mark.parametrize("name", ["none.onnx", "none.csv", "broken.onnx", "broken.csv", "d.onnx"])
def test_unreadable_files_are_refused_by_name(name: str, tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_text("no model")
    (tmp_path / "broken.csv").write_text("no table")
    (tmp_path / "d.onnx").mkdir()
    with pytest.raises(UserError, match=name):
        load_workload(str(tmp_path / name))


def test_a_gemm_needs_no_importer_of_models(tmp_path: Path) -> None:
    program = (
        "import sys; from tilewright.workloads import load_workload\n"
        "load_workload('gemm:2x3x4'); print(sorted({'onnx', 'tflite'} & set(sys.modules)))"
    )
    done = run([sys.executable, "-c", program], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
    assert done.stdout == "[]\n"

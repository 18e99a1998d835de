"""Workloads by file or by size."""

from pathlib import Path

from golden.errors import UserError
from golden.graph import Graph
from mapper.importers.gemm import parse_gemm
from mapper.importers.scalesim import read_scalesim
from sim.workload import Workload

__all__ = ["is_model", "load_model", "load_workload"]

GEMM = "gemm:"


def is_model(text: str) -> bool:
    """Whether a workload is a model file, by its name."""
    return Path(text).suffix.lower() in (".onnx", ".tflite")


def load_workload(text: str) -> Workload:
    """Layers of a model file (.onnx, .tflite), a SCALE-Sim table (.csv) or ``gemm:MxKxN``.

    Raises
    ------
    UserError
        If it can not be read, or is of another kind.
    """
    if text.lower().startswith(GEMM):
        return parse_gemm(text)
    match Path(text).suffix.lower():
        case ".csv":
            return read_scalesim(Path(text))
        case ".onnx" | ".tflite":
            # Imported late: a table or a GEMM needs no graph.
            from mapper.workloads import graph_workload

            return graph_workload(load_model(text))
        case _:
            raise UserError(
                f"{text!r} is no workload: allowed are a model (.onnx, .tflite), a SCALE-Sim table"
                " (.csv) and gemm:MxKxN"
            )


def load_model(path: Path | str) -> Graph:
    """Graph of a model file, for a batch of one.

    Raises
    ------
    UserError
        If it can not be read.
    """
    # Imported late: each format has a package of its own, and needs it alone.
    match Path(path).suffix.lower():
        case ".onnx":
            from mapper.importers.onnx import import_onnx

            return import_onnx(path)
        case ".tflite":
            from mapper.importers.tflite import import_tflite

            return import_tflite(path)
        case _:
            raise UserError(
                f"{str(path)!r} is no model: allowed are ONNX (.onnx) and TFLite files (.tflite)"
            )

"""What every point of a sweep runs: networks with their data, and workloads known by shapes."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray

from golden.errors import UserError
from golden.graph import Graph
from golden.tensors import Array
from mapper.importers.onnx import import_onnx
from mapper.importers.onnx.loading import checked
from mapper.importers.tflite import import_tflite
from sim.workload import Workload
from tilewright.caching import cache_key
from tilewright.quantization.accuracy import network_accuracy
from tilewright.quantization.scheme import parse_scheme
from tilewright.quantizing import quantize_model
from tilewright.samples import read_inputs, read_labels
from tilewright.workloads import is_model, load_model, load_workload

__all__ = ["LabelledSamples", "Model", "Shapes", "Task", "read_model", "read_shapes", "read_task"]

ONNX = ".onnx"


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledSamples:
    """Samples, and what they are.

    Parameters
    ----------
    inputs : mapping of str to ndarray
        Of each input, samples first.
    labels : ndarray of int64, shape (samples,)
    """

    inputs: Mapping[str, Array]
    labels: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A network, by the content of its file, so that it can be sent to another machine.

    Equal ones are equal, whatever their files are called.

    Parameters
    ----------
    name : str
    source : str
        File, for messages.
    octets : bytes
        Its content.
    data : LabelledSamples, optional
        To tell the accuracy.
    calibration : mapping of str to ndarray, optional
        Samples that quantization weighs errors by.
    """

    name: str
    source: str
    octets: bytes
    data: LabelledSamples | None = None
    calibration: Mapping[str, Array] | None = None

    @cached_property
    def digest(self) -> str:
        """Hash of all but names."""
        data = None if self.data is None else (dict(self.data.inputs), self.data.labels)
        calibration = None if self.calibration is None else dict(self.calibration)
        return cache_key(self.octets, pickle.dumps((data, calibration), protocol=4))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def is_onnx(self) -> bool:
        """Whether it can be quantized further."""
        return Path(self.source).suffix.lower() == ONNX

    def graph(self, scheme: str | None = None, *, batch: int = 1) -> Graph:
        """The network, quantized by a scheme if one is given.

        Raises
        ------
        UserError
            If model or scheme can not be used.
        """
        if not self.is_onnx:
            if scheme is not None:
                raise UserError(f"{self.source} is no ONNX file, which alone can be quantized")
            return import_tflite(self.octets, batch=batch)
        proto = checked(onnx.load_model_from_string(self.octets), self.source)
        if scheme is not None:
            parsed = parse_scheme(scheme)
            proto, _ = quantize_model(proto, parsed, self.calibration, source=self.source)
        return import_onnx(proto, batch=batch)

    def accuracy(self, scheme: str | None = None) -> float | None:
        """Fraction of samples that are right, by the golden model; None without labels."""
        if self.data is None:
            return None
        return network_accuracy(
            lambda batch: self.graph(scheme, batch=batch), self.data.inputs, self.data.labels
        )


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """A workload of which shapes alone are known.

    Parameters
    ----------
    name : str
    workload : Workload
    """

    name: str
    workload: Workload

    @property
    def digest(self) -> str:
        """Hash of all but names."""
        return cache_key(repr(self.workload.layers))


Task: TypeAlias = Model | Shapes
"""Anything to run."""


def read_task(text: str, name: str | None = None) -> Task:
    """A workload by its file or size, as `tilewright.simulate` takes it.

    Raises
    ------
    UserError
        If it can not be read.
    """
    return read_model(text, name) if is_model(text) else read_shapes(text, name)


def read_shapes(text: str, name: str | None = None) -> Shapes:
    """A SCALE-Sim table or ``gemm:MxKxN``.

    Raises
    ------
    UserError
        If it can not be read.
    """
    return Shapes(name=name or Path(text).stem, workload=load_workload(text))


def read_model(
    file: str,
    name: str | None = None,
    *,
    inputs: Path | None = None,
    labels: Path | None = None,
    calibrate: Path | None = None,
) -> Model:
    """A network with its data.

    Parameters
    ----------
    file : str
        ONNX or TFLite.
    name : str, optional
        Default: that of the file.
    inputs, labels, calibrate : path, optional
        As for `tilewright.quantize`.

    Raises
    ------
    UserError
        If a file can not be used.
    OSError
        If one can not be read.
    """
    graph = load_model(file)
    data = None
    if inputs is not None and labels is not None:
        samples = read_inputs(graph, inputs)
        count = len(next(iter(samples.values())))
        data = LabelledSamples(inputs=samples, labels=read_labels(labels, count, graph))
    return Model(
        name=name or Path(file).stem,
        source=file,
        octets=Path(file).read_bytes(),
        data=data,
        calibration=None if calibrate is None else read_inputs(graph, calibrate),
    )

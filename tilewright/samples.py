"""Samples of a network's inputs, and what becomes of them: npz files, labels, accuracy."""

import math
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from golden.errors import UserError
from golden.graph import Graph
from golden.tensors import Array, FloatType, Tensor

__all__ = [
    "accuracy",
    "check_counts",
    "random_inputs",
    "read_inputs",
    "read_labels",
    "require_single_samples",
    "samples_first",
    "write_outputs",
]

WIDEST_RANDOM = 16
"""Bits of integers without a scale that are still taken for data, not for indices."""


def check_counts(
    inputs: Path | None, samples: int | None, rtl: bool, rtl_samples: int | None
) -> None:
    """Refuse numbers of samples that can not be, or that nothing asks for."""
    for name, number in (("samples", samples), ("rtl_samples", rtl_samples)):
        if number is not None and number < 1:
            raise UserError(f"{name} must be at least 1, not {number}")
    if inputs is not None and samples is not None:
        raise UserError(f"samples asks for random ones, but {inputs} is given")
    if rtl_samples is not None and not rtl:
        raise UserError("rtl_samples says how many samples run on the Verilog: set rtl as well")


def require_single_samples(graph: Graph, name: str) -> None:
    """Refuse a network that takes several samples at once."""
    for tensor in (graph.tensors[name] for name in graph.inputs):
        if tensor.shape[:1] != (1,):
            raise UserError(
                f"{name}: input {tensor.name} has shape {tensor.shape}, but samples run one at a"
                " time: the first size must be open, or 1"
            )


def read_inputs(graph: Graph, path: Path) -> dict[str, Array]:
    """Samples of every input, cast to what the graph takes."""
    given = _read_arrays(path)
    if sorted(given) != sorted(graph.inputs):
        raise UserError(
            f"{path} holds {', '.join(given) or 'nothing'}; the inputs of the network are"
            f" {', '.join(graph.inputs)}"
        )
    counts = {len(values) if values.ndim else 0 for values in given.values()}
    if len(counts) != 1 or counts == {0}:
        raise UserError(f"the inputs in {path} must have the same number of samples, at least 1")
    for name, values in given.items():
        shape = graph.tensors[name].shape
        if values.shape[1:] != shape[1:]:
            raise UserError(
                f"a sample of input {name} in {path} has shape {values.shape[1:]}, not {shape[1:]}"
            )
    return {name: _as_input(graph.tensors[name], given[name], path) for name in graph.inputs}


def _read_arrays(path: Path) -> dict[str, Array]:
    try:
        # Opened here, because NumPy leaves a file open that it can not read.
        with path.open("rb") as opened:
            loaded = np.load(opened)
            if isinstance(loaded, NpzFile):
                arrays = {name: loaded[name] for name in loaded.files}
                if all(isinstance(array, np.ndarray) for array in arrays.values()):
                    return arrays
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        pass
    raise UserError(f"{path} is no npz file of arrays, as numpy.savez writes it")


def _as_input(tensor: Tensor, values: Array, path: Path) -> Array:
    """Floats become integers where the network takes those, by its own scale."""
    where = f"input {tensor.name} in {path}"
    kinds = "f" if tensor.is_float else "iub" if tensor.quantization is None else "iubf"
    if values.dtype.kind not in kinds:
        wanted = " or floats" if "f" in kinds and not tensor.is_float else ""
        raise UserError(f"{where} holds {values.dtype}; the network takes {tensor.element}{wanted}")
    if values.dtype.kind != "f":
        low, high = int(values.min(initial=0)), int(values.max(initial=0))
        if not tensor.int_format.contains(low, high):
            outside = high if tensor.int_format.contains(low, low) else low
            raise UserError(f"{where} holds {outside}, which is no value of {tensor.element}")
        return values
    if np.isnan(values).any():
        raise UserError(f"{where} holds a NaN")
    if isinstance(tensor.element, FloatType):
        # NumPy's own floats are wider than those of networks.
        with np.errstate(over="ignore"):
            return values.astype(tensor.element.value)
    return tensor.quantized.quantize(values, tensor.int_format)


def random_inputs(graph: Graph, samples: int, seed: int) -> dict[str, Array]:
    """Each input from a stream of its own, so that the first samples are always the same."""
    inputs: dict[str, Array] = {}
    for number, name in enumerate(graph.inputs):
        tensor = graph.tensors[name]
        rng = np.random.default_rng([seed, number])
        shape = (samples, *tensor.shape[1:])
        if isinstance(tensor.element, FloatType):
            inputs[name] = rng.random(shape).astype(tensor.element.value)
        elif tensor.quantization is None and tensor.element.bits > WIDEST_RANDOM:
            raise UserError(
                f"input {name} takes plain integers ({tensor.element}), such as indices, of which"
                " random ones mean nothing: give samples of it"
            )
        else:
            low, high = tensor.element.min, tensor.element.max
            inputs[name] = rng.integers(low, high, shape, endpoint=True)
    return inputs


def read_labels(path: Path, count: int, graph: Graph) -> NDArray[np.int64]:
    """The class of each sample.

    Raises
    ------
    UserError
        If there are not ``count`` of them, or one is none that the network can give.
    """
    try:
        with path.open("rb") as opened:
            labels = np.load(opened)
    except (ValueError, EOFError, zipfile.BadZipFile):
        labels = None
    if not isinstance(labels, np.ndarray):
        raise UserError(f"{path} is no npy file of labels, as numpy.save writes it")
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise UserError(
            f"{path} holds {labels.dtype} of shape {labels.shape}; labels are integers of shape"
            f" ({count},)"
        )
    scores = graph.tensors[graph.outputs[0]]
    classes = math.prod(scores.shape)
    if not 0 <= labels.min() <= labels.max() < classes:
        raise UserError(
            f"{path} holds labels from {labels.min()} to {labels.max()}; output {scores.name} has"
            f" {classes} values, so labels are 0 to {classes - 1}"
        )
    return labels.astype(np.int64)


def samples_first(tensor: Tensor, results: list[Array]) -> Array:
    """A leading axis of samples, in place of the batch's if the tensor has one."""
    return np.concatenate(results) if tensor.shape[:1] == (1,) else np.stack(results)


def accuracy(outputs: Array, labels: NDArray[np.int64]) -> float:
    """Fraction of samples in which the largest output is at the label."""
    scores = outputs.reshape(len(outputs), -1)
    return float(np.mean(np.argmax(scores, axis=1) == labels))


def write_outputs(folder: Path, outputs: Mapping[str, Array]) -> Path:
    """Write all outputs or, if that fails, nothing."""
    path = folder / "outputs.npz"
    with tempfile.TemporaryDirectory(prefix=".outputs-", dir=folder) as scratch:
        partial = Path(scratch) / path.name
        # numpy.savez takes names as arguments, so it can not write an array called "file".
        with zipfile.ZipFile(partial, "w") as archive:
            for name, values in outputs.items():
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, values, allow_pickle=False)
        partial.replace(path)
    return path

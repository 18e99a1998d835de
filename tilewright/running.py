"""Running a network on a bare engine: values by the golden model, cycles by the timing."""

import math
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from golden.errors import UserError
from golden.evaluate import evaluate
from golden.graph import Graph
from golden.tensors import Array, FloatType, Tensor
from mapper.workloads import graph_workload
from sim.bare import EngineLayer, time_layers
from tilewright.caching import Cache
from tilewright.catalog import Engine, find_design
from tilewright.products import EngineProducts, GemmCodes
from tilewright.progress import progress
from tilewright.rtl import RtlReport, RtlRun
from tilewright.workloads import load_model

__all__ = ["NetworkRun", "run"]

WIDEST_RANDOM = 16
"""Bits of integers without a scale that are still taken for data, not for indices."""


@dataclass(frozen=True, kw_only=True)
class NetworkRun:
    """A network's run.

    Parameters
    ----------
    model, engine : str
    samples : int
    seed : int or None
        Of random inputs, where none were given.
    total_cycles : int
        Per sample.
    layers : tuple of EngineLayer
        Per sample.
    utilisation : float
        Over all layers.
    outputs : str
        File with the graph's outputs, samples first.
    accuracy : float or None
        Fraction of samples in which the largest value of the first output is at the label.
    rtl : RtlReport or None
        With ``rtl``.
    """

    model: str
    engine: str
    samples: int
    seed: int | None
    total_cycles: int
    layers: tuple[EngineLayer, ...]
    utilisation: float
    outputs: str
    accuracy: float | None
    rtl: RtlReport | None

    @property
    def passed(self) -> bool:
        """Whether the RTL, if it ran, agreed in every code and every cycle."""
        return self.rtl is None or self.rtl.passed

    def to_json(self) -> dict[str, Any]:
        """As JSON values; what the RTL said stands beside the rest."""
        plain = asdict(self)
        rtl = plain.pop("rtl")
        return {**plain, **(rtl or {})}


def run(
    model: Path | str,
    *,
    engine: str = "systolic",
    params: Mapping[str, Any] | None = None,
    inputs: Path | None = None,
    labels: Path | None = None,
    rtl: bool = False,
    rtl_samples: int | None = None,
    samples: int | None = None,
    seed: int = 0,
    simulator: str = "verilator",
    output: Path | str = "tilewright-run",
    cache: Cache | None = None,
) -> NetworkRun:
    """Run a quantized network, every matrix product of it on a bare engine.

    Parameters
    ----------
    model : path
        ONNX or TFLite file, quantized to integers.
    engine : str
        Engine or preset.
    params : mapping, optional
        Params to set, as text or values.
    inputs : path, optional
        npz with an array for each input of the graph, samples first, laid out as in the model's
        file; random where left out.
    labels : path, optional
        npy of int, shape (samples,).
    rtl : bool
        Push every product through the generated Verilog as well.
    rtl_samples : int, optional
        Only for the first so many samples; default: all.
    samples : int, optional
        Random samples, where no inputs are given; default: 1.
    seed : int
        Of random inputs.
    simulator : {"verilator", "icarus"}
    output : path
        Folder for ``outputs.npz``.
    cache : Cache, optional
        Where simulator builds lie.

    Raises
    ------
    UserError
        If model, inputs or labels can not be used, or a layer does not fit the engine.
    OSError
        If a file can not be read, or the folder can not be written.
    SimulatorError
        If the simulator is missing or too old.
    """
    _check_counts(inputs, samples, rtl, rtl_samples)
    found, design = find_design(engine, params or {})
    graph = load_model(model)
    workload = graph_workload(graph)
    _require_runnable(graph, str(model))
    layers = time_layers(found.golden, found.sim, design, workload.layers)
    fed = _read_inputs(graph, inputs) if inputs else _random_inputs(graph, samples or 1, seed)
    count = len(next(iter(fed.values())))
    truth = None if labels is None else _read_labels(labels, count, graph)
    # What can go wrong goes wrong before anything takes long.
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    verilog = RtlRun(found, design, simulator=simulator, cache=cache) if rtl else None
    results = _evaluate(graph, fed, found, design, verilog, rtl_samples or count)
    saved = _write_outputs(folder, results)
    total = sum(layer.cycles for layer in layers)
    return NetworkRun(
        model=str(model),
        engine=found.name,
        samples=count,
        seed=None if inputs else seed,
        total_cycles=total,
        layers=layers,
        utilisation=sum(layer.macs for layer in layers) / (total * design.macs_per_cycle),
        outputs=str(saved),
        accuracy=None if truth is None else _accuracy(results[graph.outputs[0]], truth),
        rtl=None if verilog is None else verilog.report(),
    )


def _check_counts(
    inputs: Path | None, samples: int | None, rtl: bool, rtl_samples: int | None
) -> None:
    for name, number in (("samples", samples), ("rtl_samples", rtl_samples)):
        if number is not None and number < 1:
            raise UserError(f"{name} must be at least 1, not {number}")
    if inputs is not None and samples is not None:
        raise UserError(f"samples asks for random ones, but {inputs} is given")
    if rtl_samples is not None and not rtl:
        raise UserError("rtl_samples says how many samples run on the Verilog: set rtl as well")


def _require_runnable(graph: Graph, name: str) -> None:
    for operator in graph.operators:
        operands = graph.inputs_of(operator)
        if operator.products(operands) and any(t.quantization is None for t in operands[:2]):
            raise UserError(
                f"{name} is not quantized: layer {operator.name} multiplies"
                f" {operands[0].element}, which no engine takes; quantize it to int8"
                " (onnxruntime.quantization), or use simulate, which needs shapes alone"
            )
    for tensor in (graph.tensors[name] for name in graph.inputs):
        if tensor.shape[:1] != (1,):
            raise UserError(
                f"{name}: input {tensor.name} has shape {tensor.shape}, but samples run one at a"
                " time: the first size must be open, or 1"
            )


def _read_inputs(graph: Graph, path: Path) -> dict[str, Array]:
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
    return values if tensor.is_float else tensor.quantized.quantize(values, tensor.int_format)


def _random_inputs(graph: Graph, samples: int, seed: int) -> dict[str, Array]:
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


def _read_labels(path: Path, count: int, graph: Graph) -> NDArray[np.int64]:
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


def _evaluate(
    graph: Graph,
    fed: Mapping[str, Array],
    engine: Engine,
    params: Any,
    verilog: RtlRun | None,
    rtl_samples: int,
) -> dict[str, Array]:
    """Outputs of every sample; the products of the first ``rtl_samples`` go to the Verilog too."""
    outputs: dict[str, list[Array]] = {name: [] for name in graph.outputs}
    with progress(range(len(next(iter(fed.values())))), "samples") as samples:
        for sample in samples:
            products: list[GemmCodes] = []
            pushed = verilog if sample < rtl_samples else None
            product = EngineProducts(
                engine=engine, params=params, keep=products.append if pushed else _forget
            )
            one = {name: values[sample : sample + 1] for name, values in fed.items()}
            try:
                values = evaluate(graph, one, product=product)
            except UserError:
                raise
            except (ValueError, IndexError) as error:
                raise UserError(f"sample {sample} can not be evaluated: {error}") from error
            for name, results in outputs.items():
                results.append(values[name])
            if pushed:
                pushed.add(products)
    return {name: _samples_first(graph.tensors[name], results) for name, results in outputs.items()}


def _forget(product: GemmCodes) -> None:
    del product


def _samples_first(tensor: Tensor, results: list[Array]) -> Array:
    """A leading axis of samples, in place of the batch's if the tensor has one."""
    return np.concatenate(results) if tensor.shape[:1] == (1,) else np.stack(results)


def _accuracy(outputs: Array, labels: NDArray[np.int64]) -> float:
    scores = outputs.reshape(len(outputs), -1)
    return float(np.mean(np.argmax(scores, axis=1) == labels))


def _write_outputs(folder: Path, outputs: Mapping[str, Array]) -> Path:
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

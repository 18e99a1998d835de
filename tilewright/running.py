"""Running a network on a bare engine: values by the golden model, cycles by the timing."""

import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.evaluate import evaluate
from golden.graph import Graph
from golden.tensors import Array, FloatType
from mapper.workloads import graph_workload
from sim.bare import EngineLayer, time_layers
from tilewright.caching import Cache
from tilewright.catalog import Engine, find_design
from tilewright.products import EngineProducts, GemmCodes
from tilewright.progress import progress
from tilewright.rtl import RtlReport, run_rtl
from tilewright.workloads import load_model

__all__ = ["NetworkRun", "run"]


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
        Fraction of samples whose largest output is the label.
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
    samples: int = 1,
    seed: int = 0,
    simulator: str = "verilator",
    output: Path | str = "tilewright-run",
    cache: Cache | None = None,
) -> NetworkRun:
    """Run a quantized network, every matrix product of it on a bare engine.

    Parameters
    ----------
    model : path
        ONNX file, quantized to integers.
    engine : str
        Engine or preset.
    params : mapping, optional
        Params to set, as text or values.
    inputs : path, optional
        npz with an array for each input of the graph, samples first; random where left out.
    labels : path, optional
        npy of int, shape (samples,).
    rtl : bool
        Push every product through the generated Verilog as well.
    rtl_samples : int, optional
        Only for the first so many samples.
    samples : int
        Random samples, where no inputs are given.
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
    """
    found, design = find_design(engine, params or {})
    graph = load_model(model)
    _require_quantized(graph, str(model))
    fed = _read_inputs(graph, inputs) if inputs else _random_inputs(graph, samples, seed)
    count = len(next(iter(fed.values())))
    truth = _read_labels(labels, count) if labels else None
    layers = time_layers(found.golden, found.sim, design, graph_workload(graph).layers)
    results, products = _evaluate(graph, fed, found, design, rtl_samples if rtl else 0)
    report = run_rtl(found, design, products, simulator=simulator, cache=cache) if rtl else None
    total = sum(layer.cycles for layer in layers)
    return NetworkRun(
        model=str(model),
        engine=found.name,
        samples=count,
        seed=None if inputs else seed,
        total_cycles=total,
        layers=layers,
        utilisation=sum(layer.macs for layer in layers) / (total * design.macs_per_cycle),
        outputs=str(_write_outputs(Path(output), results)),
        accuracy=None if truth is None else _accuracy(results[graph.outputs[0]], truth),
        rtl=report,
    )


def _require_quantized(graph: Graph, name: str) -> None:
    floats = [
        operator.name
        for operator in graph.operators
        if operator.products(graph.inputs_of(operator))
        and isinstance(graph.tensors[operator.inputs[0]].element, FloatType)
    ]
    if floats:
        raise UserError(
            f"{name} is not quantized: layer {floats[0]} multiplies floats, which no engine takes;"
            " quantize it to int8 (onnxruntime.quantization), or use simulate, which needs shapes"
            " alone"
        )


def _read_inputs(graph: Graph, path: Path) -> dict[str, Array]:
    """Samples of every input, cast to what the graph takes."""
    try:
        with np.load(path) as file:
            given = {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise UserError(f"{path} is no npz file of arrays") from None
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
    return {name: _as_input(graph, name, values) for name, values in given.items()}


def _as_input(graph: Graph, name: str, values: Array) -> Array:
    """Floats become integers where the network takes those, by its own scale."""
    tensor = graph.tensors[name]
    if values.dtype.kind == "f" and not isinstance(tensor.element, FloatType):
        if tensor.quantization is None:
            raise UserError(f"input {name} takes integers, not {values.dtype}")
        return tensor.quantization.quantize(values, tensor.element)
    return values


def _random_inputs(graph: Graph, samples: int, seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    inputs: dict[str, Array] = {}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        shape = (samples, *tensor.shape[1:])
        if isinstance(tensor.element, FloatType):
            inputs[name] = rng.random(shape).astype(tensor.element.value)
        else:
            low, high = tensor.element.min, tensor.element.max
            inputs[name] = rng.integers(low, high, shape, endpoint=True)
    return inputs


def _read_labels(path: Path, count: int) -> NDArray[np.int64]:
    try:
        labels = np.load(path)
    except (ValueError, EOFError):
        raise UserError(f"{path} is no npy file of labels") from None
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise UserError(
            f"{path} holds {labels.dtype} of shape {labels.shape}; labels are integers of shape"
            f" ({count},)"
        )
    return np.asarray(labels, dtype=np.int64)


def _evaluate(
    graph: Graph, fed: Mapping[str, Array], engine: Engine, params: Any, kept: int | None
) -> tuple[dict[str, Array], list[list[GemmCodes]]]:
    """Outputs of every sample, and the products of the first ``kept`` (all: None)."""
    count = len(next(iter(fed.values())))
    outputs: dict[str, list[Array]] = {name: [] for name in graph.outputs}
    products: list[list[GemmCodes]] = []
    for sample in progress(range(count), "golden model, samples"):
        seen: list[GemmCodes] = []
        keep = kept is None or sample < kept
        product = EngineProducts(
            engine=engine, params=params, keep=seen.append if keep else lambda _: None
        )
        values = evaluate(
            graph, {name: data[sample : sample + 1] for name, data in fed.items()}, product=product
        )
        for name, results in outputs.items():
            results.append(values[name])
        if keep:
            products.append(seen)
    return {name: np.concatenate(results) for name, results in outputs.items()}, products


def _accuracy(outputs: Array, labels: NDArray[np.int64]) -> float:
    scores = outputs.reshape(len(outputs), -1)
    return float(np.mean(np.argmax(scores, axis=1) == labels))


def _write_outputs(folder: Path, outputs: Mapping[str, Array]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "outputs.npz"
    partial = folder / ".outputs.partial.npz"
    np.savez(partial, allow_pickle=False, **outputs)
    partial.replace(path)
    return path

"""Running a network on a bare engine: values by the golden model, cycles by the timing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from golden.errors import UserError
from golden.evaluate import evaluate
from golden.graph import Graph
from golden.tensors import Array
from mapper.workloads import graph_workload
from sim.bare import EngineLayer, time_layers, total_utilisation
from tilewright.caching import Cache
from tilewright.catalog import Engine, find_design
from tilewright.files import as_path
from tilewright.operands import graph_widths
from tilewright.products import EngineProducts, GemmCodes
from tilewright.progress import progress
from tilewright.rtl import RtlReport, RtlRun
from tilewright.samples import (
    accuracy,
    check_counts,
    random_inputs,
    read_inputs,
    read_labels,
    require_single_samples,
    samples_first,
    write_outputs,
)
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
    inputs: Path | str | None = None,
    labels: Path | str | None = None,
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
    inputs, labels = as_path(inputs), as_path(labels)
    check_counts(inputs, samples, rtl, rtl_samples)
    found, design = find_design(engine, params or {})
    graph = load_model(model)
    workload = graph_workload(graph)
    _require_runnable(graph, str(model))
    widths = graph_widths(graph, found.golden.layout(design))
    layers = time_layers(found.golden, found.sim, design, workload.layers, widths)
    fed = read_inputs(graph, inputs) if inputs else random_inputs(graph, samples or 1, seed)
    count = len(next(iter(fed.values())))
    truth = None if labels is None else read_labels(labels, count, graph)
    # What can go wrong goes wrong before anything takes long.
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    verilog = RtlRun(found, design, simulator=simulator, cache=cache) if rtl else None
    results = _evaluate(graph, fed, found, design, verilog, rtl_samples or count)
    saved = write_outputs(folder, results)
    total = sum(layer.cycles for layer in layers)
    return NetworkRun(
        model=str(model),
        engine=found.name,
        samples=count,
        seed=None if inputs else seed,
        total_cycles=total,
        layers=layers,
        utilisation=total_utilisation(layers),
        outputs=str(saved),
        accuracy=None if truth is None else accuracy(results[graph.outputs[0]], truth),
        rtl=None if verilog is None else verilog.report(),
    )


def _require_runnable(graph: Graph, name: str) -> None:
    for operator in graph.operators:
        operands = graph.inputs_of(operator)
        if operator.products(operands) and any(t.quantization is None for t in operands[:2]):
            raise UserError(
                f"{name} is not quantized: layer {operator.name} multiplies"
                f" {operands[0].element}, which no engine takes; quantize it first"
                " (tilewright quantize), or use simulate, which needs shapes alone"
            )
    require_single_samples(graph, name)


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
    return {name: samples_first(graph.tensors[name], results) for name, results in outputs.items()}


def _forget(product: GemmCodes) -> None:
    del product

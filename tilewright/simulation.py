"""Cycles and traffic of a workload from its shapes alone."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from golden.contract import Layout
from golden.errors import UserError
from sim.bare import EngineLayer, Widths, time_layers, total_utilisation
from sim.scalesim import scalesim_workload
from sim.workload import Workload
from tilewright.catalog import find_design
from tilewright.operands import graph_widths
from tilewright.workloads import is_model, load_model, load_workload

__all__ = ["simulate"]


def simulate(
    workload: str | Path | Workload,
    *,
    engine: str = "systolic",
    params: Mapping[str, Any] | None = None,
    compat: str | None = None,
) -> dict[str, Any]:
    """Count cycles of a workload on a bare engine with ideal memory.

    Parameters
    ----------
    workload : str, path or Workload
        Model file, SCALE-Sim table, or ``gemm:MxKxN``.
    engine : str
        Engine or preset.
    params : mapping, optional
        Params to set, as text or values.
    compat : {"scalesim"}, optional
        Count as SCALE-Sim does; the exact count stands beside it.

    Returns
    -------
    dict
        ``workload``, ``engine``, ``total_cycles``, ``layers``, ``dram_bytes`` (None with
        ``compat``), ``utilisation`` (of each layer alone with ``compat``).

    Raises
    ------
    UserError
        If the workload can not be read, or does not fit the engine.
    """
    found, design = find_design(engine, params or {})
    work, widths = _work(workload, found.golden.layout(design))
    if compat == "scalesim":
        return _as_scalesim(found.name, design, work)
    if compat is not None:
        raise UserError(f"compat must be scalesim, not {compat!r}")
    layers = time_layers(found.golden, found.sim, design, work.layers, widths)
    total = sum(layer.cycles for layer in layers)
    return {
        "workload": work.name,
        "engine": found.name,
        "total_cycles": total,
        "utilisation": total_utilisation(layers),
        "layers": [_layer_json(layer) for layer in layers],
        "dram_bytes": sum(layer.dram_bytes for layer in layers),
    }


def _layer_json(layer: EngineLayer) -> dict[str, Any]:
    return {**asdict(layer), "dram_bytes": layer.dram_bytes}


def _work(workload: str | Path | Workload, ports: Layout) -> tuple[Workload, dict[str, Widths]]:
    """Layers, and of those of a model that fit the engine what jobs say of their operands."""
    if isinstance(workload, Workload):
        return workload, {}
    workload = str(workload)
    if not is_model(workload):
        return load_workload(workload), {}
    # Imported late: a table or a GEMM needs no graph.
    from mapper.workloads import graph_workload

    graph = load_model(workload)
    return graph_workload(graph), graph_widths(graph, ports)


def _as_scalesim(engine: str, design: Any, work: Workload) -> dict[str, Any]:
    """SCALE-Sim's count, with that of the array that is generated here beside it."""
    if engine != "systolic":
        raise UserError(f"SCALE-Sim counts cycles of the engine systolic, not of {engine}")
    found, _ = find_design(engine, {})
    # Cycles do not depend on how wide sums are, and SCALE-Sim knows no limit on K.
    longest = max(product.k for layer in work.layers for product in layer.products)
    try:
        roomy = replace(design, accumulator=None, k_max=max(design.k_max, longest))
    except UserError as error:
        raise UserError(
            f"{work.name} has sums of {longest} products, too long for this array: {error}"
        ) from None
    exact = time_layers(found.golden, found.sim, roomy, work.layers)
    layers = scalesim_workload(
        work, rows=design.rows, cols=design.cols, dataflow=design.dataflow.value
    )
    return {
        "workload": work.name,
        "engine": engine,
        "compat": "scalesim",
        "total_cycles": sum(layer.cycles for layer in layers),
        "exact_total_cycles": sum(layer.cycles for layer in exact),
        "layers": [
            {**asdict(layer), "exact_cycles": ours.cycles}
            for layer, ours in zip(layers, exact, strict=True)
        ],
        "dram_bytes": None,
    }

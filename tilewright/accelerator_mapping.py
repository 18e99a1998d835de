"""Mapping a network, or layers that are known by their shapes, to an accelerator."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from golden.accelerator.description import Accelerator
from golden.accelerator.feeding import Streaming
from golden.graph import Graph
from sim.accelerator.simulation import simulate
from sim.workload import Workload
from tilewright.accelerated_simulation import is_quantized, lowering_of
from tilewright.accelerator import find_accelerator
from tilewright.caching import Cache
from tilewright.progress import compiling
from tilewright.reports import mapping_json
from tilewright.workloads import is_model, load_model, load_workload

__all__ = ["map_to_accelerator"]


def map_to_accelerator(
    workload: str | Path | Workload,
    *,
    accelerator: str | Path,
    changes: Mapping[str, Any] | None = None,
    solver: str | None = None,
    time_limit: float = 60.0,
    cache: Cache | None = None,
) -> dict[str, Any]:
    """Map a workload to an accelerator.

    Of a quantized model, what stays in activation memory is decided for all of it together: the
    fewest bytes, and then the fewest cycles. Of everything else each layer is mapped alone: the
    fewest cycles, and then the fewest bytes.

    Parameters
    ----------
    workload : str, path or Workload
        Model file, SCALE-Sim table, or ``gemm:MxKxN``.
    accelerator : str or path
        Name, or TOML file.
    changes : mapping, optional
        Fields of the description to change.
    solver : str, optional
        PuLP's name of a solver of integer programs.
    time_limit : float
        Seconds for the network, or for each shape.
    cache : Cache, optional
        For layers that are solved; default: the user's.

    Returns
    -------
    dict
        ``workload``, ``accelerator``, ``lowering``, ``status``, ``objective_bytes``,
        ``compulsory_bytes``, ``bound_bytes``, ``gap``, ``seconds``. Where only shapes are known,
        bytes are not the objective: these are None, ``gap`` is that of ``cycles`` over
        ``bound_cycles``, and there are ``layers``.

    Raises
    ------
    UserError
        If the workload can not be read, or does not fit the accelerator.
    """
    begun = time.perf_counter()
    design = find_accelerator(accelerator, changes)
    if isinstance(workload, Path):
        workload = str(workload)
    graph = load_model(workload) if isinstance(workload, str) and is_model(workload) else None
    with compiling():
        if graph is not None and is_quantized(graph):
            found = _map_program(graph, design, solver, time_limit)
            name, lowering = str(workload), "program"
        else:
            work = load_workload(workload) if isinstance(workload, str) else workload
            name, lowering = work.name, lowering_of(design)
            if isinstance(design.feeding, Streaming):
                found = _map_program(_network(work, design.feeding), design, solver, time_limit)
            else:
                found = _map_shapes(work, design, time_limit, cache)
    return {
        "workload": name,
        "accelerator": design.name,
        "lowering": lowering,
        **found,
        "seconds": round(time.perf_counter() - begun, 3),
    }


def _map_program(
    graph: Graph, design: Accelerator, solver: str | None, time_limit: float
) -> dict[str, Any]:
    # Imported late: a table or a GEMM needs no graph.
    from mapper.accelerator.lowering import lower
    from mapper.accelerator.mapping import Mapper
    from mapper.accelerator.programs import program_layers, region_bases

    lowered = lower(
        graph,
        design,
        host_fallback=True,
        mapper=Mapper.OPTIMAL,
        time_limit=time_limit,
        solver=solver,
    )
    assert lowered.mapping is not None  # by lower
    simulation = simulate(design, program_layers(lowered), bases=region_bases(lowered))
    cycles = simulation.cycles
    return {"total_cycles": cycles, **mapping_json(lowered.mapping, cycles)}


def _network(work: Workload, feeding: Streaming) -> Graph:
    # Imported late: elsewhere shapes need no graph.
    from mapper.accelerator.shapes import network_of

    return network_of(work, feeding)


def _map_shapes(
    work: Workload, design: Accelerator, time_limit: float, cache: Cache | None
) -> dict[str, Any]:
    # Imported late: a quantized model needs none of it.
    from tilewright.layer_mapping import layers_json, map_layers

    mappings = map_layers(work, design, time_limit=time_limit, cache=cache)
    nothing = dict.fromkeys(("objective_bytes", "compulsory_bytes", "bound_bytes"))
    return {**nothing, **layers_json(mappings)}

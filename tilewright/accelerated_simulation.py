"""Cycles, traffic and energy of a workload on an accelerator, without values."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golden.accelerator.description import Accelerator
from golden.accelerator.instructions import BASES
from golden.accelerator.registers import Counter
from golden.graph import Graph
from sim.accelerator.report import report, utilisation
from sim.accelerator.simulation import Simulation, simulate
from sim.workload import Workload
from tilewright.accelerator import find_accelerator
from tilewright.reports import layer_json, mapping_json
from tilewright.workloads import is_model, load_model, load_workload

if TYPE_CHECKING:
    from mapper.accelerator.streaming.plan import Plan

__all__ = ["is_quantized", "simulate_accelerated"]

PAGE_BYTES = 4096
"""Regions of DRAM begin at multiples of it."""


def simulate_accelerated(
    workload: str | Workload,
    *,
    accelerator: str | Path,
    changes: Mapping[str, Any] | None = None,
    mapper: str = "greedy",
    time_limit: float = 60.0,
) -> dict[str, Any]:
    """Simulate a workload on an accelerator.

    A quantized model is lowered to its program, as by `tilewright.run`. Of everything else only the
    shapes of products are known: each layer streams its operands from DRAM and its results back.

    Parameters
    ----------
    workload : str or Workload
        Model file, SCALE-Sim table, or ``gemm:MxKxN``.
    accelerator : str or path
        Name, or TOML file.
    changes : mapping, optional
        Fields of the description to change.
    mapper : {"greedy", "optimal"}
        Who decides what lies where, and how layers are cut.
    time_limit : float
        Seconds after which the optimal mapper ends with the best that it has; for each shape, where
        only shapes are known.

    Returns
    -------
    dict
        ``workload``, ``accelerator``, ``lowering`` (``program`` or ``streamed``), ``total_cycles``,
        ``utilisation``, ``dram_bytes``, ``program_bytes``, ``energy_pj``, ``counters``, ``layers``,
        ``mapping`` (None for layers that are mapped greedily by their shapes).

    Raises
    ------
    UserError
        If the workload can not be read, or does not fit the accelerator.
    """
    design = find_accelerator(accelerator, changes)
    graph = load_model(workload) if isinstance(workload, str) and is_model(workload) else None
    if graph is not None and is_quantized(graph):
        simulation, mapping = _simulate_program(graph, design, mapper, time_limit)
        return {**_result(str(workload), design, "program", simulation), "mapping": mapping}
    work = load_workload(workload) if isinstance(workload, str) else workload
    simulation, layers = _simulate_shapes(work, design, mapper, time_limit)
    return {**_result(work.name, design, "streamed", simulation), "mapping": layers}


def is_quantized(graph: Graph) -> bool:
    """Whether some matrix product is of integers."""
    return any(
        all(tensor.quantization is not None for tensor in operands[:2])
        for operator in graph.operators
        if operator.products(operands := graph.inputs_of(operator))
    )


def _simulate_program(
    graph: Graph, design: Accelerator, mapper: str, time_limit: float
) -> tuple[Simulation, dict[str, Any]]:
    # Imported late: a table or a GEMM needs no graph.
    from mapper.accelerator.lowering import lower
    from mapper.accelerator.mapping import Mapper
    from mapper.accelerator.programs import program_layers, region_bases

    lowered = lower(graph, design, host_fallback=True, mapper=Mapper(mapper), time_limit=time_limit)
    assert lowered.mapping is not None  # by lower
    simulation = simulate(design, program_layers(lowered), bases=region_bases(lowered))
    return simulation, mapping_json(lowered.mapping, simulation.cycles)


def _simulate_shapes(
    work: Workload, design: Accelerator, mapper: str, time_limit: float
) -> tuple[Simulation, dict[str, Any] | None]:
    greedy = _simulate_plans(work, design, None)
    if mapper == "greedy":
        return greedy, None
    # Imported late: it compiles its search.
    from tilewright.layer_mapping import layers_json, map_layers

    mappings = map_layers(work, design, time_limit=time_limit)
    best = _simulate_plans(work, design, [mapping.plan for mapping in mappings])
    # Each layer is best alone; one after the other they meet.
    chosen = min(best, greedy, key=lambda simulation: simulation.cycles)
    return chosen, {"mapper": mapper, **layers_json(mappings)}


def _simulate_plans(
    work: Workload, design: Accelerator, plans: "Sequence[Plan] | None"
) -> Simulation:
    # Imported late: a quantized model needs none of it.
    from mapper.accelerator.streaming import dram_bytes, streamed

    entries = streamed(work.layers, design, plans)
    ends = accumulate(-(-octets // PAGE_BYTES) * PAGE_BYTES for octets in dram_bytes(entries))
    return simulate(design, [entry.layer for entry in entries], bases=(0, *ends)[:BASES])


def _result(
    name: str, design: Accelerator, lowering: str, simulation: Simulation
) -> dict[str, Any]:
    reports = report(design, simulation)
    counters = simulation.counters
    return {
        "workload": name,
        "accelerator": design.name,
        "lowering": lowering,
        "total_cycles": simulation.cycles,
        "utilisation": utilisation(design, simulation),
        "dram_bytes": counters[Counter.READ_BYTES] + counters[Counter.WRITTEN_BYTES],
        "program_bytes": counters[Counter.PROGRAM_BYTES],
        "energy_pj": sum(layer.energy.total for layer in reports),
        "counters": {counter.name.lower(): value for counter, value in counters.items()},
        "layers": [layer_json(layer) for layer in reports],
    }

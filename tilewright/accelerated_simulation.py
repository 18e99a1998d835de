"""Cycles, traffic and energy of a workload on an accelerator, without values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golden.accelerator.description import Accelerator
from golden.accelerator.feeding import Resting, Streaming
from golden.accelerator.instructions import BASES
from golden.accelerator.registers import Counter
from golden.graph import Graph
from sim.accelerator.energy import HOROWITZ_45NM, EnergyTable
from sim.accelerator.report import report, utilisation
from sim.accelerator.simulation import Simulation, simulate
from sim.accelerator.steps import Layer
from sim.workload import Workload
from tilewright.accelerator import find_accelerator
from tilewright.reports import ceilings_json, layer_json, mapping_json, timeline_json
from tilewright.workloads import is_model, load_model, load_workload

if TYPE_CHECKING:
    from mapper.accelerator.streaming.plan import Plan

__all__ = [
    "Simulated",
    "is_quantized",
    "lowering_of",
    "simulate_accelerated",
    "simulate_shapes",
]

PAGE_BYTES = 4096
"""Regions of DRAM begin at multiples of it."""


def simulate_accelerated(
    workload: str | Path | Workload,
    *,
    accelerator: str | Path,
    changes: Mapping[str, Any] | None = None,
    mapper: str = "greedy",
    time_limit: float = 60.0,
    timeline: bool = False,
    energies: EnergyTable = HOROWITZ_45NM,
) -> dict[str, Any]:
    """Simulate a workload on an accelerator.

    A quantized model is lowered to its program, as by `tilewright.run`. Of everything else only the
    shapes of products are known: each layer streams its operands from DRAM and its results back.
    For engines through which both operands stream that is a program, too, of the widest weights.

    Parameters
    ----------
    workload : str, path or Workload
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
    timeline : bool
        Also tell how busy each unit is over time, for which no instruction is skipped.
    energies : EnergyTable
        What operations and accesses take.

    Returns
    -------
    dict
        ``workload``, ``accelerator``, ``lowering`` (``program`` or ``streamed``), ``total_cycles``,
        ``utilisation``, ``dram_bytes``, ``program_bytes``, ``energy_pj``, ``peak_macs_per_cycle``,
        ``memory_bytes_per_cycle``, ``counters``, ``layers``, ``mapping`` (None for layers that are
        mapped greedily by their shapes), ``timeline`` (None where it was not asked for).

    Raises
    ------
    UserError
        If the workload can not be read, or does not fit the accelerator.
    """
    design = find_accelerator(accelerator, changes)
    if isinstance(workload, Path):
        workload = str(workload)
    graph = load_model(workload) if isinstance(workload, str) and is_model(workload) else None
    mapping: dict[str, Any] | None
    if graph is not None and is_quantized(graph):
        name, lowering = str(workload), "program"
        run, mapping = _simulate_program(graph, design, mapper, time_limit)
    else:
        work = load_workload(workload) if isinstance(workload, str) else workload
        name, lowering = work.name, lowering_of(design)
        run, mapping = simulate_shapes(work, design, mapper, time_limit)
    seen = timeline_json(design, run.layers, run.bases, run.simulation) if timeline else None
    result = _result(name, design, lowering, run.simulation, energies)
    return {**result, "mapping": mapping, "timeline": seen}


@dataclass(frozen=True)
class Simulated:
    """A simulation, and what was simulated."""

    layers: Sequence[Layer]
    bases: Sequence[int]
    simulation: Simulation


def _simulated(design: Accelerator, layers: Sequence[Layer], bases: Sequence[int]) -> Simulated:
    return Simulated(layers, bases, simulate(design, layers, bases=bases))


def is_quantized(graph: Graph) -> bool:
    """Whether some matrix product is of integers."""
    return any(
        all(tensor.quantization is not None for tensor in operands[:2])
        for operator in graph.operators
        if operator.products(operands := graph.inputs_of(operator))
    )


def _simulate_program(
    graph: Graph, design: Accelerator, mapper: str, time_limit: float
) -> tuple[Simulated, dict[str, Any]]:
    # Imported late: a table or a GEMM needs no graph.
    from mapper.accelerator.lowering import lower
    from mapper.accelerator.mapping import Mapper
    from mapper.accelerator.programs import program_layers, region_bases

    lowered = lower(graph, design, host_fallback=True, mapper=Mapper(mapper), time_limit=time_limit)
    assert lowered.mapping is not None  # by lower
    run = _simulated(design, program_layers(lowered), region_bases(lowered))
    return run, mapping_json(lowered.mapping, run.simulation.cycles)


def lowering_of(design: Accelerator) -> str:
    """What becomes of layers known by their shapes: they are ``streamed``, or a ``program``."""
    return "streamed" if isinstance(design.feeding, Resting) else "program"


def simulate_shapes(
    work: Workload, design: Accelerator, mapper: str, time_limit: float
) -> tuple[Simulated, dict[str, Any] | None]:
    """Run layers known by their shapes, and how they are mapped; see `simulate_accelerated`.

    Raises
    ------
    UserError
        If a layer does not fit the accelerator.
    """
    if isinstance(design.feeding, Streaming):
        # Imported late: a table or a GEMM needs no graph elsewhere.
        from mapper.accelerator.shapes import network_of

        return _simulate_program(network_of(work, design.feeding), design, mapper, time_limit)
    greedy = _simulate_plans(work, design, None)
    if mapper == "greedy":
        return greedy, None
    # Imported late: it compiles its search.
    from tilewright.layer_mapping import layers_json, map_layers

    mappings = map_layers(work, design, time_limit=time_limit)
    best = _simulate_plans(work, design, [mapping.plan for mapping in mappings])
    # Each layer is best alone; one after the other they meet.
    chosen = min(best, greedy, key=lambda run: run.simulation.cycles)
    return chosen, {"mapper": mapper, **layers_json(mappings)}


def _simulate_plans(
    work: Workload, design: Accelerator, plans: "Sequence[Plan] | None"
) -> Simulated:
    # Imported late: a quantized model needs none of it.
    from mapper.accelerator.streaming import dram_bytes, streamed

    entries = streamed(work.layers, design, plans)
    ends = accumulate(-(-octets // PAGE_BYTES) * PAGE_BYTES for octets in dram_bytes(entries))
    return _simulated(design, [entry.layer for entry in entries], (0, *ends)[:BASES])


def _result(
    name: str, design: Accelerator, lowering: str, simulation: Simulation, energies: EnergyTable
) -> dict[str, Any]:
    reports = report(design, simulation, energies)
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
        **ceilings_json(design),
        "counters": {counter.name.lower(): value for counter, value in counters.items()},
        "layers": [layer_json(layer) for layer in reports],
    }

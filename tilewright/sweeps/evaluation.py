"""What a design takes for a study's workloads; what points share is worked out once."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path

from golden.accelerator.description import Accelerator, Memory, MemoryKind
from golden.accelerator.registers import Counter
from golden.errors import UserError
from golden.graph import Graph
from golden.params import to_plain
from mapper.accelerator.lowering import lower
from mapper.accelerator.mapping import Mapper
from mapper.accelerator.programs import program_layers, region_bases
from mapper.workloads import graph_workload
from sim.accelerator.energy import EnergyTable, bare_energy
from sim.accelerator.report import report, utilisation
from sim.accelerator.simulation import Simulation, simulate
from sim.accelerator.steps import Layer
from sim.bare import time_layers, total_utilisation
from sim.technology import Technology
from sim.workload import Workload
from tilewright.accelerated_simulation import is_quantized, simulate_shapes
from tilewright.catalog import find_design
from tilewright.costs import Costs, costs_of
from tilewright.operands import graph_widths
from tilewright.sweeps.designs import AcceleratorDesign, Design, EngineDesign, Options, resolve
from tilewright.sweeps.metrics import Measured, Need, tell
from tilewright.sweeps.space import Point, Space
from tilewright.sweeps.workloads import Model, Task

__all__ = ["Bench", "Outcome", "Process", "evaluate"]


@dataclass(frozen=True, kw_only=True)
class Process:
    """What designs are built in.

    Parameters
    ----------
    technology : Technology
        Tells energies, and area and delay where they are asked for.
    liberty : Path, optional
        Library of standard cells.
    """

    technology: Technology
    liberty: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every point is measured with; can be sent to another process or machine.

    Parameters
    ----------
    space : Space
    tasks : tuple of Task
    needs : frozenset of Need
        What is worked out beyond what costs little.
    process : Process
    """

    space: Space
    tasks: tuple[Task, ...]
    needs: frozenset[Need]
    process: Process


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a point.

    Parameters
    ----------
    metrics : mapping of str to float
        Empty if it failed.
    reason : str or None
        Why it failed.
    seconds : float
        That it took.
    lost : bool
        Whether it failed for who evaluated it, so that equal points need not.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    reason: str | None = None
    seconds: float = 0.0
    lost: bool = False


def evaluate(bench: Bench, point: Point) -> Outcome:
    """Measure a point; whatever goes wrong is a reason, and no exception."""
    begun = time.perf_counter()
    try:
        metrics, reason = _metrics(bench, resolve(bench.space, point)), None
    except UserError as error:
        metrics, reason = {}, str(error)
    except Exception as error:  # one point must not end a sweep of many
        metrics, reason = {}, f"{type(error).__name__}: {error}"
    return Outcome(metrics=metrics, reason=reason, seconds=round(time.perf_counter() - begun, 3))


def _metrics(bench: Bench, design: Design) -> Mapping[str, float]:
    runs = [_measured(task, design, bench) for task in bench.tasks]
    return tell(runs, _costs(design, bench.process) if Need.COST in bench.needs else None)


def _costs(design: Design, process: Process) -> Costs:
    """Area and clock, by synthesis, which is kept in the user's cache."""
    cost = partial(costs_of, technology=process.technology, liberty=process.liberty)
    if isinstance(design, AcceleratorDesign):
        return cost(_without_memory(design.accelerator))
    return cost(design.engine, to_plain(design.params))


def _measured(task: Task, design: Design, bench: Bench) -> Measured:
    energies = bench.process.technology.energy
    try:
        if isinstance(design, AcceleratorDesign):
            measured = _on_accelerator(task, design, energies)
        else:
            measured = _on_engine(task, design, energies)
        if Need.ACCURACY in bench.needs and isinstance(task, Model):
            accuracy = _accuracy(task, design.options.scheme)
            return replace(measured, accuracy=accuracy)
    except UserError as error:
        raise UserError(f"{task.name}: {error}") from None
    return measured


def _on_accelerator(task: Task, design: AcceleratorDesign, energies: EnergyTable) -> Measured:
    accelerator, options = design.accelerator, design.options
    if isinstance(task, Model) and is_quantized(_graph(task, options.scheme)):
        layers, bases = _lowered(task, accelerator, options)
        simulation = simulate(accelerator, layers, bases=bases)
    else:
        work = _workload(task, options.scheme)
        run, _ = simulate_shapes(work, accelerator, options.mapper, options.time_limit)
        simulation = run.simulation
    return _measured_simulation(task.name, accelerator, simulation, energies)


def _measured_simulation(
    name: str, accelerator: Accelerator, simulation: Simulation, energies: EnergyTable
) -> Measured:
    counters = simulation.counters
    return Measured(
        workload=name,
        cycles=simulation.cycles,
        utilisation=utilisation(accelerator, simulation),
        dram_bytes=counters[Counter.READ_BYTES] + counters[Counter.WRITTEN_BYTES],
        energy_pj=sum(layer.energy.total for layer in report(accelerator, simulation, energies)),
        accuracy=None,
    )


def _on_engine(task: Task, design: EngineDesign, energies: EnergyTable) -> Measured:
    engine, _ = find_design(design.engine, {})
    widths = {}
    if isinstance(task, Model):
        ports = engine.golden.layout(design.params)
        widths = graph_widths(_graph(task, design.options.scheme), ports)
    work = _workload(task, design.options.scheme)
    layers = time_layers(engine.golden, engine.sim, design.params, work.layers, widths)
    octets = sum(layer.dram_bytes for layer in layers)
    return Measured(
        workload=task.name,
        cycles=sum(layer.cycles for layer in layers),
        utilisation=total_utilisation(layers),
        dram_bytes=octets,
        energy_pj=bare_energy(sum(layer.macs for layer in layers), octets, energies),
        accuracy=None,
    )


def _workload(task: Task, scheme: str | None) -> Workload:
    return graph_workload(_graph(task, scheme)) if isinstance(task, Model) else task.workload


@lru_cache(maxsize=64)
def _graph(model: Model, scheme: str | None) -> Graph:
    return model.graph(scheme)


@lru_cache(maxsize=1024)
def _accuracy(model: Model, scheme: str | None) -> float | None:
    return model.accuracy(scheme)


def _lowered(
    model: Model, accelerator: Accelerator, options: Options
) -> tuple[Sequence[Layer], Sequence[int]]:
    """A program's layers and where its regions begin.

    The greedy mapper does not ask how quick the memory behind the ports is, so that accelerators
    that differ in nothing else share a program.
    """
    if options.mapper == Mapper.GREEDY.value:
        accelerator = _without_memory(accelerator)
    return _program(model, accelerator, options)


def _without_memory(accelerator: Accelerator) -> Accelerator:
    """The same for all that differ in nothing but what is behind their ports."""
    return replace(accelerator, memory=Memory(kind=MemoryKind.IDEAL))


@lru_cache(maxsize=32)
def _program(
    model: Model, accelerator: Accelerator, options: Options
) -> tuple[Sequence[Layer], Sequence[int]]:
    lowered = lower(
        _graph(model, options.scheme),
        accelerator,
        host_fallback=True,
        mapper=Mapper(options.mapper),
        time_limit=options.time_limit,
    )
    return program_layers(lowered), region_bases(lowered)

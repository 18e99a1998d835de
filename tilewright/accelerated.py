"""Running a network on an accelerator: values by the golden model, cycles by the simulator."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from golden.accelerator.description import Accelerator
from golden.accelerator.interpreter import execute
from golden.accelerator.machine import machine_of
from golden.accelerator.registers import Counter, ErrorCode
from golden.discovery import close_names
from golden.errors import UserError
from golden.evaluate import steps
from golden.tensors import Array
from hw.accelerator.bench.runs import Play
from hw.bench.simulators import find_simulator
from mapper.accelerator.lowered import Lowered
from mapper.accelerator.lowering import TIME_LIMIT_S, lower
from mapper.accelerator.mapping import Mapper
from mapper.accelerator.programs import program_layers
from sim.accelerator.energy import HOROWITZ_45NM, EnergyTable
from sim.accelerator.report import LayerReport, report, utilisation
from sim.accelerator.simulation import Simulation, simulate
from sim.accelerator.steps import Layer
from sim.accelerator.trace import Trace
from tilewright.accelerator import find_accelerator
from tilewright.accelerator_rtl import SampleRun, Waves, run_sample
from tilewright.caching import Cache
from tilewright.files import as_path, check_place, partial_file, write_bytes
from tilewright.images import DramImage
from tilewright.progress import progress
from tilewright.reports import ceilings_json, layer_json, mapping_json, timeline_json
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

__all__ = ["AcceleratedRun", "AcceleratorRtl", "HostWork", "run_accelerated"]

_PROGRAM = "program.tlw"
_STATE = "rtl-state"
_LONG_CYCLES = 5_000
"""Of a program: from here on the native harness runs it, which is quicker and can be stopped."""


@dataclass(frozen=True, kw_only=True)
class HostWork:
    """An operator that is not in hardware.

    Parameters
    ----------
    name, kind : str
    elements : int
        Numbers that it gives.
    seconds : float
        That the golden model took for it on this machine.
    """

    name: str
    kind: str
    elements: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class AcceleratorRtl:
    """What the Verilog said.

    Parameters
    ----------
    rtl_samples : int
    rtl_cycles : int
        Of the first sample.
    rtl_outputs_checked : int
        Numbers of tensors compared, over all samples.
    output_mismatches : int
        Numbers that differ from the golden model's.
    cycle_mismatches : int
        Samples whose cycles, by the bench's own count, differ from the simulator's.
    counter_mismatches : int
        Performance counters that differ from the simulator's, over all samples.
    failures : tuple of str
        What went wrong, a sentence each.
    """

    rtl_samples: int
    rtl_cycles: int
    rtl_outputs_checked: int
    output_mismatches: int
    cycle_mismatches: int
    counter_mismatches: int
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all agreed."""
        return not self.failures


@dataclass(frozen=True, kw_only=True)
class AcceleratedRun:
    """A network's run on an accelerator.

    Parameters
    ----------
    model, accelerator : str
    samples : int
    seed : int or None
        Of random inputs, where none were given.
    total_cycles : int
        Per sample.
    layers : tuple of LayerReport
        Per sample.
    utilisation : float
    dram_bytes, program_bytes : int
        Per sample, over the data port and over the program port.
    energy_pj : float
        Per sample.
    peak_macs_per_cycle, memory_bytes_per_cycle : float
        What the engine does at most, and the memory.
    counters : mapping of str to int
        The accelerator's performance counters.
    mapping : dict
        From `tilewright.reports.mapping_json`.
    timeline : dict or None
        From `tilewright.reports.timeline_json`, where it was asked for.
    host : tuple of HostWork
        Operators that are not on the accelerator.
    program : str
        File with the program.
    outputs : str
        File with the graph's outputs, samples first.
    accuracy : float or None
    rtl : AcceleratorRtl or None
    """

    model: str
    accelerator: str
    samples: int
    seed: int | None
    total_cycles: int
    layers: tuple[LayerReport, ...]
    utilisation: float
    dram_bytes: int
    program_bytes: int
    energy_pj: float
    peak_macs_per_cycle: float
    memory_bytes_per_cycle: float
    counters: Mapping[str, int]
    mapping: dict[str, Any]
    timeline: dict[str, Any] | None
    host: tuple[HostWork, ...]
    program: str
    outputs: str
    accuracy: float | None
    rtl: AcceleratorRtl | None

    @property
    def passed(self) -> bool:
        """Whether the RTL, if it ran, agreed."""
        return self.rtl is None or self.rtl.passed

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        plain = asdict(self)
        plain["layers"] = [layer_json(layer) for layer in self.layers]
        rtl = plain.pop("rtl")
        return {**plain, **(rtl or {})}


def run_accelerated(
    model: Path | str,
    *,
    accelerator: str | Path,
    changes: Mapping[str, Any] | None = None,
    inputs: Path | str | None = None,
    labels: Path | str | None = None,
    rtl: bool = False,
    rtl_samples: int | None = None,
    host_fallback: bool = False,
    mapper: str = "greedy",
    time_limit: float = TIME_LIMIT_S,
    samples: int | None = None,
    seed: int = 0,
    simulator: str = "verilator",
    output: Path | str = "tilewright-run",
    trace: Path | str | None = None,
    timeline: bool = False,
    waves: Path | str | None = None,
    waves_layer: str | None = None,
    energies: EnergyTable = HOROWITZ_45NM,
    cache: Cache | None = None,
) -> AcceleratedRun:
    """Lower a quantized network to a program, and run that.

    Parameters
    ----------
    model : path
        ONNX or TFLite file, quantized to integers of 8 bits.
    accelerator : str or path
        Name, or TOML file.
    changes : mapping, optional
        Fields of the description to change.
    inputs, labels, samples, seed, output
        As for `tilewright.run`.
    rtl : bool
        Run the generated Verilog as well; a run that was stopped goes on at the end of a layer.
    rtl_samples : int, optional
        Only for the first so many samples; default: all.
    simulator : {"verilator", "icarus"}
    host_fallback : bool
        Compute on the host what is not in hardware at the end of the network.
    mapper : {"greedy", "optimal"}
        Who decides what lies where, and how layers are cut.
    time_limit : float
        Seconds after which the optimal mapper ends with the best that it has.
    trace : path, optional
        JSON file for Perfetto.
    timeline : bool
        Also tell how busy each unit is over time.
    waves : path, optional
        VCD file for a trace of the Verilog, of the first sample.
    waves_layer : str, optional
        The only layer that it has.
    energies : EnergyTable
        What operations and accesses take.
    cache : Cache, optional

    Raises
    ------
    UserError
        If model, inputs, labels or accelerator can not be used.
    SimulatorError
        If Verilator is missing or too old.
    """
    if waves is not None and simulator != "verilator":
        raise UserError(f"waves are written by verilator, not by {simulator}")
    inputs, labels, trace, waves = map(as_path, (inputs, labels, trace, waves))
    check_counts(inputs, samples, rtl, rtl_samples)
    for file in (trace, waves):
        if file is not None:
            check_place(file)
    design = find_accelerator(accelerator, changes)
    graph = load_model(model)
    require_single_samples(graph, str(model))
    lowered = lower(
        graph,
        design,
        host_fallback=host_fallback,
        mapper=Mapper(mapper),
        time_limit=time_limit,
    )
    image = DramImage(lowered)
    fed = read_inputs(lowered.graph, inputs) if inputs else None
    if fed is None:
        fed = random_inputs(lowered.graph, samples or 1, seed)
    count = len(next(iter(fed.values())))
    truth = None if labels is None else read_labels(labels, count, lowered.graph)
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    layers = program_layers(lowered)
    simulation = _simulate(design, layers, image, trace)
    verilog = None
    if rtl:
        shown = None if waves is None else _waves(simulation, waves, waves_layer)
        checked = rtl_samples or count
        verilog = _Verilog(image, simulation, checked, folder, simulator, cache, shown)
    results, hosted = _run_samples(image, fed, verilog)
    program = write_bytes(folder / _PROGRAM, image.program)
    saved = write_outputs(folder, results)
    reports = report(design, simulation, energies)
    counters = simulation.counters
    return AcceleratedRun(
        model=str(model),
        accelerator=design.name,
        samples=count,
        seed=None if inputs else seed,
        total_cycles=simulation.cycles,
        layers=reports,
        utilisation=utilisation(design, simulation),
        dram_bytes=counters[Counter.READ_BYTES] + counters[Counter.WRITTEN_BYTES],
        program_bytes=counters[Counter.PROGRAM_BYTES],
        energy_pj=sum(layer.energy.total for layer in reports),
        **ceilings_json(design),
        counters={counter.name.lower(): value for counter, value in counters.items()},
        mapping=_mapping(lowered, simulation),
        timeline=timeline_json(design, layers, image.bases, simulation) if timeline else None,
        host=hosted,
        program=str(program),
        outputs=str(saved),
        accuracy=None if truth is None else accuracy(results[graph.outputs[0]], truth),
        rtl=None if verilog is None else verilog.report(),
    )


def _mapping(lowered: Lowered, simulation: Simulation) -> dict[str, Any]:
    """The mapping's report; what it says that it moves is what the simulator counts."""
    counters, mapping = simulation.counters, lowered.mapping
    assert mapping is not None  # by lower
    moved = counters[Counter.READ_BYTES] + counters[Counter.WRITTEN_BYTES]
    if mapping.total_bytes != moved:
        raise AssertionError(f"a mapping of {mapping.total_bytes} bytes moves {moved}")
    return mapping_json(mapping, simulation.cycles)


def _simulate(
    design: Accelerator, layers: Sequence[Layer], image: DramImage, trace: Path | None
) -> Simulation:
    if trace is None:
        return simulate(design, layers, bases=image.bases)
    with (
        partial_file(trace) as partial,
        partial.open("w", encoding="utf-8") as file,
        Trace(file) as opened,
    ):
        return simulate(design, layers, bases=image.bases, trace=opened)


def _waves(simulation: Simulation, file: Path, layer: str | None) -> Waves:
    """The cycles of a layer, or all."""
    if layer is None:
        return Waves(file, 0, simulation.cycles + 1)
    begin = 0
    for times in simulation.layers:
        if times.layer.name == layer:
            return Waves(file, begin, times.end + 2)
        begin = times.end
    names = [times.layer.name for times in simulation.layers]
    raise UserError(f"there is no layer {layer!r}{close_names(layer, names)}")


def _bench(
    accelerator: Accelerator, simulator: str, native: bool, trace: bool, cache: Cache | None
) -> Play:
    # Imported late: only the Verilog needs Amaranth.
    from tilewright.harness import built_cocotb, built_harness

    if native:
        return built_harness(accelerator, trace=trace, cache=cache)
    return built_cocotb(accelerator, find_simulator(simulator), cache=cache)


class _Verilog:
    """The accelerator's Verilog, and what it said so far.

    Parameters
    ----------
    image : DramImage
    simulation : Simulation
    samples : int
        Only the first so many.
    folder : Path
        Where the state of runs is kept.
    simulator : {"verilator", "icarus"}
    cache : Cache or None
    waves : Waves or None
        Of the first sample.
    """

    def __init__(
        self,
        image: DramImage,
        simulation: Simulation,
        samples: int,
        folder: Path,
        simulator: str,
        cache: Cache | None,
        waves: Waves | None,
    ) -> None:
        self._image = image
        self._simulation = simulation
        self._samples = samples
        native = simulator == "verilator" and (
            waves is not None or simulation.cycles > _LONG_CYCLES
        )
        # The cocotb bench also checks the rules of AXI; the native one is for long runs. Waves
        # begin at the beginning, so that a run with them does not go on from anywhere else.
        self._state = folder / _STATE if native and waves is None else None
        self._waves = waves
        self._play = _bench(image.lowered.accelerator, simulator, native, waves is not None, cache)
        self._runs: list[SampleRun] = []

    def add(self, inputs: Mapping[str, Array], golden: Mapping[str, Array]) -> None:
        """Run the next sample, if it is one of those to run."""
        if len(self._runs) < self._samples:
            first = not self._runs
            run = run_sample(
                self._play,
                self._image,
                inputs,
                golden,
                expected_cycles=self._simulation.cycles,
                state=self._state,
                waves=self._waves if first else None,
            )
            self._runs.append(run)

    def report(self) -> AcceleratorRtl:
        """What it said."""
        expected = self._simulation.counters
        failures = []
        wrong = late = 0
        for number, run in enumerate(self._runs):
            if run.error is not ErrorCode.NONE:
                failures.append(f"sample {number}: {run.error.meaning}")
            for tensor, count in run.wrong.items():
                failures.append(f"sample {number}: {count} numbers of tensor {tensor} are wrong")
            if run.cycles != self._simulation.cycles:
                late += 1
                failures.append(
                    f"sample {number}: {run.cycles} cycles, simulated {self._simulation.cycles}"
                )
            for counter, value in run.counters.items():
                if value != expected[counter]:
                    wrong += 1
                    failures.append(
                        f"sample {number}: counter {counter.name} is {value}, simulated"
                        f" {expected[counter]}"
                    )
        return AcceleratorRtl(
            rtl_samples=len(self._runs),
            rtl_cycles=self._runs[0].cycles,
            rtl_outputs_checked=sum(run.checked for run in self._runs),
            output_mismatches=sum(sum(run.wrong.values()) for run in self._runs),
            cycle_mismatches=late,
            counter_mismatches=wrong,
            failures=tuple(failures),
        )


def _run_samples(
    image: DramImage, fed: Mapping[str, Array], verilog: _Verilog | None
) -> tuple[dict[str, Array], tuple[HostWork, ...]]:
    """Outputs of every sample, and what the host did for the first."""
    graph = image.lowered.graph
    outputs: dict[str, list[Array]] = {name: [] for name in graph.outputs}
    hosted: tuple[HostWork, ...] = ()
    with progress(range(len(next(iter(fed.values())))), "samples") as samples:
        for sample in samples:
            one = {name: values[sample : sample + 1] for name, values in fed.items()}
            try:
                golden, work = _evaluated(image.lowered, one)
            except ValueError as error:
                raise UserError(f"sample {sample} can not be evaluated: {error}") from error
            if sample == 0:
                hosted = work
                _check_program(image, one, golden)
            for name, results in outputs.items():
                results.append(golden[name])
            if verilog is not None:
                verilog.add(one, golden)
    joined = {
        name: samples_first(graph.tensors[name], results) for name, results in outputs.items()
    }
    return joined, hosted


def _evaluated(
    lowered: Lowered, inputs: Mapping[str, Array]
) -> tuple[dict[str, Array], tuple[HostWork, ...]]:
    """Every tensor of the network, and what the host's operators took."""
    graph = lowered.graph
    on_host = {operator.name for operator in (*lowered.before, *lowered.after)}
    values = {name: graph.tensors[name].checked(inputs[name]) for name in graph.inputs}
    work = []
    began = time.perf_counter()
    for operator, results in steps(graph, values):
        values |= results
        ended = time.perf_counter()
        if operator.name in on_host:
            work.append(
                HostWork(
                    name=operator.name,
                    kind=type(operator).__name__,
                    elements=sum(array.size for array in results.values()),
                    seconds=ended - began,
                )
            )
        began = ended
    return values, tuple(work)


def _check_program(
    image: DramImage, inputs: Mapping[str, Array], golden: Mapping[str, Array]
) -> None:
    """Hold the program against the network: the interpreter must come to the same outputs."""
    lowered = image.lowered
    machine = machine_of(lowered.accelerator, image.filled(inputs), image.bases)
    for instruction in lowered.program.instructions:
        execute(machine, instruction)
    for name, values in image.outputs(machine.dram, inputs).items():
        if not np.array_equal(values, golden[name]):
            raise AssertionError(f"the program does not compute {name} as the network does")

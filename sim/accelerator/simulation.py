"""Cycles of a program, or of a workload that is known by its shapes, on an accelerator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from golden.accelerator.description import Accelerator, MemoryKind
from golden.accelerator.instructions import BASES
from golden.accelerator.registers import Counter
from sim.accelerator.banked import BankedMemory, EventSchedule, SharedMemory
from sim.accelerator.compilation import UNITS, Activity, Compiled, compiled
from sim.accelerator.costs import Costs, UnitCosts
from sim.accelerator.fetch import Fetch
from sim.accelerator.recording import Recorder
from sim.accelerator.schedule import Record, Schedule
from sim.accelerator.steady import Runner
from sim.accelerator.steps import Layer
from sim.accelerator.traffic import Traffic, traffic

__all__ = ["AFTER_END", "LayerTimes", "Simulation", "simulate", "simulate_shared"]

AFTER_END = 2
"""Cycles that are counted after cycle ``t``, if everything has ended in ``t``; time begins with 0
in the first cycle that is counted."""


@dataclass(frozen=True, kw_only=True)
class LayerTimes:
    """Of one layer.

    Parameters
    ----------
    layer : Layer
    end : int
        Last busy cycle of its instructions and those of the layers before it.
    cycles : int
        Since the end of the layer before.
    busy : mapping of Activity to int
        Busy cycles in these cycles, whichever layer's instructions they belong to.
    execute_cycles : int
        That its own products take.
    stalled : tuple of int
        Cycles in which its instructions have waited, for each of `UNITS`.
    instructions : int
    read_bytes, written_bytes : int
        Of its instructions over the data port.
    traffic : Traffic
        Of its instructions in local memories.
    """

    layer: Layer
    end: int
    cycles: int
    busy: Mapping[Activity, int]
    execute_cycles: int
    stalled: tuple[int, ...]
    instructions: int
    read_bytes: int
    written_bytes: int
    traffic: Traffic


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What a run takes.

    Parameters
    ----------
    counters : mapping of Counter to int
        As the accelerator's own counters.
    layers : tuple of LayerTimes
    stepped : int
        Instructions that were looked at one by one; the rest was a multiplication.
    jumps : int
        How often.
    """

    counters: Mapping[Counter, int]
    layers: tuple[LayerTimes, ...]
    stepped: int
    jumps: int

    @property
    def cycles(self) -> int:
        """Cycles of the program."""
        return self.counters[Counter.CYCLES]


@dataclass(frozen=True)
class _Times:
    """Of a section: its end, busy cycles of each activity by then, and stalled cycles."""

    end: int
    busy_until: Sequence[int]
    stalled: Sequence[int]


def simulate(
    accelerator: Accelerator,
    layers: Sequence[Layer],
    *,
    bases: Sequence[int] = (0,) * BASES,
    costs: Costs | None = None,
    steady: bool = True,
    trace: Recorder | None = None,
) -> Simulation:
    """Simulate a run.

    Parameters
    ----------
    accelerator : Accelerator
    layers : sequence of Layer
    bases : sequence of int
        Base registers.
    costs : Costs, optional
        Those of the accelerator's units where it is None.
    steady : bool
        Whether what repeats may be skipped, which changes no result. With ``banked`` memory, and
        for a trace, nothing is skipped: instructions in loops have their own addresses each time.
    trace : Recorder, optional
        Who is told of every instruction, such as a `sim.accelerator.trace.Trace`.

    Raises
    ------
    UserError
        If an instruction waits for a token that none before it has given.
    """
    memory = accelerator.memory
    if memory.kind is MemoryKind.BANKED:
        shared = BankedMemory(accelerator)
        return simulate_shared(accelerator, layers, shared, bases=bases, costs=costs, trace=trace)
    program = compiled(
        layers, costs or UnitCosts(accelerator, bases), folded=steady and trace is None
    )
    schedule = Schedule(
        latency=1 if memory.kind is MemoryKind.IDEAL else memory.latency_cycles,
        depth=accelerator.queue_depth,
        buffers=program.buffers,
        record=_record(program, trace),
    )
    runner = Runner(schedule, steady=steady and trace is None)
    marks = []
    stalled = []
    for section in program.sections:
        before = schedule.stalled[:]
        runner.run(section.body)
        marks.append(schedule.mark())
        stalled.append([now - then for now, then in zip(schedule.stalled, before, strict=True)])
    ended = schedule.finish()
    busy = [0] * len(Activity)
    times = []
    for section, mark, waited in zip(program.sections, marks, stalled, strict=True):
        for kind, count in section.counts.items():
            busy[program.kinds[kind].activity] += count * program.kinds[kind].cost.busy
        until = [own + early for own, early in zip(busy, mark.early, strict=True)]
        times.append(_Times(mark.end, until, waited))
    counters = _counters(program, times, busy, ended, schedule.fetch)
    return Simulation(
        counters=counters,
        layers=_layers(accelerator, program, times),
        stepped=schedule.stepped,
        jumps=runner.jumps,
    )


def simulate_shared(
    accelerator: Accelerator,
    layers: Sequence[Layer],
    memory: SharedMemory,
    *,
    bases: Sequence[int] = (0,) * BASES,
    costs: Costs | None = None,
    trace: Recorder | None = None,
) -> Simulation:
    """Simulate a run with a memory that serves burst by burst; see `simulate`."""
    program = compiled(layers, costs or UnitCosts(accelerator, bases), folded=False, addressed=True)
    kind = accelerator.memory.kind
    schedule = EventSchedule(
        accelerator,
        program,
        bases,
        memory,
        latency=1 if kind is MemoryKind.IDEAL else accelerator.memory.latency_cycles,
        record=_record(program, trace),
    )
    ended = schedule.run()
    times = [
        _Times(end, schedule.busy_until(end), stalled)
        for end, stalled in zip(schedule.ends, schedule.stalled, strict=True)
    ]
    busy = schedule.busy_until(ended)
    return Simulation(
        counters=_counters(program, times, busy, ended, schedule.fetch),
        layers=_layers(accelerator, program, times),
        stepped=program.instructions,
        jumps=0,
    )


def _record(program: Compiled, trace: Recorder | None) -> Record | None:
    if trace is None:
        return None
    trace.begin(program)
    return trace.instruction


def _counters(
    program: Compiled, times: Sequence[_Times], busy: Sequence[int], ended: int, fetch: Fetch
) -> dict[Counter, int]:
    finished = ended + AFTER_END - 1
    counters = {
        Counter.CYCLES: finished + 1,
        Counter.READ_BYTES: 0,
        Counter.WRITTEN_BYTES: 0,
        Counter.PROGRAM_BYTES: fetch.bytes_until(finished, program.instructions),
    }
    for index, unit in enumerate(UNITS):
        counters[Counter[f"{unit.name}_BUSY"]] = busy[index]
        counters[Counter[f"{unit.name}_STALLED"]] = sum(time.stalled[index] for time in times)
        counters[Counter[f"{unit.name}_INSTRUCTIONS"]] = 0
    counters[Counter.STORE_BUSY] += busy[Activity.VECTOR]
    for section in program.sections:
        for number, count in section.counts.items():
            kind = program.kinds[number]
            counters[Counter.READ_BYTES] += count * kind.cost.read_bytes
            counters[Counter.WRITTEN_BYTES] += count * kind.cost.written_bytes
            counters[Counter[f"{kind.instruction.UNIT.name}_INSTRUCTIONS"]] += count
    return counters


def _layers(
    accelerator: Accelerator, program: Compiled, times: Sequence[_Times]
) -> tuple[LayerTimes, ...]:
    layers = []
    before = _Times(-1, [0] * len(Activity), [])
    moved = [traffic(accelerator, kind.instruction) for kind in program.kinds]
    for section, time in zip(program.sections, times, strict=True):
        counts = section.counts.items()
        layers.append(
            LayerTimes(
                layer=section.layer,
                end=time.end,
                cycles=time.end - before.end,
                busy={
                    activity: time.busy_until[activity] - before.busy_until[activity]
                    for activity in Activity
                },
                execute_cycles=sum(
                    n * program.kinds[kind].cost.busy
                    for kind, n in counts
                    if program.kinds[kind].activity is Activity.EXECUTE
                ),
                stalled=tuple(time.stalled),
                instructions=section.counts.total(),
                read_bytes=sum(n * program.kinds[kind].cost.read_bytes for kind, n in counts),
                written_bytes=sum(n * program.kinds[kind].cost.written_bytes for kind, n in counts),
                traffic=sum((moved[kind].times(n) for kind, n in counts), Traffic()),
            )
        )
        before = time
    return tuple(layers)

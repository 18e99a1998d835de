"""Everything that a program runs on."""

import importlib
from functools import reduce
from operator import and_, or_
from typing import Any, cast

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.description import Accelerator
from golden.accelerator.encoding import INSTRUCTION_BYTES
from golden.accelerator.instructions import BASES, INSTRUCTIONS, LocalMemory, Store, Unit
from golden.accelerator.registers import COUNTERS, Counter, ErrorCode
from golden.discovery import find_modules
from hw.accelerator import memories
from hw.accelerator.dispatch import UNITS, Dispatch
from hw.accelerator.execute import ExecuteUnit, StreamingExecuteUnit, execute_unit
from hw.accelerator.fetch import Fetch
from hw.accelerator.load import LoadUnit
from hw.accelerator.ports import ADDRESS_BITS, AxiRead, AxiWrite
from hw.accelerator.store import StoreUnit
from hw.accelerator.vector.unit import VectorUnit

__all__ = ["Core"]

_LOAD, _EXECUTE, _STORE = (UNITS.index(unit) for unit in (Unit.LOAD, Unit.EXECUTE, Unit.STORE))


class Core(wiring.Component):
    """Fetch, dispatch, units and local memories.

    Parameters
    ----------
    accelerator : Accelerator

    Members
    -------
    program_bus : Out(AxiRead(32))
    read_bus : Out(AxiRead(bus_bytes))
    write_bus : Out(AxiWrite(bus_bytes))
    program, bases, halt, quiet, finished, fault, progress, counts
        As in `hw.accelerator.control.Control`, seen from the other side.
    units_done : Out(3)
        Units that are in the last cycle of an instruction; for benches.
    """

    program_bus: Any
    read_bus: Any
    write_bus: Any
    program: Signal
    bases: data.View
    halt: Signal
    quiet: Signal
    finished: Signal
    fault: Signal
    progress: Signal
    counts: data.View
    units_done: Signal

    def __init__(self, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        super().__init__(
            {
                "program_bus": Out(AxiRead(INSTRUCTION_BYTES)),
                "read_bus": Out(AxiRead(accelerator.bus_bytes)),
                "write_bus": Out(AxiWrite(accelerator.bus_bytes)),
                "program": In(ADDRESS_BITS),
                "bases": In(data.ArrayLayout(ADDRESS_BITS, BASES)),
                "halt": In(1),
                "quiet": Out(1),
                "finished": Out(1),
                "fault": Out(8),
                "progress": Out(1),
                "counts": Out(data.ArrayLayout(8, len(COUNTERS))),
                "units_done": Out(len(UNITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        accelerator = self._accelerator
        m.submodules.fetch = fetch = Fetch(accelerator.target)
        m.submodules.dispatch = dispatch = Dispatch(accelerator.queue_depth)
        m.submodules.load = load = LoadUnit(accelerator)
        m.submodules.execute = execute = execute_unit(accelerator, _engine(accelerator))
        m.submodules.store = store = StoreUnit(accelerator)
        m.submodules.vector = vector = VectorUnit(accelerator)

        wiring.connect(m, wiring.flipped(self.program_bus), fetch.bus)
        wiring.connect(m, wiring.flipped(self.read_bus), load.bus)
        wiring.connect(m, wiring.flipped(self.write_bus), store.bus)
        wiring.connect(m, fetch.instructions, dispatch.instructions)
        wiring.connect(m, dispatch.start[_LOAD], load.start)
        wiring.connect(m, dispatch.start[_EXECUTE], execute.start)
        self._share_queue(m, dispatch.start[_STORE], store.start, vector.start)
        outside = Signal()
        self._connect_memories(m, outside, load, execute, store, vector)

        done = self.units_done
        answers = fetch.beat | load.beat | store.beat | store.bus.b.valid
        m.d.comb += [
            done.eq(Cat(load.done, execute.done, store.done | vector.done)),
            fetch.program.eq(self.program),
            fetch.halt.eq(self.halt),
            load.halt.eq(self.halt),
            store.halt.eq(self.halt),
            dispatch.halt.eq(self.halt),
            dispatch.done.eq(done),
            Value.cast(load.bases).eq(self.bases),
            Value.cast(store.bases).eq(self.bases),
            self.quiet.eq(fetch.quiet & load.quiet & store.quiet),
            self.finished.eq(dispatch.finished),
            self.progress.eq(dispatch.begins.any() | done.any() | (self.halt & answers)),
        ]
        faults = (
            (load.fault, ErrorCode.DATA_READ),
            (store.fault, ErrorCode.DATA_WRITE),
            (dispatch.fault, ErrorCode.ILLEGAL_INSTRUCTION),
            (outside, ErrorCode.LOCAL_MEMORY),
        )
        fault: Value = fetch.fault
        for found, code in faults:
            fault = Mux(found, code, fault)
        m.d.comb += self.fault.eq(fault)
        self._count(m, fetch, dispatch, load, store)
        return m

    def _share_queue(self, m: Module, start: Any, store: Any, vector: Any) -> None:
        """One queue for two units, of which one works at a time."""
        opcode = start.payload[:4]
        vectors = [kind for kind in INSTRUCTIONS if kind.UNIT is Unit.STORE and kind is not Store]
        is_vector = reduce(or_, (opcode == kind.OPCODE for kind in vectors))
        m.d.comb += [
            store.payload.eq(start.payload),
            vector.payload.eq(start.payload),
            store.valid.eq(start.valid & ~is_vector),
            vector.valid.eq(start.valid & is_vector),
            start.ready.eq(Mux(is_vector, vector.ready, store.ready)),
        ]

    def _connect_memories(
        self,
        m: Module,
        outside: Signal,
        load: LoadUnit,
        execute: ExecuteUnit | StreamingExecuteUnit,
        store: StoreUnit,
        vector: VectorUnit,
    ) -> None:
        accelerator, sizes = self._accelerator, self._accelerator.sizes
        octets = load.write.data.shape()
        activations = memories.LocalMemory(
            octets,
            words=sizes.activations,
            banks=accelerator.activation_banks,
            readers=3,
            writers=2,
        )
        weights = memories.run_memory(
            octets, words=sizes.weights, at_once=accelerator.feeding.alignment
        )
        parameters = memories.LocalMemory(
            octets, words=sizes.parameters, banks=1, readers=1, writers=1
        )
        accumulators = memories.LocalMemory(
            execute.sums_write.data.shape(),
            words=sizes.accumulators,
            banks=accelerator.accumulator_banks,
            readers=2,
            writers=1,
        )
        readers = (
            (execute.activations, activations.readers[0]),
            (vector.activations_read, activations.readers[1]),
            (store.read, activations.readers[2]),
            (execute.weights, weights.readers[0]),
            (vector.parameters, parameters.readers[0]),
            (execute.sums_read, accumulators.readers[0]),
            (vector.sums, accumulators.readers[1]),
        )
        for reader, port in readers:
            m.d.comb += [
                port.en.eq(reader.en),
                port.address.eq(reader.address),
                Value.cast(reader.data).eq(Value.cast(port.data)),
            ]
        loaded = {
            LocalMemory.ACTIVATIONS: activations,
            LocalMemory.WEIGHTS: weights,
            LocalMemory.PARAMETERS: parameters,
        }
        writers = [
            (load.write, memory.writers[0], load.memory == number)
            for number, memory in loaded.items()
        ]
        writers += [
            (vector.activations_write, activations.writers[1], Value.cast(1)),
            (execute.sums_write, accumulators.writers[0], Value.cast(1)),
        ]
        for writer, port, chosen in writers:
            m.d.comb += [
                port.en.eq(writer.en & chosen),
                port.address.eq(writer.address),
                Value.cast(port.data).eq(Value.cast(writer.data)),
            ]
        named = {
            "activations": activations,
            "weights": weights,
            "parameters": parameters,
            "accumulators": accumulators,
        }
        for name, memory in named.items():
            m.submodules[name] = memory
        nowhere = load.write.en & reduce(and_, (load.memory != number for number in loaded))
        m.d.comb += outside.eq(reduce(or_, (memory.fault for memory in named.values()), nowhere))

    def _count(
        self, m: Module, fetch: Fetch, dispatch: Dispatch, load: LoadUnit, store: StoreUnit
    ) -> None:
        bus_bytes = self._accelerator.bus_bytes
        counts: dict[Counter, Any] = {
            Counter.CYCLES: 1,
            Counter.READ_BYTES: Mux(load.beat, bus_bytes, 0),
            Counter.WRITTEN_BYTES: Mux(store.beat, bus_bytes, 0),
            Counter.PROGRAM_BYTES: Mux(fetch.beat, INSTRUCTION_BYTES, 0),
        }
        for index, unit in enumerate(UNITS):
            name = unit.name
            counts[Counter[f"{name}_BUSY"]] = dispatch.busy[index]
            counts[Counter[f"{name}_STALLED"]] = dispatch.stalled[index]
            counts[Counter[f"{name}_INSTRUCTIONS"]] = dispatch.begins[index]
        m.d.comb += [
            self.counts[number].eq(counts[counter]) for number, counter in enumerate(COUNTERS)
        ]


def _engine(accelerator: Accelerator) -> wiring.Component:
    module = importlib.import_module(find_modules()[accelerator.engine].hw)
    return cast(wiring.Component, module.Engine(accelerator.params))

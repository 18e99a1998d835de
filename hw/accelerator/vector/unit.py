"""The vector unit."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.description import Accelerator
from hw.accelerator.ports import INSTRUCTION_STREAM, ReadPort, WritePort
from hw.accelerator.vector.operation import Kind
from hw.accelerator.vector.parameters import HeldParameters
from hw.accelerator.vector.pooler import Pooler
from hw.accelerator.vector.scaler import Scaler
from hw.accelerator.vector.sequencer import Sequencer
from hw.accelerator.vector.table_lane import TableLane
from hw.accelerator.vector.writer import Writer
from hw.emit import place

__all__ = ["VectorUnit"]


class VectorUnit(wiring.Component):
    """Requantization, additions, pools and tables, one instruction at a time.

    How long an instruction takes is in `sim.accelerator.vector`.

    Parameters
    ----------
    accelerator : Accelerator

    Members
    -------
    start : In(INSTRUCTION_STREAM)
        Only the unit's four opcodes.
    done : Out(1)
        In the last cycle of an instruction, that of its last write.
    sums : Out(ReadPort(ArrayLayout(signed(32), lanes)))
    activations_read : Out(ReadPort(ArrayLayout(signed(8), lanes)))
    activations_write : Out(WritePort(ArrayLayout(signed(8), lanes)))
    parameters : Out(ReadPort(ArrayLayout(signed(8), lanes)))
    """

    start: stream.Interface
    done: Signal
    sums: Any
    activations_read: Any
    activations_write: Any
    parameters: Any

    def __init__(self, accelerator: Accelerator) -> None:
        self._lanes = accelerator.lanes
        octets = data.ArrayLayout(signed(8), self._lanes)
        super().__init__(
            {
                "start": In(INSTRUCTION_STREAM),
                "done": Out(1),
                "sums": Out(ReadPort(data.ArrayLayout(signed(32), self._lanes))),
                "activations_read": Out(ReadPort(octets)),
                "activations_write": Out(WritePort(octets)),
                "parameters": Out(ReadPort(octets)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = self._lanes
        m.submodules.sequencer = sequencer = Sequencer(lanes)
        m.submodules.held = held = HeldParameters(lanes)
        m.submodules.scaler = scaler = Scaler(lanes)
        m.submodules.pooler = pooler = Pooler(lanes)
        m.submodules.writer = writer = Writer(lanes)
        wiring.connect(m, wiring.flipped(self.start), sequencer.start)
        wiring.connect(m, writer.port, wiring.flipped(self.activations_write))
        operation, octets = sequencer.operation, self.activations_read.data
        m.d.comb += [
            self.done.eq(writer.done),
            sequencer.done.eq(writer.done),
            self.sums.en.eq(sequencer.reads.sums),
            self.sums.address.eq(sequencer.address),
            self.activations_read.en.eq(sequencer.reads.activations),
            self.activations_read.address.eq(sequencer.address),
            self.parameters.en.eq(sequencer.reads.parameters),
            self.parameters.address.eq(sequencer.parameter_address),
            held.word.eq(self.parameters.data),
            held.enter.eq(sequencer.parameter),
            scaler.entry.eq(sequencer.entry),
            scaler.sums.eq(self.sums.data),
            scaler.activations.eq(octets),
            scaler.scaling.eq(held.scaling),
            pooler.tap.eq(sequencer.tap),
            pooler.values.eq(octets),
            pooler.averages.eq(sequencer.averages),
            writer.operation.eq(operation),
            writer.restart.eq(sequencer.begins),
            writer.valid.eq(scaler.valid | pooler.valid | sequencer.index),
            writer.exact.eq(operation.kind == Kind.TABLE),
        ]
        pools = operation.kind == Kind.POOL
        for lane in range(lanes):
            m.submodules[f"table_{lane}"] = table = place(platform, TableLane)
            scaled = scaler.results[lane] + operation.zero_point
            m.d.comb += [
                table.table.eq(held.table),
                table.index.eq(octets[lane]),
                writer.octets[lane].eq(table.entry),
                writer.results[lane].eq(Mux(pools, pooler.results[lane], scaled)),
            ]
        return m

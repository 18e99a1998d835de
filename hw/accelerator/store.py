"""The store unit: rows of local activations to memory."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.description import Accelerator
from golden.accelerator.instructions import BASES, Store
from hw.accelerator.ports import (
    ADDRESS_BITS,
    INSTRUCTION_STREAM,
    LOCAL_ADDRESS_BITS,
    AxiWrite,
    ReadPort,
    instruction_layout,
)
from hw.accelerator.store_buffer import BurstBuffer
from hw.accelerator.store_packer import BeatPacker

__all__ = ["StoreUnit"]


class StoreUnit(wiring.Component):
    """Carries out `Store`.

    Reads the first word in the cycle after the instruction was taken, and then a word a cycle, as
    far as `BeatPacker` and `BurstBuffer` follow. Done in the cycle after the last response.
    Its timing: `sim.accelerator.store`.

    Parameters
    ----------
    accelerator : Accelerator

    Members
    -------
    start : In(INSTRUCTION_STREAM)
        `Store` instructions.
    done : Out(1)
        High in the last cycle of an instruction.
    halt : In(1)
        Send no further bursts; those whose address was offered are finished.
    quiet : Out(1)
        Nothing is outstanding on the bus.
    fault : Out(1)
        A response is an error.
    bus : Out(AxiWrite(bus_bytes))
    read : Out(ReadPort(ArrayLayout(unsigned(8), lanes)))
        Activations.
    bases : In(ArrayLayout(unsigned(64), 4))
    beat : Out(1)
        A beat is sent.
    """

    start: stream.Interface
    done: Signal
    halt: Signal
    quiet: Signal
    fault: Signal
    bus: Any
    read: Any
    bases: data.View
    beat: Signal

    def __init__(self, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        word = data.ArrayLayout(unsigned(8), accelerator.lanes)
        super().__init__(
            {
                "start": In(INSTRUCTION_STREAM),
                "done": Out(1),
                "halt": In(1),
                "quiet": Out(1),
                "fault": Out(1),
                "bus": Out(AxiWrite(accelerator.bus_bytes)),
                "read": Out(ReadPort(word)),
                "bases": In(data.ArrayLayout(unsigned(ADDRESS_BITS), BASES)),
                "beat": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shape = self._accelerator
        m.submodules.packer = packer = BeatPacker(shape.lanes, shape.bus_bytes, shape.burst_beats)
        m.submodules.buffer = buffer = BurstBuffer(shape.bus_bytes, shape.burst_beats)
        wiring.connect(m, packer.o, buffer.i)
        wiring.connect(m, buffer.bus, wiring.flipped(self.bus))

        busy, walking = Signal(), Signal()
        self._walk(m, walking, packer.i)
        m.d.comb += [
            self.start.ready.eq(~busy),
            self.done.eq(busy & ~walking & packer.idle & buffer.idle),
            packer.data.as_value().eq(self.read.data.as_value()),
            buffer.halt.eq(self.halt),
            self.quiet.eq(buffer.quiet),
            self.fault.eq(self.bus.b.valid & self.bus.b.payload.error),
            self.beat.eq(self.bus.w.valid & self.bus.w.ready),
        ]
        with m.If(self.done):
            m.d.sync += busy.eq(0)
        with m.If(self.start.valid & self.start.ready):
            m.d.sync += busy.eq(1)
        return m

    def _walk(self, m: Module, walking: Signal, words: Any) -> None:
        """Read the words of all rows, from the cycle after the start on.

        Counts are as encoded: one less than what they count.
        """
        taken = data.View(instruction_layout(Store), self.start.payload)
        held: Any = Signal(instruction_layout(Store), reset_less=True)
        local = Signal(LOCAL_ADDRESS_BITS, reset_less=True)
        row_local = Signal.like(local)
        row_address = Signal(ADDRESS_BITS, reset_less=True)
        begins = Signal(reset_less=True)
        octets_left = Signal.like(taken.group_bytes, reset_less=True)
        groups_left = Signal.like(taken.groups, reset_less=True)
        rows_left = Signal.like(taken.rows, reset_less=True)

        lanes = self._accelerator.lanes
        ends_group = octets_left < lanes
        ends_row = ends_group & (~groups_left.any())
        base = Signal(ADDRESS_BITS)
        with m.Switch(taken.base):
            for number in range(BASES):
                with m.Case(number):
                    m.d.comb += base.eq(self.bases[number])
        next_row = row_local + held.local_row_step
        m.d.comb += [
            self.read.en.eq(words.valid & words.ready),
            self.read.address.eq(local),
            words.valid.eq(walking),
            words.payload.octets.eq(Mux(ends_group, octets_left + 1, lanes)),
            words.payload.begins.eq(begins),
            words.payload.ends.eq(ends_row),
            words.payload.address.eq(row_address),
        ]
        with m.If(self.read.en):
            m.d.sync += [
                local.eq(local + 1),
                begins.eq(ends_row),
                octets_left.eq(octets_left - lanes),
            ]
            with m.If(ends_group):
                m.d.sync += [
                    octets_left.eq(held.group_bytes),
                    groups_left.eq(groups_left - 1),
                ]
            with m.If(ends_row):
                m.d.sync += [
                    local.eq(next_row),
                    row_local.eq(next_row),
                    row_address.eq(row_address + held.row_step),
                    groups_left.eq(held.groups),
                    rows_left.eq(rows_left - 1),
                    walking.eq(rows_left.any()),
                ]
        with m.If(self.start.valid & self.start.ready):
            m.d.sync += [
                walking.eq(1),
                held.eq(taken),
                local.eq(taken.local),
                row_local.eq(taken.local),
                row_address.eq(base + taken.address),
                begins.eq(1),
                octets_left.eq(taken.group_bytes),
                groups_left.eq(taken.groups),
                rows_left.eq(taken.rows),
            ]

"""From beats to bursts on the bus."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.accelerator.ports import ADDRESS_BITS, AxiWrite
from hw.accelerator.store_packer import beat_layout

__all__ = ["BurstBuffer"]

_UNANSWERED_BITS = 32
"""Of a counter of bursts: more than can ever be under way."""


class BurstBuffer(wiring.Component):
    """Holds two bursts: one that is gathered and one that is sent, in turn.

    Address and first beat of a burst are offered in the cycle after its last beat came in, or in
    that after the burst before has left, whichever is later. A burst has left when its address and
    its last beat are taken; its half of the buffer is free from the next cycle on.

    Parameters
    ----------
    bus_bytes, burst_beats : int

    Members
    -------
    i : In(stream.Signature(beat_layout))
    halt : In(1)
        Offer no further bursts.
    bus : Out(AxiWrite(bus_bytes))
    idle : Out(1)
        No burst is here, and all are answered.
    quiet : Out(1)
        No burst is on the bus, and all are answered.
    """

    i: stream.Interface
    halt: Signal
    bus: Any
    idle: Signal
    quiet: Signal

    def __init__(self, bus_bytes: int, burst_beats: int) -> None:
        self._bus_bytes = bus_bytes
        self._burst_beats = burst_beats
        super().__init__(
            {
                "i": In(stream.Signature(beat_layout(bus_bytes))),
                "halt": In(1),
                "bus": Out(AxiWrite(bus_bytes)),
                "idle": Out(1),
                "quiet": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, beats = self.bus, self._burst_beats
        full = [Signal(name=f"full_{half}") for half in range(2)]
        address = [
            Signal(ADDRESS_BITS, name=f"address_{half}", reset_less=True) for half in range(2)
        ]
        last_index = [
            Signal(range(beats), name=f"last_index_{half}", reset_less=True) for half in range(2)
        ]

        stored = data.StructLayout(
            {
                "data": data.ArrayLayout(unsigned(8), self._bus_bytes),
                "strobe": unsigned(self._bus_bytes),
            }
        )
        memory: Any = Memory(shape=stored, depth=2 * beats, init=[])
        m.submodules.memory = memory
        write = memory.write_port()
        # A burst of one beat is read in the cycle in which it comes in.
        read = memory.read_port(transparent_for=(write,))

        # Beats come into one half.
        entered, gathering = Signal(range(beats)), Signal()
        completes = Signal()
        m.d.comb += [
            self.i.ready.eq(~Mux(gathering, full[1], full[0])),
            write.en.eq(self.i.valid & self.i.ready),
            write.addr.eq(Cat(entered, gathering)),
            write.data.data.eq(self.i.payload.data),
            write.data.strobe.eq(self.i.payload.strobe),
            completes.eq(write.en & self.i.payload.last),
        ]
        with m.If(write.en):
            m.d.sync += entered.eq(entered + 1)
        with m.If(completes):
            m.d.sync += [entered.eq(0), gathering.eq(~gathering)]
        for half in range(2):
            with m.If(write.en & (gathering == half)):
                m.d.sync += [full[half].eq(self.i.payload.last), last_index[half].eq(entered)]
                with m.If(~entered.any()):
                    m.d.sync += address[half].eq(self.i.payload.address)

        # Bursts leave from one half; the memory's output is the beat that is offered.
        sending, index = Signal(), Signal(range(beats))
        offered, leaves, launch, goes_on = Signal(), Signal(), Signal(), Signal()
        takes_beat, following = Signal(), Signal()
        read_index = Signal.like(index)
        final_index = Signal.like(index)
        m.d.comb += [
            offered.eq(bus.aw.valid | bus.w.valid),
            takes_beat.eq(bus.w.valid & bus.w.ready),
            goes_on.eq(takes_beat & ~bus.w.payload.last),
            leaves.eq(
                offered
                & ~(bus.aw.valid & ~bus.aw.ready)
                & ~(bus.w.valid & ~(bus.w.ready & bus.w.payload.last))
            ),
            following.eq(sending ^ leaves),
            launch.eq(
                (~offered | leaves)
                & (Mux(following, full[1], full[0]) | (completes & (gathering == following)))
                & ~self.halt
            ),
            read.en.eq(launch | goes_on),
            read_index.eq(Mux(launch, 0, index + 1)),
            read.addr.eq(Cat(read_index, following)),
            final_index.eq(Mux(sending, last_index[1], last_index[0])),
            bus.aw.payload.address.eq(Mux(sending, address[1], address[0])),
            bus.aw.payload.beats.eq(final_index + 1),
            bus.w.payload.data.eq(read.data.data),
            bus.w.payload.strobe.eq(read.data.strobe),
            bus.w.payload.last.eq(index == final_index),
            bus.b.ready.eq(1),
        ]
        with m.If(bus.aw.ready):
            m.d.sync += bus.aw.valid.eq(0)
        with m.If(takes_beat & bus.w.payload.last):
            m.d.sync += bus.w.valid.eq(0)
        with m.If(goes_on):
            m.d.sync += index.eq(read_index)
        with m.If(leaves):
            m.d.sync += sending.eq(following)
            for half in range(2):
                with m.If(sending == half):
                    m.d.sync += full[half].eq(0)
        with m.If(launch):
            m.d.sync += [bus.aw.valid.eq(1), bus.w.valid.eq(1), index.eq(0)]

        unanswered = Signal(_UNANSWERED_BITS)
        m.d.sync += unanswered.eq(unanswered + launch - bus.b.valid)
        m.d.comb += [
            # A burst counts from when it is offered; its response comes when it has left.
            self.quiet.eq(~unanswered.any()),
            self.idle.eq(self.quiet & ~full[0] & ~full[1] & ~entered.any()),
        ]
        return m

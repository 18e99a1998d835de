"""From words of a local memory to beats of the bus."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator.ports import ADDRESS_BITS

__all__ = ["BeatPacker", "beat_layout", "word_layout"]

_BYTE_BITS = 9
"""Of a byte on its way: its value, and above it whether there is one."""


def word_layout(lanes: int) -> data.StructLayout:
    """What is known of a word before it is read.

    ``octets`` of its bytes count, from lane 0 on. ``begins`` and ``ends`` say whether it is the
    first and the last of a row; ``address`` is where the row goes, and counts only if it begins.
    """
    return data.StructLayout(
        {
            "octets": unsigned(lanes.bit_length()),
            "begins": unsigned(1),
            "ends": unsigned(1),
            "address": unsigned(ADDRESS_BITS),
        }
    )


def beat_layout(bus_bytes: int) -> data.StructLayout:
    """A beat, its address, and whether it is the last of its burst."""
    return data.StructLayout(
        {
            "data": data.ArrayLayout(unsigned(8), bus_bytes),
            "strobe": unsigned(bus_bytes),
            "address": unsigned(ADDRESS_BITS),
            "last": unsigned(1),
        }
    )


class BeatPacker(wiring.Component):
    """Packs the bytes of rows into beats.

    A word takes as many cycles as beats that it fills or, at the end of a row, leaves partly
    filled, and at least one; the first of them is the one after the word was announced. A beat
    leaves in the cycle in which it is filled. Words follow without a gap, rows too.

    Parameters
    ----------
    lanes : int
        Bytes of a word.
    bus_bytes, burst_beats : int
        Powers of two. Bursts end with the row, and before each address that is a multiple of
        ``bus_bytes * burst_beats``.

    Members
    -------
    i : In(stream.Signature(word_layout))
        Words, each in the cycle in which it is read.
    data : In(ArrayLayout(unsigned(8), lanes))
        The word, from one cycle later on, until the next is announced.
    o : Out(stream.Signature(beat_layout))
    idle : Out(1)
        No word is here.
    """

    i: stream.Interface
    data: data.View
    o: stream.Interface
    idle: Signal

    def __init__(self, lanes: int, bus_bytes: int, burst_beats: int) -> None:
        self._lanes = lanes
        self._bus_bytes = bus_bytes
        self._burst_beats = burst_beats
        super().__init__(
            {
                "i": In(stream.Signature(word_layout(lanes))),
                "data": In(data.ArrayLayout(unsigned(8), lanes)),
                "o": Out(stream.Signature(beat_layout(bus_bytes))),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fill_bits = self._bus_bytes.bit_length() - 1
        chunks = -(-(self._lanes + self._bus_bytes - 1) // self._bus_bytes)

        held = Signal()
        octets = Signal.like(self.i.payload.octets, reset_less=True)
        ends = Signal(reset_less=True)
        # Where the row has got to: the beat, and the bytes that it has before those of the word.
        beat = Signal(ADDRESS_BITS - fill_bits, reset_less=True)
        fill = Signal(fill_bits, reset_less=True)
        # Beats that the word has filled in earlier cycles.
        filled = Signal(range(chunks + 1))
        # Bytes of the beat from words before, or from the word itself once it has filled a beat.
        partial = Signal(self._bus_bytes * _BYTE_BITS)

        until = Signal(range(self._bus_bytes + self._lanes))
        beats = Signal(range(chunks + 1))
        m.d.comb += [
            until.eq(fill + octets),
            beats.eq((until >> fill_bits) + (ends & until[:fill_bits].any())),
        ]
        emits = beats.any()
        completes = filled + 1 >= beats
        step = held & (~emits | self.o.ready)
        finish = Signal()
        m.d.comb += finish.eq(step & completes)

        parts = self._chunks(m, fill, octets, chunks)
        following = Signal.like(partial)
        with m.Switch(filled):
            for number, part in enumerate(parts[1:]):
                with m.Case(number):
                    m.d.comb += following.eq(part)
            with m.Default():
                m.d.comb += following.eq(0)
        merged = Signal.like(partial)
        m.d.comb += merged.eq(Mux(filled.any(), partial, partial | parts[0]))
        last_of_window = beat[: self._burst_beats.bit_length() - 1].all()
        m.d.comb += [
            self.idle.eq(~held),
            self.i.ready.eq(~held | finish),
            self.o.valid.eq(held & emits),
            self.o.payload.address.eq(Cat(Const(0, fill_bits), beat)),
            self.o.payload.last.eq(last_of_window | (ends & completes)),
        ]
        for lane in range(self._bus_bytes):
            octet = merged[lane * _BYTE_BITS : (lane + 1) * _BYTE_BITS]
            m.d.comb += [
                self.o.payload.data[lane].eq(octet[:8]),
                self.o.payload.strobe[lane].eq(octet[8]),
            ]

        with m.If(step):
            m.d.sync += partial.eq(Mux(emits, following, merged))
            with m.If(emits):
                m.d.sync += [beat.eq(beat + 1), filled.eq(filled + 1)]
        with m.If(finish):
            m.d.sync += [held.eq(0), filled.eq(0), fill.eq(until)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [held.eq(1), octets.eq(self.i.payload.octets), ends.eq(self.i.payload.ends)]
            with m.If(self.i.payload.begins):
                m.d.sync += Cat(fill, beat).eq(self.i.payload.address)
        return m

    def _chunks(self, m: Module, fill: Signal, octets: Signal, count: int) -> list[Value]:
        """The word, moved up to where the beat is filled, cut into beats."""
        moved: Value = Cat(
            Cat(Mux(lane < octets, self.data[lane], 0), lane < octets)
            for lane in range(self._lanes)
        )
        for bit in range(len(fill)):
            # A signal for each stage: expressions would double in size with each.
            stage = Signal(len(moved) + (_BYTE_BITS << bit), name=f"moved_{bit}")
            m.d.comb += stage.eq(Mux(fill[bit], Cat(Const(0, _BYTE_BITS << bit), moved), moved))
            moved = stage
        width = self._bus_bytes * _BYTE_BITS
        return [moved[number * width : (number + 1) * width] for number in range(count)]

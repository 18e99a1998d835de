"""Which beat of weights is wanted next."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from golden.accelerator.feeding import Streaming
from hw.accelerator.execute.gemm import FIELDS, JOB_LOOPS, PIXELS_BITS
from hw.accelerator.execute.prefetch import place_layout
from hw.accelerator.execute.streaming.groups import ROWS_BITS, Groups
from hw.accelerator.ports import LOCAL_ADDRESS_BITS
from hw.lib.nest import Nest

__all__ = ["BEATS_BITS", "Beats"]

BEATS_BITS = 12
"""Of the number of beats of a block: up to 256 steps of 8 planes."""


class Beats(wiring.Component):
    """Places of the weights of a `Gemm`, beat after beat, one a cycle.

    A job reads the beats of its block of output lanes, and so does the next job of the block. The
    first place is there in the cycle after ``start``.

    Parameters
    ----------
    feeding : Streaming

    Members
    -------
    gemm : In(FIELDS)
    pixels, rows : In
        As of `Groups`.
    most_beats : In(BEATS_BITS)
        Beats of a block of input lanes, less one. All of these stay from ``start`` to the last
        place.
    start : In(1)
    o : Out(stream.Signature(place_layout(octets)))
        Addresses are numbers of beats.
    """

    gemm: data.View
    pixels: Signal
    rows: Signal
    most_beats: Signal
    start: Signal
    o: stream.Interface

    def __init__(self, feeding: Streaming) -> None:
        self._skipped = exact_log2(feeding.alignment)
        super().__init__(
            {
                "gemm": In(FIELDS),
                "pixels": In(PIXELS_BITS),
                "rows": In(ROWS_BITS),
                "most_beats": In(BEATS_BITS),
                "start": In(1),
                "o": Out(stream.Signature(place_layout(feeding.alignment * feeding.lanes))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        gemm = self.gemm
        taps = {name: bits for name, bits in JOB_LOOPS.items() if name != "blocks_n"}
        m.submodules.groups = groups = Groups()
        m.submodules.nest = nest = Nest({**taps, "beat": BEATS_BITS})
        m.d.comb += [nest.most[name].eq(gemm[name]) for name in taps]
        address = Signal(LOCAL_ADDRESS_BITS, reset_less=True)
        block = Signal(LOCAL_ADDRESS_BITS, reset_less=True)
        taken = self.o.valid & self.o.ready
        ends = taken & nest.last.taps_y
        m.d.comb += [
            nest.most.beat.eq(self.most_beats),
            nest.advance.eq(taken),
            groups.pixels.eq(self.pixels),
            groups.rows.eq(self.rows),
            groups.blocks.eq(gemm.blocks_n),
            groups.restart.eq(self.start),
            groups.advance.eq(ends),
            self.o.payload.address.eq(address),
            self.o.payload.lanes.eq(~0),
        ]
        first = gemm.weights[self._skipped :]
        with m.If(self.start):
            m.d.sync += [self.o.valid.eq(1), address.eq(first), block.eq(first)]
        with m.Elif(taken):
            m.d.sync += address.eq(address + 1)
            with m.If(ends & groups.last):
                m.d.sync += block.eq(address + 1)
            with m.Elif(ends):
                m.d.sync += address.eq(block)
            with m.If(ends & groups.ends):
                m.d.sync += self.o.valid.eq(0)
        return m

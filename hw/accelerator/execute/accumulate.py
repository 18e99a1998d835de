"""Results of the engine to the accumulators."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator.execute.gemm import FIELDS, JOB_LOOPS, PIXELS_BITS
from hw.accelerator.ports import LOCAL_ADDRESS_BITS, ReadPort, WritePort
from hw.lib.nest import Nest, Sum

__all__ = ["SUM", "Accumulate"]

SUM = signed(32)
"""An accumulator."""


class Accumulate(wiring.Component):
    """Adds results to accumulators, or writes them over what the accumulators hold.

    A result is taken at once, in the cycle in which its accumulator is read, and written in the
    next. Sums wrap to 32 bits.

    Parameters
    ----------
    results : ArrayLayout
        A beat of results.

    Members
    -------
    gemm : In(FIELDS)
    pixels : In(PIXELS_BITS)
        Output pixels; both stay from ``start`` to the last write.
    start : In(1)
        At least two cycles before the first result.
    i : In(stream.Signature(results))
    read : Out(ReadPort(ArrayLayout(signed(32), lanes)))
    write : Out(WritePort(ArrayLayout(signed(32), lanes)))
    done : Out(1)
        With the last write.
    """

    gemm: data.View
    pixels: Signal
    start: Signal
    i: stream.Interface
    read: Any
    write: Any
    done: Signal

    def __init__(self, results: data.ArrayLayout) -> None:
        self._results = results
        sums = data.ArrayLayout(SUM, results.length)
        super().__init__(
            {
                "gemm": In(FIELDS),
                "pixels": In(PIXELS_BITS),
                "start": In(1),
                "i": In(stream.Signature(results)),
                "read": Out(ReadPort(sums)),
                "write": Out(WritePort(sums)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        gemm, taken = self.gemm, self.i.valid
        m.submodules.nest = nest = Nest({**JOB_LOOPS, "pixel": PIXELS_BITS})
        m.submodules.address = address = Sum(
            unsigned(LOCAL_ADDRESS_BITS),
            [*JOB_LOOPS, "pixel"],
            {"blocks_n": unsigned(PIXELS_BITS), "pixel": unsigned(1)},
        )
        last_pixel = Signal.like(self.pixels, reset_less=True)
        m.d.sync += last_pixel.eq(self.pixels - 1)
        m.d.comb += [nest.most[name].eq(gemm[name]) for name in JOB_LOOPS]
        m.d.comb += [
            self.i.ready.eq(1),
            nest.most.pixel.eq(last_pixel),
            nest.advance.eq(taken),
            address.restart.eq(self.start),
            address.start.eq(gemm.target),
            address.steps.blocks_n.eq(self.pixels),
            address.steps.pixel.eq(1),
            address.advance.eq(taken),
            address.last.eq(nest.last),
        ]

        # The first job of a block finds nothing to add to, unless the instruction accumulates.
        begins = Signal(reset_less=True)
        adds = ~begins | gemm.accumulate
        with m.If(self.start):
            m.d.sync += begins.eq(1)
        with m.Elif(taken & nest.last.pixel):
            m.d.sync += begins.eq(nest.last.taps_y)

        writing, is_last = Signal(), Signal()
        result = Signal(self._results, reset_less=True)
        target = Signal(LOCAL_ADDRESS_BITS, reset_less=True)
        adding, again = Signal(reset_less=True), Signal(reset_less=True)
        before = Signal(self.write.data.shape(), reset_less=True)
        m.d.sync += [
            writing.eq(taken),
            is_last.eq(taken & nest.last.blocks_n),
            result.eq(self.i.payload),
            target.eq(address.value),
            adding.eq(adds),
            # What is written in this cycle is not in what is read in it.
            again.eq(writing & (target == address.value)),
            before.eq(self.write.data),
        ]
        m.d.comb += [
            self.read.en.eq(taken & adds),
            self.read.address.eq(address.value),
            self.write.en.eq(writing),
            self.write.address.eq(target),
            self.done.eq(is_last),
        ]
        for lane in range(self._results.length):
            held = Mux(again, before[lane], self.read.data[lane])
            m.d.comb += self.write.data[lane].eq(result[lane] + Mux(adding, held, 0))
        return m

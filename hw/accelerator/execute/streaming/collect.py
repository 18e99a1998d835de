"""Results of the engine to the accumulators, each once."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator.execute.accumulate import SUM
from hw.accelerator.execute.gemm import FIELDS, JOB_LOOPS, PIXELS_BITS
from hw.accelerator.ports import LOCAL_ADDRESS_BITS, ReadPort, WritePort
from hw.lib.nest import Nest

__all__ = ["Collect"]


class Collect(wiring.Component):
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
        At least a cycle before the first result.
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
        taken = self.i.valid
        m.submodules.nest = nest = Nest({"blocks_n": JOB_LOOPS["blocks_n"], "pixel": PIXELS_BITS})
        last_pixel = Signal.like(self.pixels, reset_less=True)
        address, target = (
            Signal(LOCAL_ADDRESS_BITS, name=name, reset_less=True) for name in ("address", "target")
        )
        writing, is_last = Signal(), Signal()
        result = Signal(self._results, reset_less=True)
        m.d.sync += [
            last_pixel.eq(self.pixels - 1),
            writing.eq(taken),
            is_last.eq(taken & nest.last.blocks_n),
            result.eq(self.i.payload),
            target.eq(address),
        ]
        with m.If(self.start):
            m.d.sync += address.eq(self.gemm.target)
        with m.Elif(taken):
            m.d.sync += address.eq(address + 1)
        m.d.comb += [
            self.i.ready.eq(1),
            nest.most.blocks_n.eq(self.gemm.blocks_n),
            nest.most.pixel.eq(last_pixel),
            nest.advance.eq(taken),
            self.read.en.eq(taken & self.gemm.accumulate),
            self.read.address.eq(address),
            self.write.en.eq(writing),
            self.write.address.eq(target),
            self.done.eq(is_last),
        ]
        for lane in range(self._results.length):
            held = Mux(self.gemm.accumulate, self.read.data[lane], 0)
            m.d.comb += self.write.data[lane].eq(result[lane] + held)
        return m

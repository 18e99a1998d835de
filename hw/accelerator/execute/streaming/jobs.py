"""The jobs of an engine through which operands stream."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.feeding import Streaming
from golden.contract import Dim, Width
from hw.accelerator.execute.gemm import JOB_LOOPS, PIXELS_BITS
from hw.accelerator.execute.streaming.groups import ROWS_BITS, Groups
from hw.shapes import job_shape

__all__ = ["JobSource"]


class JobSource(wiring.Component):
    """Jobs of a `Gemm`, one a cycle; the first is there in the cycle after ``start``.

    Parameters
    ----------
    feeding : Streaming

    Members
    -------
    pixels, rows, blocks : In
        As of `Groups`.
    depth : In
        K of every job.
    weight_bits : In(5)
        All of these stay from ``start`` to the last job.
    start : In(1)
    o : Out(stream.Signature(job_shape))
    """

    pixels: Signal
    rows: Signal
    blocks: Signal
    depth: Signal
    weight_bits: Signal
    start: Signal
    o: stream.Interface

    def __init__(self, feeding: Streaming) -> None:
        self._feeding = feeding
        shape = job_shape(feeding.layout.job)
        super().__init__(
            {
                "pixels": In(PIXELS_BITS),
                "rows": In(ROWS_BITS),
                "blocks": In(JOB_LOOPS["blocks_n"]),
                "depth": In(shape[Dim.K.value].shape),
                "weight_bits": In(5),
                "start": In(1),
                "o": Out(stream.Signature(shape)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.groups = groups = Groups()
        taken = self.o.valid & self.o.ready
        m.d.comb += [
            groups.pixels.eq(self.pixels),
            groups.rows.eq(self.rows),
            groups.blocks.eq(self.blocks),
            groups.restart.eq(self.start),
            groups.advance.eq(taken),
        ]
        block = self._feeding.block_job(0)
        values = {
            Dim.M: groups.count,
            Dim.N: block.n,
            Dim.K: self.depth,
            Width.ACTIVATION: block.activation_bits,
            Width.WEIGHT: self.weight_bits,
        }
        m.d.comb += [
            self.o.payload[field.dim.value].eq(values[field.dim])
            for field in self._feeding.layout.job
        ]
        with m.If(self.start):
            m.d.sync += self.o.valid.eq(1)
        with m.Elif(taken & groups.ends):
            m.d.sync += self.o.valid.eq(0)
        return m

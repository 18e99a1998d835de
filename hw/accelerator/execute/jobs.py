"""The jobs of the engine."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.contract import Axis, Dim, JobField
from hw.accelerator.execute.gemm import FIELDS, JOB_LOOPS, PIXELS_BITS
from hw.lib.nest import Nest
from hw.shapes import job_shape

__all__ = ["JobSource"]


class JobSource(wiring.Component):
    """Jobs of a `Gemm`, one a cycle; the first is there in the cycle after ``start``.

    Parameters
    ----------
    job : tuple of JobField
        What the engine wants to know of a job.
    lanes : int

    Members
    -------
    gemm : In(FIELDS)
    pixels : In(PIXELS_BITS)
        Output pixels; both stay from ``start`` to the last job.
    start : In(1)
    o : Out(stream.Signature(job_shape(job)))
    """

    gemm: data.View
    pixels: Signal
    start: Signal
    o: stream.Interface

    def __init__(self, job: tuple[JobField, ...], lanes: int) -> None:
        self._job = job
        self._lanes = lanes
        super().__init__(
            {
                "gemm": In(FIELDS),
                "pixels": In(PIXELS_BITS),
                "start": In(1),
                "o": Out(stream.Signature(job_shape(job))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.nest = nest = Nest(JOB_LOOPS)
        m.d.comb += [nest.most[name].eq(self.gemm[name]) for name in JOB_LOOPS]
        taken = self.o.valid & self.o.ready
        m.d.comb += nest.advance.eq(taken)
        sizes: dict[Axis, object] = {
            Dim.M: self.pixels,
            Dim.N: self._lanes,
            Dim.K: Mux(nest.last.blocks_k, self.gemm.last_lanes + 1, self._lanes),
        }
        m.d.comb += [self.o.payload[field.dim.value].eq(sizes[field.dim]) for field in self._job]
        with m.If(self.start):
            m.d.sync += self.o.valid.eq(1)
        with m.Elif(taken & nest.last.blocks_n):
            m.d.sync += self.o.valid.eq(0)
        return m

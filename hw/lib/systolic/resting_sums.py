"""Jobs and streams around a grid in which sums rest."""

from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arith.products import Product
from hw.lib.skid import SkidBuffer
from hw.lib.systolic.output_stationary import Grid

__all__ = ["RestingSums"]


class RestingSums(wiring.Component):
    """Output-stationary array behind ready/valid streams.

    One beat per cycle on every port. From the last operand beat of a job to the first result:
    ``rows + cols`` cycles, one more with ``pipeline``. A stop of ``results`` stops the whole grid
    one cycle later.

    Parameters
    ----------
    job : StructLayout
        Of the job port: ``m`` rows of the tile, ``k`` beats of operands.
    rows, cols : int
    product : Product
    sums : Shape
    pipeline : bool

    Members
    -------
    job : In(stream.Signature(job))
    activations : In(stream.Signature(ArrayLayout(product.left, rows)))
    weights : In(stream.Signature(ArrayLayout(product.top, cols)))
    results : Out(stream.Signature(ArrayLayout(sums, cols)))
        The last row of a tile first.
    last : Out(1)
        A beat of operands that is taken now is the last of its job.
    """

    job: stream.Interface
    activations: stream.Interface
    weights: stream.Interface
    results: stream.Interface
    last: Signal

    def __init__(
        self,
        job: data.StructLayout,
        rows: int,
        cols: int,
        product: Product,
        sums: Shape,
        pipeline: bool,
    ) -> None:
        self._rows = rows
        self._grid = (rows, cols, product, sums, pipeline)
        super().__init__(
            {
                "job": In(stream.Signature(job)),
                "activations": In(stream.Signature(data.ArrayLayout(product.left, rows))),
                "weights": In(stream.Signature(data.ArrayLayout(product.top, cols))),
                "results": Out(stream.Signature(data.ArrayLayout(sums, cols))),
                "last": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.leave = leave = SkidBuffer(self.results.payload.shape())
        wiring.connect(m, leave.o, wiring.flipped(self.results))
        m.submodules.grid = grid = Grid(*self._grid)
        enable = leave.i.ready
        busy, first = Signal(), Signal()
        height = Signal.like(self.job.payload.m, reset_less=True)
        left = Signal.like(self.job.payload.k, reset_less=True)
        # The drain registers of the tile before are in use for this many more cycles.
        draining = Signal(range(max(2, self._rows)))
        last = left == 1
        may_fire = enable & busy & ~(last & (draining != 0))
        fire = may_fire & self.activations.valid & self.weights.valid
        m.d.comb += [
            self.last.eq(last),
            self.activations.ready.eq(may_fire & self.weights.valid),
            self.weights.ready.eq(may_fire & self.activations.valid),
            self.job.ready.eq(~busy | (fire & last)),
            grid.enable.eq(enable),
            grid.valid.eq(fire),
            grid.first.eq(fire & first),
            grid.last.eq(fire & last),
            grid.m.eq(height),
            grid.activations.eq(self.activations.payload),
            grid.weights.eq(self.weights.payload),
            leave.i.valid.eq(grid.results_valid),
            leave.i.payload.eq(grid.results),
        ]
        with m.If(enable & (draining != 0)):
            m.d.sync += draining.eq(draining - 1)
        with m.If(fire):
            m.d.sync += [left.eq(left - 1), first.eq(0)]
            with m.If(last):
                m.d.sync += [draining.eq(height - 1), busy.eq(0)]
        with m.If(self.job.valid & self.job.ready):
            m.d.sync += [
                busy.eq(1),
                first.eq(1),
                height.eq(self.job.payload.m),
                left.eq(self.job.payload.k),
            ]
        return m

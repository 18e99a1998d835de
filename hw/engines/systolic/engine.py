"""The systolic engine: streams and jobs around a grid."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engines.systolic import Dataflow, Params, layout
from hw.arith.products import IntegerProduct
from hw.lib.skid import SkidBuffer
from hw.lib.systolic.operand_stationary import Grid
from hw.lib.systolic.resting_sums import RestingSums
from hw.shapes import beat_shape, job_shape, shape_of

__all__ = ["Engine"]


class Engine(wiring.Component):
    """Systolic array behind ready/valid streams.

    One beat per cycle on every port. From the last operand beat of a job (output-stationary) or
    the first streamed beat (otherwise) to the first result: ``rows + cols`` cycles, one more with
    ``pe_pipeline``. A stop of ``results`` stops the whole grid one cycle later.

    Parameters
    ----------
    params : Params

    Members
    -------
    job : In(stream.Signature(job_shape))
    activations : In(stream.Signature(beat_shape))
    weights : In(stream.Signature(beat_shape))
    results : Out(stream.Signature(beat_shape))
        Shapes and order of elements: `golden.engines.systolic.layout`.
    """

    job: stream.Interface
    activations: stream.Interface
    weights: stream.Interface
    results: stream.Interface

    def __init__(self, params: Params) -> None:
        self._params = params
        ports = layout(params)
        super().__init__(
            {
                "job": In(stream.Signature(job_shape(ports.job))),
                "activations": In(stream.Signature(beat_shape(ports.activations))),
                "weights": In(stream.Signature(beat_shape(ports.weights))),
                "results": Out(stream.Signature(beat_shape(ports.results))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self._params.dataflow is Dataflow.OS:
            self._output_stationary(m)
        else:
            m.submodules.leave = leave = SkidBuffer(self.results.payload.shape())
            wiring.connect(m, leave.o, wiring.flipped(self.results))
            self._operand_stationary(m, leave.i)
        return m

    def _output_stationary(self, m: Module) -> None:
        params = self._params
        m.submodules.array = array = RestingSums(
            self.job.payload.shape(),
            params.rows,
            params.cols,
            IntegerProduct(shape_of(params.activation), shape_of(params.weight)),
            shape_of(params.sums),
            params.pe_pipeline,
        )
        for name in ("job", "activations", "weights"):
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(array, name))
        wiring.connect(m, array.results, wiring.flipped(self.results))

    def _operand_stationary(self, m: Module, results: stream.Interface) -> None:
        params = self._params
        if params.dataflow is Dataflow.WS:
            resting, moving = self.weights, self.activations
            product = IntegerProduct(shape_of(params.activation), shape_of(params.weight))
            length = self.job.payload.m
        else:
            resting, moving = self.activations, self.weights
            product = IntegerProduct(shape_of(params.weight), shape_of(params.activation))
            length = self.job.payload.n
        m.submodules.grid = grid = Grid(
            params.rows, params.cols, product, shape_of(params.column_sums), params.pe_pipeline
        )
        rows = params.rows
        enable = results.ready

        # A job is first loaded, then streamed; the next is loaded meanwhile.
        loading, loaded, pushed = Signal(), Signal(), Signal(range(rows + 1), reset_less=True)
        height = Signal.like(self.job.payload.k, reset_less=True)
        beats = Signal.like(length, reset_less=True)
        streaming, first = Signal(), Signal()
        left = Signal.like(length, reset_less=True)
        active_rows = Signal(rows, reset_less=True)

        fire = enable & streaming & moving.valid
        ends = fire & (left == 1)
        # The shadow registers are free from the cycle in which the tile before is swapped in.
        may_push = enable & loading & ~loaded & ~(streaming & first & ~fire)
        push = may_push & resting.valid
        completes = push & (pushed == height - 1)
        hand_over = (loaded | completes) & (~streaming | ends)
        m.d.comb += [
            moving.ready.eq(enable & streaming),
            resting.ready.eq(may_push),
            self.job.ready.eq(~loading | hand_over),
            grid.enable.eq(enable),
            grid.load.eq(Cat(push, *(push & (pushed >= row) for row in range(1, rows)))),
            grid.stationary.eq(resting.payload),
            grid.swap.eq(fire & first),
            grid.valid.eq(fire),
            results.valid.eq(grid.results_valid),
        ]
        m.d.comb += [
            grid.moving[row].eq(Mux(active_rows[row], moving.payload[row], 0))
            for row in range(rows)
        ]
        m.d.comb += [results.payload[col].eq(grid.results[col]) for col in range(params.cols)]
        with m.If(fire):
            m.d.sync += [left.eq(left - 1), first.eq(0)]
        with m.If(ends):
            m.d.sync += streaming.eq(0)
        with m.If(push):
            m.d.sync += pushed.eq(pushed + 1)
        with m.If(completes):
            m.d.sync += loaded.eq(1)
        with m.If(hand_over):
            m.d.sync += [
                loading.eq(0),
                loaded.eq(0),
                streaming.eq(1),
                first.eq(1),
                left.eq(beats),
                active_rows.eq(Cat(row < height for row in range(rows))),
            ]
        with m.If(self.job.valid & self.job.ready):
            m.d.sync += [
                loading.eq(1),
                pushed.eq(0),
                height.eq(self.job.payload.k),
                beats.eq(length),
            ]

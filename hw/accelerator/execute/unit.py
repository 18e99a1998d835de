"""The execute unit."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.description import Accelerator
from hw.accelerator.execute.accumulate import SUM, Accumulate
from hw.accelerator.execute.gemm import FIELDS, PRODUCTS, products
from hw.accelerator.execute.jobs import JobSource
from hw.accelerator.execute.prefetch import Prefetch
from hw.accelerator.execute.tiles import Tiles
from hw.accelerator.execute.windows import Windows
from hw.accelerator.ports import INSTRUCTION_STREAM, ReadPort, WritePort
from hw.shapes import beat_shape

__all__ = ["ExecuteUnit"]


class ExecuteUnit(wiring.Component):
    """Runs `Gemm` instructions on an engine.

    From the cycle in which an instruction is taken to that of ``done``, both included: 5 cycles
    more than the engine's ``timing_sequence`` of its jobs. The first job is offered together with
    the first beats of both operands, 4 cycles after the instruction was taken, and ``done`` comes
    one cycle after the last result. No word is read that the instruction does not need.

    Parameters
    ----------
    accelerator : Accelerator
    engine : Component
        With the ports that the accelerator's ``layout`` publishes; becomes a part of the unit.

    Members
    -------
    start : In(INSTRUCTION_STREAM)
    done : Out(1)
        In the last busy cycle.
    activations, weights : Out(ReadPort(ArrayLayout(signed(8), lanes)))
    sums_read : Out(ReadPort(ArrayLayout(signed(32), lanes)))
    sums_write : Out(WritePort(ArrayLayout(signed(32), lanes)))
    """

    start: stream.Interface
    done: Signal
    activations: Any
    weights: Any
    sums_read: Any
    sums_write: Any

    def __init__(self, accelerator: Accelerator, engine: wiring.Component) -> None:
        self._layout = accelerator.layout
        self._lanes = accelerator.lanes
        self._engine: Any = engine
        sums = data.ArrayLayout(SUM, self._lanes)
        super().__init__(
            {
                "start": In(INSTRUCTION_STREAM),
                "done": Out(1),
                "activations": Out(ReadPort(beat_shape(self._layout.activations))),
                "weights": Out(ReadPort(beat_shape(self._layout.weights))),
                "sums_read": Out(ReadPort(sums)),
                "sums_write": Out(WritePort(sums)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout, lanes = self._layout, self._lanes
        m.submodules.engine = engine = self._engine
        m.submodules.jobs = jobs = JobSource(layout.job, lanes)
        m.submodules.windows = windows = Windows(lanes)
        m.submodules.tiles = tiles = Tiles(lanes)
        m.submodules.activations = activations = Prefetch(beat_shape(layout.activations))
        m.submodules.weights = weights = Prefetch(beat_shape(layout.weights))
        m.submodules.accumulate = accumulate = Accumulate(beat_shape(layout.results))
        wiring.connect(m, windows.o, activations.i)
        wiring.connect(m, activations.port, wiring.flipped(self.activations))
        wiring.connect(m, activations.o, engine.activations)
        wiring.connect(m, tiles.o, weights.i)
        wiring.connect(m, weights.port, wiring.flipped(self.weights))
        wiring.connect(m, weights.o, engine.weights)
        wiring.connect(m, jobs.o, engine.job)
        wiring.connect(m, engine.results, accumulate.i)
        wiring.connect(m, accumulate.read, wiring.flipped(self.sums_read))
        wiring.connect(m, accumulate.write, wiring.flipped(self.sums_write))

        busy = Signal()
        gemm: Any = Signal(FIELDS, reset_less=True)
        factors: Any = Signal(PRODUCTS, reset_less=True)
        # Jobs are held back until operands have come through the memory and the queue behind it.
        begins, reads, arrives = Signal(), Signal(), Signal()
        taken = self.start.valid & self.start.ready
        m.d.comb += [self.start.ready.eq(~busy), self.done.eq(accumulate.done)]
        m.d.sync += [begins.eq(taken), reads.eq(begins), arrives.eq(reads)]
        with m.If(taken):
            fields = data.View(FIELDS, self.start.payload)
            m.d.sync += [busy.eq(1), gemm.eq(fields)]
            m.d.sync += [factors[name].eq(value) for name, value in products(fields).items()]
        with m.Elif(self.done):
            m.d.sync += busy.eq(0)

        m.d.comb += [
            activations.fill.eq(gemm.pad_value),
            weights.fill.eq(0),
            windows.products.eq(factors),
            jobs.pixels.eq(factors.pixels),
            accumulate.pixels.eq(factors.pixels),
            windows.start.eq(begins),
            tiles.start.eq(begins),
            accumulate.start.eq(begins),
            jobs.start.eq(arrives),
        ]
        m.d.comb += [part.gemm.eq(gemm) for part in (jobs, windows, tiles, accumulate)]
        return m

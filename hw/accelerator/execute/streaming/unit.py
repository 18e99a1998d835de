"""The execute unit of an engine through which operands stream."""

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.feeding import Streaming
from hw.accelerator.execute.accumulate import SUM
from hw.accelerator.execute.gemm import FIELDS, PRODUCTS, products
from hw.accelerator.execute.prefetch import Prefetch
from hw.accelerator.execute.streaming.beats import BEATS_BITS, Beats
from hw.accelerator.execute.streaming.collect import Collect
from hw.accelerator.execute.streaming.gather import Gather
from hw.accelerator.execute.streaming.groups import ROWS_BITS
from hw.accelerator.execute.streaming.jobs import JobSource
from hw.accelerator.execute.streaming.pixels import Pixels
from hw.accelerator.execute.streaming.slices import Slices
from hw.accelerator.ports import INSTRUCTION_STREAM, ReadPort, WritePort
from hw.shapes import beat_shape

__all__ = ["StreamingExecuteUnit"]


class StreamingExecuteUnit(wiring.Component):
    """Runs `Gemm` instructions on an engine that does a tile of rows and columns per step.

    From the cycle in which an instruction is taken to that of ``done``, both included: 4 cycles and
    one for each row of the first job more than the engine's ``timing_sequence`` of its jobs. The
    first job is offered together with the first beats of both operands.

    Parameters
    ----------
    feeding : Streaming
    engine : Component
        With the ports that the layout of ``feeding`` publishes; becomes a part of the unit.

    Members
    -------
    start : In(INSTRUCTION_STREAM)
    done : Out(1)
        In the last busy cycle.
    activations : Out(ReadPort(ArrayLayout(signed(8), lanes)))
    weights : Out(ReadPort(ArrayLayout(signed(8), alignment * lanes)))
        Its addresses are numbers of beats.
    sums_read : Out(ReadPort(ArrayLayout(signed(32), lanes)))
    sums_write : Out(WritePort(ArrayLayout(signed(32), lanes)))
    """

    start: stream.Interface
    done: Signal
    activations: Any
    weights: Any
    sums_read: Any
    sums_write: Any

    def __init__(self, feeding: Streaming, engine: wiring.Component) -> None:
        self._feeding = feeding
        self._engine: Any = engine
        lanes = feeding.lanes
        sums = data.ArrayLayout(SUM, lanes)
        octets = signed(8)
        super().__init__(
            {
                "start": In(INSTRUCTION_STREAM),
                "done": Out(1),
                "activations": Out(ReadPort(data.ArrayLayout(octets, lanes))),
                "weights": Out(ReadPort(data.ArrayLayout(octets, feeding.alignment * lanes))),
                "sums_read": Out(ReadPort(sums)),
                "sums_write": Out(WritePort(sums)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        feeding, layout = self._feeding, self._feeding.layout
        m.submodules.engine = engine = self._engine
        m.submodules.jobs = jobs = JobSource(feeding)
        m.submodules.pixels = pixels = Pixels()
        m.submodules.gather = gather = Gather(feeding.lanes, feeding.rows)
        m.submodules.slices = slices = Slices(feeding)
        m.submodules.beats = beats = Beats(feeding)
        m.submodules.weights = weights = Prefetch(self.weights.data.shape())
        m.submodules.collect = collect = Collect(beat_shape(layout.results))
        wiring.connect(m, jobs.o, engine.job)
        wiring.connect(m, pixels.o, gather.i)
        wiring.connect(m, gather.port, wiring.flipped(self.activations))
        wiring.connect(m, gather.o, slices.i)
        wiring.connect(m, slices.o, engine.activations)
        wiring.connect(m, beats.o, weights.i)
        wiring.connect(m, weights.port, wiring.flipped(self.weights))
        wiring.connect(m, engine.results, collect.i)
        wiring.connect(m, collect.read, wiring.flipped(self.sums_read))
        wiring.connect(m, collect.write, wiring.flipped(self.sums_write))
        m.d.comb += [
            Value.cast(engine.weights.payload).eq(Value.cast(weights.o.payload)),
            engine.weights.valid.eq(weights.o.valid),
            weights.o.ready.eq(engine.weights.ready),
        ]

        busy, begins, waits = Signal(), Signal(), Signal()
        gemm: Any = Signal(FIELDS, reset_less=True)
        factors: Any = Signal(PRODUCTS, reset_less=True)
        depth = Signal.like(jobs.depth, reset_less=True)
        taken = self.start.valid & self.start.ready
        m.d.comb += [self.start.ready.eq(~busy), self.done.eq(collect.done)]
        m.d.sync += begins.eq(taken)
        with m.If(taken):
            fields = data.View(FIELDS, self.start.payload)
            blocks = (fields.taps_y + 1) * (fields.taps_x + 1) * (fields.blocks_k + 1)
            m.d.sync += [busy.eq(1), waits.eq(1), gemm.eq(fields)]
            m.d.sync += [factors[name].eq(value) for name, value in products(fields).items()]
            m.d.sync += depth.eq(blocks * feeding.lanes)
        with m.Elif(self.done):
            m.d.sync += busy.eq(0)
        # Jobs are held back until the first words have come.
        with m.If(gather.complete):
            m.d.sync += waits.eq(0)

        rows = self._told(m, gemm, "rows", ROWS_BITS, feeding.job_rows)
        most_beats = self._told(
            m, gemm, "most_beats", BEATS_BITS, lambda bits: feeding.weight_beats(bits) - 1
        )
        m.d.comb += [
            jobs.pixels.eq(factors.pixels),
            jobs.rows.eq(rows),
            jobs.blocks.eq(gemm.blocks_n),
            jobs.depth.eq(depth),
            jobs.weight_bits.eq(gemm.weight_bits),
            jobs.start.eq(waits & gather.complete),
            pixels.gemm.eq(gemm),
            pixels.products.eq(factors),
            pixels.rows.eq(rows),
            pixels.start.eq(begins),
            gather.fill.eq(gemm.pad_value),
            gather.last_lanes.eq(gemm.last_lanes),
            beats.gemm.eq(gemm),
            beats.pixels.eq(factors.pixels),
            beats.rows.eq(rows),
            beats.most_beats.eq(most_beats),
            beats.start.eq(begins),
            weights.fill.eq(0),
            collect.gemm.eq(gemm),
            collect.pixels.eq(factors.pixels),
            collect.start.eq(begins),
        ]
        return m

    def _told(
        self, m: Module, gemm: Any, name: str, width: int, number: Callable[[int], int]
    ) -> Signal:
        """What depends on the bits of weights alone."""
        result = Signal(width, name=name)
        with m.Switch(gemm.weight_bits):
            for bits in self._feeding.weight_bits:
                with m.Case(bits):
                    m.d.comb += result.eq(number(bits))
        return result

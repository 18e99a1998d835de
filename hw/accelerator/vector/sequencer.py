"""What the vector unit reads, and when."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.instructions import Pool, PoolKind
from hw.accelerator.ports import INSTRUCTION_STREAM, LOCAL_ADDRESS_BITS, instruction_layout
from hw.accelerator.vector.operation import LOOPS, OPERATION_LAYOUT, Decoder, Kind
from hw.accelerator.vector.pooler import AVERAGE_CYCLES, TAP_LAYOUT
from hw.accelerator.vector.scaler import Entry
from hw.accelerator.vector.window import Window
from hw.lib.nest import Nest

__all__ = ["READS_LAYOUT", "Sequencer"]

READS_LAYOUT = data.StructLayout(
    {"sums": unsigned(1), "activations": unsigned(1), "parameters": unsigned(1)}
)
"""Memories that are read in a cycle."""

_LOOPS = {**LOOPS, "taps_y": 5, "taps_x": 5}


class Sequencer(wiring.Component):
    """Takes instructions and reads what they need.

    First parameters, those of each block before its words, then a word a cycle. An addition rests
    in each third cycle, in which scaled operands are added; averages rest at the end of a window
    until the division of the next may begin. What a word is for is told in the cycle in which it
    is there, one after its address.

    Parameters
    ----------
    lanes : int

    Members
    -------
    start : In(INSTRUCTION_STREAM)
    done : In(1)
        The operation is complete.
    operation : Out(OPERATION_LAYOUT)
        The one under way.
    averages : Out(1)
        It is a pool of averages.
    begins : Out(1)
        It was taken in the cycle before.
    reads : Out(READS_LAYOUT)
    address, parameter_address : Out(LOCAL_ADDRESS_BITS)
    parameter : Out(1)
        A parameter word is there.
    entry : Out(Entry)
        What is there for the scaler.
    tap : Out(TAP_LAYOUT)
        What is there for the pooler.
    index : Out(1)
        A word to look up is there.
    """

    start: stream.Interface
    done: Signal
    operation: data.View
    averages: Signal
    begins: Signal
    reads: data.View
    address: Signal
    parameter_address: Signal
    parameter: Signal
    entry: data.View
    tap: data.View
    index: Signal

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        super().__init__(
            {
                "start": In(INSTRUCTION_STREAM),
                "done": In(1),
                "operation": Out(OPERATION_LAYOUT),
                "averages": Out(1),
                "begins": Out(1),
                "reads": Out(READS_LAYOUT),
                "address": Out(LOCAL_ADDRESS_BITS),
                "parameter_address": Out(LOCAL_ADDRESS_BITS),
                "parameter": Out(1),
                "entry": Out(Entry),
                "tap": Out(TAP_LAYOUT),
                "index": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        instruction = Signal.like(self.start.payload, reset_less=True)
        operation, pool = self.operation, instruction_layout(Pool)(instruction)
        m.submodules.decoder = decoder = Decoder(self._lanes)
        m.submodules.loops = loops = Nest(_LOOPS)
        m.submodules.window = window = Window(tuple(_LOOPS))
        pools = operation.kind == Kind.POOL
        m.d.comb += [
            decoder.instruction.eq(instruction),
            operation.eq(decoder.operation),
            self.averages.eq(pools & (pool.kind == PoolKind.AVERAGE)),
            *(loops.most[name].eq(operation[name]) for name in LOOPS),
            window.pool.eq(pool),
            window.advance.eq(loops.advance),
            window.last.eq(loops.last),
        ]
        with m.If(pools):
            m.d.comb += [loops.most.taps_y.eq(pool.taps_y), loops.most.taps_x.eq(pool.taps_x)]

        # Words and parameter words before the current ones; of the latter also those of the block.
        words = Signal(operation.first.shape(), reset_less=True)
        parameters = Signal(operation.parameters.shape(), reset_less=True)
        of_block = Signal(operation.parameter_words.shape(), reset_less=True)
        second = Signal()
        operand = Mux(second, operation.second, operation.first)
        m.d.comb += [
            self.parameter_address.eq(operation.parameters + parameters),
            self.address.eq(Mux(pools, window.address, operand + words)),
        ]
        m.d.sync += [
            self.begins.eq(0),
            self.parameter.eq(self.reads.parameters),
            self.entry.eq(Entry.NOTHING),
            self.tap.valid.eq(0),
            self.index.eq(0),
        ]

        run = Signal()
        with m.FSM():
            with m.State("idle"):
                m.d.comb += self.start.ready.eq(1)
                m.d.sync += [
                    instruction.eq(self.start.payload),
                    words.eq(0),
                    parameters.eq(0),
                    of_block.eq(0),
                ]
                with m.If(self.start.valid):
                    m.d.sync += self.begins.eq(1)
                    m.next = "parameters"
                    with m.If(self.start.payload[:4] == Pool.OPCODE):
                        m.next = "products"
            with m.State("products"):
                m.next = "origin"
            with m.State("origin"):
                m.d.comb += window.restart.eq(1)
                m.next = "run"
            with m.State("parameters"):
                m.d.comb += self.reads.parameters.eq(1)
                m.d.sync += [parameters.eq(parameters + 1), of_block.eq(of_block + 1)]
                with m.If(of_block == operation.parameter_words - 1):
                    m.d.sync += of_block.eq(0)
                    m.next = "run"
            with m.State("run"):
                m.d.comb += run.eq(1)
                with m.If(loops.advance):
                    m.d.sync += words.eq(words + 1)
                    with m.If((operation.kind == Kind.REQUANTIZE) & loops.last.rows):
                        m.next = "parameters"
                    with m.If(loops.last.blocks):
                        m.next = "drain"
            with m.State("drain"), m.If(self.done):
                m.next = "idle"

        with m.If(run), m.Switch(operation.kind):
            with m.Case(Kind.REQUANTIZE):
                m.d.comb += [loops.advance.eq(1), self.reads.sums.eq(1)]
                m.d.sync += self.entry.eq(Entry.SUMS)
            with m.Case(Kind.ADD):
                self._add(m, loops, second)
            with m.Case(Kind.POOL):
                self._pool(m, loops, window)
            with m.Case(Kind.TABLE):
                m.d.comb += [loops.advance.eq(1), self.reads.activations.eq(1)]
                m.d.sync += self.index.eq(1)
        return m

    def _add(self, m: Module, loops: Nest, second: Signal) -> None:
        """One operand, the other, rest."""
        rests = Signal()
        m.d.sync += [second.eq(~second & ~rests), rests.eq(second)]
        m.d.comb += [self.reads.activations.eq(~rests), loops.advance.eq(rests)]
        with m.If(second):
            m.d.sync += self.entry.eq(Entry.SECOND)
        with m.Elif(~rests):
            m.d.sync += self.entry.eq(Entry.FIRST)

    def _pool(self, m: Module, loops: Nest, window: Window) -> None:
        """A tap; after the last of an average perhaps a rest."""
        ends = loops.last.taps_y
        first, rests = Signal(init=1), Signal()
        cycles = Signal(range(AVERAGE_CYCLES), init=AVERAGE_CYCLES - 1)
        m.d.comb += [
            loops.advance.eq(~(self.averages & ends & (cycles != 0))),
            self.reads.activations.eq(window.inside & ~rests),
        ]
        m.d.sync += [
            self.tap.valid.eq(~rests),
            self.tap.first.eq(first),
            self.tap.last.eq(ends),
            self.tap.inside.eq(window.inside),
            first.eq(ends & loops.advance),
            rests.eq(ends & ~loops.advance),
            cycles.eq(Mux(cycles == 0, 0, cycles - 1)),
        ]
        with m.If(ends & loops.advance):
            m.d.sync += cycles.eq(AVERAGE_CYCLES - 1)

"""The load unit."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.description import Accelerator
from golden.accelerator.instructions import BASES, Load
from hw.accelerator.load.bursts import BurstIssuer
from hw.accelerator.load.ring import BeatRing
from hw.accelerator.load.sizes import ROW_BYTES_BITS, LoadSizes
from hw.accelerator.load.words import WordSequence
from hw.accelerator.ports import (
    ADDRESS_BITS,
    INSTRUCTION_STREAM,
    AxiRead,
    WritePort,
    instruction_layout,
)

__all__ = ["LoadUnit"]

_REACH = Shape(34, signed=True)
"""Of the end of a row's last group, in bytes after the row's first one in memory."""


class LoadUnit(wiring.Component):
    """Executes `Load` instructions.

    Taken in cycle ``s``, the first burst is offered in ``s + 4``. A word whose bytes have arrived
    by cycle ``t``, and that no other word keeps waiting, is written in ``t + 3``, one made of
    padding alone from ``s + 8`` on. Data are taken in every cycle. `sim.accelerator.load` gives
    the cycles exactly.

    Parameters
    ----------
    accelerator : Accelerator

    Members
    -------
    start : In(INSTRUCTION_STREAM)
    done : Out(1)
        Pulse in the last busy cycle, that of the last write.
    bases : In(data.ArrayLayout(unsigned(64), 4))
        Base registers.
    halt : In(1)
        Level: nothing new is begun.
    quiet : Out(1)
        Nothing is outstanding on the bus.
    fault : Out(1)
        Pulse: a beat came with an error.
    beat : Out(1)
        Pulse: a beat came.
    bus : Out(AxiRead(bus_bytes))
    memory : Out(2)
        Local memory that ``write`` is for.
    write : Out(WritePort(data.ArrayLayout(unsigned(8), lanes)))
    """

    start: stream.Interface
    done: Signal
    bases: data.View
    halt: Signal
    quiet: Signal
    fault: Signal
    beat: Signal
    bus: Any
    memory: Signal
    write: Any

    def __init__(self, accelerator: Accelerator) -> None:
        self._sizes = LoadSizes(accelerator)
        super().__init__(
            {
                "start": In(INSTRUCTION_STREAM),
                "done": Out(1),
                "bases": In(data.ArrayLayout(unsigned(ADDRESS_BITS), BASES)),
                "halt": In(1),
                "quiet": Out(1),
                "fault": Out(1),
                "beat": Out(1),
                "bus": Out(AxiRead(accelerator.bus_bytes)),
                "memory": Out(2),
                "write": Out(WritePort(data.ArrayLayout(unsigned(8), accelerator.lanes))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.issuer = issuer = BurstIssuer(self._sizes)
        m.submodules.words = words = WordSequence(self._sizes)
        m.submodules.ring = ring = BeatRing(self._sizes)
        self._begin(m, issuer, words)
        self._receive(m, issuer, ring)
        self._write(m, issuer, words, ring)
        return m

    def _begin(self, m: Module, issuer: BurstIssuer, words: WordSequence) -> None:
        """Take an instruction, and find out what is the same in all of its rows."""
        taken = data.View(instruction_layout(Load), self.start.payload)
        load: Any = Signal(instruction_layout(Load), reset_less=True)
        address = Signal(ADDRESS_BITS, reset_less=True)
        last_group = Signal(32, reset_less=True)
        busy, begin = Signal(), Signal()
        take = self.start.valid & self.start.ready
        m.d.comb += self.start.ready.eq(~busy & ~issuer.busy & ~self.halt)
        base = Signal(ADDRESS_BITS)
        with m.Switch(taken.base):
            for number in range(BASES):
                with m.Case(number):
                    m.d.comb += base.eq(self.bases[number])
        m.d.sync += begin.eq(take)
        with m.If(self.done):
            m.d.sync += busy.eq(0)
        with m.If(take):
            m.d.sync += [
                busy.eq(1),
                load.eq(taken),
                address.eq(base + taken.address),
                last_group.eq(taken.groups * taken.group_step),
            ]

        reach = Signal(_REACH)
        row_bytes = Signal(ROW_BYTES_BITS, reset_less=True)
        in_memory = load.row_bytes + 1
        m.d.comb += reach.eq(last_group + load.group_bytes + 1 - load.pad_left)
        with m.If(begin):
            m.d.sync += row_bytes.eq(
                Mux(reach < 0, 0, Mux(reach < in_memory, reach, in_memory))[:ROW_BYTES_BITS]
            )
        m.d.comb += [
            issuer.begin.eq(begin),
            issuer.address.eq(address),
            issuer.row_step.eq(load.row_step),
            issuer.more_rows.eq(load.rows),
            issuer.row_bytes.eq(row_bytes),
            words.begin.eq(begin),
            words.load.eq(load),
            words.offset.eq(address),
            words.row_bytes.eq(row_bytes),
            self.memory.eq(load.memory),
        ]

    def _receive(self, m: Module, issuer: BurstIssuer, ring: BeatRing) -> None:
        """The bus."""
        wiring.connect(m, issuer.ar, wiring.flipped(self.bus.ar))
        m.d.comb += [
            issuer.halt.eq(self.halt),
            issuer.beat.eq(self.beat),
            self.quiet.eq(issuer.quiet),
            self.bus.r.ready.eq(1),
            self.beat.eq(self.bus.r.valid),
            self.fault.eq(self.bus.r.valid & self.bus.r.payload.error),
            ring.arrives.eq(self.beat),
            ring.beat.eq(self.bus.r.payload.data),
        ]

    def _write(self, m: Module, issuer: BurstIssuer, words: WordSequence, ring: BeatRing) -> None:
        """Words whose bytes have arrived, in three cycles: read, turn, write."""
        word = words.o.payload
        go = Signal()
        missing = (ring.received - word.beats)[len(ring.received) - 1]
        retired = Signal.like(issuer.retired)
        m.d.comb += [
            go.eq(words.o.valid & ~(word.waits & missing)),
            words.o.ready.eq(go),
            ring.read.eq(go),
            ring.at.eq(word.at),
            issuer.retired.eq(retired),
        ]
        with m.If(go):
            m.d.sync += retired.eq(word.retired)

        lanes = self._sizes.lanes
        turns, writes, last = Signal(), Signal(), Signal()
        turned: Any = Signal(word.shape(), reset_less=True)
        from_memory, used = Signal(lanes, reset_less=True), Signal(lanes, reset_less=True)
        m.d.sync += [
            turns.eq(go),
            turned.eq(word),
            writes.eq(turns),
            last.eq(turned.last),
            self.write.address.eq(turned.address),
            from_memory.eq(
                Cat((turned.first <= lane) & (turned.stop > lane) for lane in range(lanes))
            ),
            used.eq(Cat(turned.take > lane for lane in range(lanes))),
        ]
        m.d.comb += [self.write.en.eq(writes), self.done.eq(writes & last)]
        pad = Signal(8)
        m.d.comb += pad.eq(words.load.pad_value)
        m.d.comb += [
            self.write.data[lane].eq(
                Mux(from_memory[lane], ring.word[lane], Mux(used[lane], pad, 0))
            )
            for lane in range(lanes)
        ]

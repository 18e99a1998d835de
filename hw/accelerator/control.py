"""AXI4-Lite register file, and the state of the accelerator as a whole."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.instructions import BASES
from golden.accelerator.registers import (
    COUNTERS,
    IDENTITY,
    REGISTERS,
    Access,
    ErrorCode,
    find_register,
)
from hw.accelerator.ports import ADDRESS_BITS, AxiLite

__all__ = ["Control"]

_WIDE = 64
_WORD = 32
_DRAINED_BITS = 8


class Control(wiring.Component):
    """Starts programs, stops them where something is wrong, and counts.

    While no program runs everything else is held in reset. A program that is stopped first lets
    what is under way on the bus come to its end.

    Parameters
    ----------
    target : bytes
        Of programs for this accelerator.

    Members
    -------
    bus : In(AxiLite())
    interrupt : Out(1)
    program : Out(64)
    bases : Out(ArrayLayout(64, 4))
    clear : Out(1)
        Hold everything in reset.
    halt : Out(1)
        Begin nothing new.
    quiet : In(1)
        Nothing is under way on the bus.
    finished : In(1)
        The program has come to its end.
    fault : In(8)
        `ErrorCode` that was found in this cycle, else 0.
    progress : In(1)
        An instruction begins or ends in this cycle or, with ``halt``, the bus answers.
    counts : In(ArrayLayout(8, counters))
        What to add to each of `golden.accelerator.registers.COUNTERS` in this cycle.
    """

    bus: Any
    interrupt: Signal
    program: Signal
    bases: data.View
    clear: Signal
    halt: Signal
    quiet: Signal
    finished: Signal
    fault: Signal
    progress: Signal
    counts: data.View

    def __init__(self, target: bytes) -> None:
        self._target = int.from_bytes(target, "little")
        super().__init__(
            {
                "bus": In(AxiLite()),
                "interrupt": Out(1),
                "program": Out(ADDRESS_BITS),
                "bases": Out(data.ArrayLayout(ADDRESS_BITS, BASES)),
                "clear": Out(1),
                "halt": Out(1),
                "quiet": In(1),
                "finished": In(1),
                "fault": In(8),
                "progress": In(1),
                "counts": In(data.ArrayLayout(8, len(COUNTERS))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._m = m
        watchdog, enable, pending = Signal(_WORD), Signal(), Signal()
        running, draining, done = Signal(), Signal(), Signal()
        error = Signal(8)
        counters = {
            counter: Signal(_WIDE, name=counter.name.lower(), reset_less=True)
            for counter in COUNTERS
        }
        start, abort, clear_pending = Signal(), Signal(), Signal()

        busy = running | draining
        status = Cat(busy, done, error != 0, Const(0, 5), error)
        values: dict[str, Value] = {
            "IDENTITY": Const(IDENTITY, _WORD),
            "STATUS": status,
            "INTERRUPT_ENABLE": enable,
            "INTERRUPT_STATUS": pending,
            "WATCHDOG": watchdog,
        }
        wide: dict[str, Value] = {
            "TARGET": Const(self._target, _WIDE),
            "PROGRAM": self.program,
            **{f"BASE{base}": Value.cast(self.bases[base]) for base in range(BASES)},
            **{counter.name: value for counter, value in counters.items()},
        }
        for name, value in wide.items():
            values[f"{name}_LOW"], values[f"{name}_HIGH"] = value[:_WORD], value[_WORD:]

        write, address, word = self._write_channel(m)
        with m.Switch(address):
            for register in REGISTERS:
                with m.Case(register.offset >> 2):
                    if register.access is Access.READ_WRITE:
                        held = values[register.name]
                        with m.If(write):
                            m.d.sync += held.eq(word)
        control = address == find_register("CONTROL").offset >> 2
        cleared = address == find_register("INTERRUPT_STATUS").offset >> 2
        m.d.comb += [
            start.eq(write & control & word[0] & ~busy),
            abort.eq(write & control & word[1]),
            clear_pending.eq(write & cleared & word[0]),
        ]
        self._read_channel(m, values)

        idle_cycles = Signal(_WORD, reset_less=True)
        m.d.sync += idle_cycles.eq(Mux(self.progress | start, 0, idle_cycles + 1))
        late = (watchdog != 0) & (idle_cycles >= watchdog)
        found = Signal(8)
        m.d.comb += [
            self.clear.eq(~busy),
            self.halt.eq(draining),
            self.interrupt.eq(pending & enable),
            found.eq(
                Mux(
                    self.fault != 0,
                    self.fault,
                    Mux(abort, ErrorCode.ABORTED, Mux(late, ErrorCode.WATCHDOG, ErrorCode.NONE)),
                )
            ),
        ]
        with m.If(clear_pending):
            m.d.sync += pending.eq(0)
        with m.If(start):
            m.d.sync += [running.eq(1), done.eq(0), error.eq(0)]
            m.d.sync += [value.eq(0) for value in counters.values()]
        with m.If(running):
            m.d.sync += [
                counters[counter].eq(counters[counter] + self.counts[number])
                for number, counter in enumerate(COUNTERS)
            ]
            with m.If(found != 0):
                m.d.sync += [running.eq(0), draining.eq(1), error.eq(found), idle_cycles.eq(0)]
            with m.Elif(self.finished):
                m.d.sync += [running.eq(0), done.eq(1), pending.eq(1)]
        # What is under way may still raise a signal for a few cycles after it has been stopped.
        settled = idle_cycles >= _DRAINED_BITS
        with m.If(draining):
            with m.If(settled & self.quiet):
                m.d.sync += [draining.eq(0), pending.eq(1)]
            with m.Elif(settled & late):
                m.d.sync += [draining.eq(0), pending.eq(1), error.eq(ErrorCode.BUS_HUNG)]
        return m

    def _write_channel(self, m: Module) -> tuple[Value, Value, Value]:
        """Strobe, word address and word of a write; whole words are written."""
        aw, w, b = self.bus.aw, self.bus.w, self.bus.b
        answering = Signal()
        write = Signal()
        m.d.comb += [
            write.eq(aw.valid & w.valid & ~answering),
            aw.ready.eq(write),
            w.ready.eq(write),
            b.valid.eq(answering),
        ]
        with m.If(write):
            m.d.sync += answering.eq(1)
        with m.Elif(b.ready):
            m.d.sync += answering.eq(0)
        return write, aw.payload[2:], w.payload

    def _read_channel(self, m: Module, values: dict[str, Value]) -> None:
        ar, r = self.bus.ar, self.bus.r
        word = Signal(_WORD, reset_less=True)
        answering = Signal()
        m.d.comb += [ar.ready.eq(~answering), r.valid.eq(answering), r.payload.eq(word)]
        with m.If(ar.valid & ar.ready):
            m.d.sync += [answering.eq(1), word.eq(0)]
            with m.Switch(ar.payload[2:]):
                for register in REGISTERS:
                    if register.name in values:
                        with m.Case(register.offset >> 2):
                            m.d.sync += word.eq(values[register.name])
        with m.Elif(r.ready):
            m.d.sync += answering.eq(0)

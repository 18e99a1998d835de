"""What stands between the program port and a program that has just been started."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.encoding import INSTRUCTION_BYTES
from hw.accelerator.fetch import BURST_BEATS
from hw.accelerator.ports import AxiRead

__all__ = ["ProgramPort"]


class ProgramPort(wiring.Component):
    """Is silent while no program runs, and keeps what one program has asked for from the next one.

    A program ends with its last instruction, while beats behind that may still be under way. They
    are taken and forgotten; the next program's first burst is asked for when the last of them has
    come. Nothing waits where none are left.

    Members
    -------
    clear : In(1)
        No program runs.
    fetch : In(AxiRead(32))
        One burst is under way at a time.
    bus : Out(AxiRead(32))
    """

    clear: Signal
    fetch: Any
    bus: Any

    def __init__(self) -> None:
        super().__init__(
            {
                "clear": In(1),
                "fetch": In(AxiRead(INSTRUCTION_BYTES)),
                "bus": Out(AxiRead(INSTRUCTION_BYTES)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fetch, bus = self.fetch, self.bus
        awaited, left = Signal(range(BURST_BEATS + 1)), Signal(range(BURST_BEATS + 1))
        stale, blocked = Signal(), Signal()
        m.d.comb += [
            blocked.eq(self.clear | stale),
            left.eq(Mux(bus.ar.valid & bus.ar.ready, bus.ar.payload.beats, awaited - bus.r.valid)),
            bus.ar.payload.eq(fetch.ar.payload),
            # In reset, too, the fetch unit would like to have its first burst.
            bus.ar.valid.eq(fetch.ar.valid & ~blocked),
            fetch.ar.ready.eq(bus.ar.ready & ~blocked),
            fetch.r.payload.eq(bus.r.payload),
            fetch.r.valid.eq(bus.r.valid & ~stale),
            bus.r.ready.eq(1),
        ]
        m.d.sync += [awaited.eq(left), stale.eq(blocked & (left != 0))]
        return m

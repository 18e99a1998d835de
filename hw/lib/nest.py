"""Nested loops as hardware: counters, and sums that grow with them."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Nest", "Sum"]


class Nest(wiring.Component):
    """Counters of nested loops; after the last iteration comes the first again.

    Parameters
    ----------
    levels : mapping of str to int
        Bits of the counter of each loop, outermost first.

    Members
    -------
    most : In(StructLayout)
        Iterations of each loop, less one.
    advance : In(1)
        On to the next iteration.
    last : Out(StructLayout)
        For each loop whether it and all inside of it are in their last iteration.
    """

    most: data.View
    advance: Signal
    last: data.View

    def __init__(self, levels: Mapping[str, int]) -> None:
        self._levels = dict(levels)
        super().__init__(
            {
                "most": In(data.StructLayout({name: unsigned(levels[name]) for name in levels})),
                "advance": In(1),
                "last": Out(data.StructLayout({name: unsigned(1) for name in levels})),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        inside: Value = Const(1)
        for name, bits in reversed(self._levels.items()):
            count = Signal(bits, name=name)
            ends = count == self.most[name]
            with m.If(self.advance & inside):
                m.d.sync += count.eq(Mux(ends, 0, count + 1))
            m.d.comb += self.last[name].eq(ends & inside)
            inside = self.last[name]
        return m


class Sum(wiring.Component):
    """A number that each iteration of some loops of a `Nest` moves on by a step of its own.

    Parameters
    ----------
    shape : Shape
        Of the number, which wraps.
    levels : sequence of str
        Loops of the nest, outermost first.
    steps : mapping of str to Shape
        Of the steps of those loops that move it.

    Members
    -------
    restart : In(1)
        The next cycle is the first iteration.
    start : In(shape)
        Its value in the first iteration.
    steps : In(StructLayout)
    advance, last : In
        As of the nest. ``start`` and ``steps`` do not change between ``restart`` and the last
        iteration.
    value : Out(shape)
    """

    restart: Signal
    start: Signal
    steps: data.View
    advance: Signal
    last: data.View
    value: Signal

    def __init__(self, shape: Shape, levels: Sequence[str], steps: Mapping[str, Shape]) -> None:
        self._levels = tuple(levels)
        self._moved_by = tuple(name for name in levels if name in steps)
        super().__init__(
            {
                "restart": In(1),
                "start": In(shape),
                "steps": In(data.StructLayout({name: steps[name] for name in self._moved_by})),
                "advance": In(1),
                "last": In(data.StructLayout({name: unsigned(1) for name in levels})),
                "value": Out(shape),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # For each loop that moves it, its value in the first iteration of all loops inside.
        held = {
            name: Signal.like(self.value, name=name, reset_less=True) for name in self._moved_by
        }
        moved = Signal.like(self.value)
        base: Value = self.start
        inside: Value = Const(1)
        chain = m.If
        moves = []
        for name in self._levels:
            if name in held:
                base = held[name]
            moves.append((name, base + self.steps[name] if name in held else base))
        for name, value in reversed(moves):
            with chain(~self.last[name]):
                m.d.comb += moved.eq(value)
            chain = m.Elif
        for name in reversed(self._levels):
            if name in held:
                with m.If(self.restart):
                    m.d.sync += held[name].eq(self.start)
                with m.Elif(self.advance & inside):
                    m.d.sync += held[name].eq(moved)
            inside = self.last[name]
        m.d.comb += self.value.eq(held[self._moved_by[-1]])
        return m

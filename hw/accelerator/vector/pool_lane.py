"""Maximum and average of a window, one lane."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["COUNT_BITS", "DIVISION_STEPS", "PoolLane"]

COUNT_BITS = 11
"""A window has at most 1024 taps."""

DIVISION_STEPS = 8
"""Bits of an average's magnitude, at most 128."""

_TOTAL_BITS = COUNT_BITS + 7


class PoolLane(wiring.Component):
    """Reduces the taps of a window, and divides their total.

    ``largest`` and the total hold a tap one cycle after it enters. The total is taken for division
    when ``divide`` is high, and ``average`` is there nine cycles later, in which the next division
    may begin. Registers hold data only and are not reset.

    Members
    -------
    value : In(signed(8))
    first : In(1)
        A window begins: forget the one before.
    inside : In(1)
        The tap counts.
    divide : In(1)
    count : In(11)
        Taps that count, as ``divide`` is high.
    divisor : In(11)
        The same during the eight steps after it; 1 where it is 0.
    largest : Out(signed(8))
        -128 if no tap counts.
    average : Out(signed(9))
        Rounded, halves away from zero; 0 if no tap counts.
    """

    value: Signal
    first: Signal
    inside: Signal
    divide: Signal
    count: Signal
    divisor: Signal
    largest: Signal
    average: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "value": In(signed(8)),
                "first": In(1),
                "inside": In(1),
                "divide": In(1),
                "count": In(COUNT_BITS),
                "divisor": In(COUNT_BITS),
                "largest": Out(signed(8)),
                "average": Out(signed(9)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        total = Signal(signed(_TOTAL_BITS), reset_less=True)
        largest = Signal(signed(8), reset_less=True)
        m.d.comb += self.largest.eq(largest)
        with m.If(self.inside):
            m.d.sync += total.eq(Mux(self.first, 0, total) + self.value)
            with m.If(self.first | (self.value > largest)):
                m.d.sync += largest.eq(self.value)
        with m.Elif(self.first):
            m.d.sync += [total.eq(0), largest.eq(-128)]

        # The dividend is less than 256 divisors. Each step takes its next bit from `low`, whose
        # place goes to a bit of the quotient.
        negative = Signal(reset_less=True)
        remainder = Signal(COUNT_BITS - 1, reset_less=True)
        low = Signal(DIVISION_STEPS, reset_less=True)
        partial, difference = Signal(COUNT_BITS), Signal(signed(COUNT_BITS + 1))
        fits = difference >= 0
        m.d.comb += [
            partial.eq(Cat(low[-1], remainder)),
            difference.eq(partial - self.divisor),
            self.average.eq(Mux(negative, -low, low)),
        ]
        with m.If(self.divide):
            dividend = abs(total) + (self.count >> 1)
            m.d.sync += [Cat(low, remainder).eq(dividend), negative.eq(total < 0)]
        with m.Else():
            m.d.sync += [
                remainder.eq(Mux(fits, difference, partial)),
                low.eq(Cat(fits, low)),
            ]
        return m

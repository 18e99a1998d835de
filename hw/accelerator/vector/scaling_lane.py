"""Multiplication by a quantized multiplier, bit for bit as TensorFlow Lite's kernels do it."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["LATENCY", "ScalingLane"]

LATENCY = 4
"""Cycles from the operands to the result."""

_BITS = 32
_MOST = _BITS - 1


class ScalingLane(wiring.Component):
    """``multiply_by_quantized_multiplier(wrap(x + addend), multiplier, shift)``.

    Latency 4 cycles, one operation a cycle: shift left, multiply, round and saturate, shift right.
    The registers hold data only and are not reset.

    Members
    -------
    x, addend : In(32)
    multiplier : In(32)
    shift : In(8)
        To the left if positive; clamped to -31 to 31.
    result : Out(32)
    """

    x: Signal
    addend: Signal
    multiplier: Signal
    shift: Signal
    result: Signal

    def __init__(self) -> None:
        wide = signed(_BITS)
        super().__init__(
            {
                "x": In(wide),
                "addend": In(wide),
                "multiplier": In(wide),
                "shift": In(signed(8)),
                "result": Out(wide),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shift_bits = _MOST.bit_length()
        left, right = Signal(shift_bits), Signal(shift_bits)
        with m.If(self.shift < 0):
            m.d.comb += right.eq(Mux(self.shift < -_MOST, _MOST, -self.shift))
        with m.Else():
            m.d.comb += left.eq(Mux(self.shift > _MOST, _MOST, self.shift))

        x = Signal(signed(_BITS))
        m.d.comb += x.eq(self.x + self.addend)

        shifted = Signal(signed(_BITS), reset_less=True)
        multiplier = Signal.like(self.multiplier, reset_less=True)
        product = Signal(signed(2 * _BITS), reset_less=True)
        high = Signal(signed(_BITS), reset_less=True)
        rights = [Signal(shift_bits, name=f"right_{i}", reset_less=True) for i in range(3)]
        m.d.sync += [
            shifted.eq(x << left),
            multiplier.eq(self.multiplier),
            product.eq(shifted * multiplier),
            Cat(rights).eq(Cat(right, rights)),
        ]

        # The nearest multiple of 2 ** 31; only the square of the smallest number has one too many.
        rounded = Signal(signed(_BITS + 1))
        m.d.comb += rounded.eq((product + (1 << _BITS - 2)) >> _BITS - 1)
        too_large = ~rounded[_BITS] & rounded[_BITS - 1]
        m.d.sync += high.eq(Mux(too_large, (1 << _BITS - 1) - 1, rounded))

        # Halves away from zero: half a unit less one for negative numbers, then round down.
        amount = rights[-1]
        half = Signal(_BITS)
        m.d.comb += half.eq((1 << amount) >> 1)
        result = Signal(signed(_BITS), reset_less=True)
        m.d.sync += result.eq((high + half - ((high < 0) & (amount != 0))) >> amount)
        m.d.comb += self.result.eq(result)
        return m

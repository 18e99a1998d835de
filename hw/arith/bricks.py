"""Products of two-bit bricks that are fused to wide ones or stand apart."""

from collections.abc import Iterator
from itertools import product

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["FusedUnit", "fused_levels", "fused_ports", "width_codes"]

DIGIT_BITS = 2


def fused_levels(bits: int) -> int:
    """How often pairs of digits, then pairs of those, are fused to make codes of so many bits."""
    return (bits // DIGIT_BITS).bit_length() - 1


def fused_ports(activation_bits: int, weight_bits: int) -> dict[str, wiring.Member]:
    """Members that say which levels are fused, where there are any."""
    levels = {
        "activation_fused": fused_levels(activation_bits),
        "weight_fused": fused_levels(weight_bits),
    }
    return {name: In(count) for name, count in levels.items() if count}


def width_codes(
    activation_levels: int, weight_levels: int
) -> Iterator[tuple[tuple[int, int], int]]:
    """Levels that are fused at each width, and the code of both members that say so, as one."""
    for fused in product(range(activation_levels + 1), range(weight_levels + 1)):
        yield fused, (1 << fused[0]) - 1 | (1 << fused[1]) - 1 << activation_levels


class FusedUnit(wiring.Component):
    """The sum of as many products as fit.

    Combinational. A brick is numbered by bits, the highest first: two for each level, one that
    halves the activation and one that halves the weight. Where a level is fused the bit says which
    digit, and the brick's product is shifted; where it is not, the bit is one of the number of the
    product. So each brick works at every width.

    Parameters
    ----------
    activation_bits, weight_bits : int
        Of the widest operands: 2, 4 or 8.
    activation_signed, weight_signed : bool

    Members
    -------
    activations, weights : In(ArrayLayout(2, bricks))
        Digits of one operand after the other, the lowest first; unused ones beyond.
    activation_fused, weight_fused : In(levels)
        Where there are levels: for each, the lowest first, whether it is fused. All up to the width
        are.
    o : Out(signed)
    """

    activations: data.View
    weights: data.View
    activation_fused: Signal
    weight_fused: Signal
    o: Signal

    def __init__(
        self,
        activation_bits: int,
        weight_bits: int,
        activation_signed: bool,
        weight_signed: bool,
    ) -> None:
        self._levels = fused_levels(activation_bits), fused_levels(weight_bits)
        self._signed = activation_signed, weight_signed
        self._bricks = 1 << sum(self._levels)
        digits = data.ArrayLayout(unsigned(DIGIT_BITS), self._bricks)
        super().__init__(
            {
                "activations": In(digits),
                "weights": In(digits),
                **fused_ports(activation_bits, weight_bits),
                "o": Out(signed(activation_bits + weight_bits + 1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        values = [self._brick(m, number) for number in range(self._bricks)]
        for side, level in reversed(self._places()):
            distance = DIGIT_BITS << level
            is_fused = (self.weight_fused if side else self.activation_fused)[level]
            values = [
                low + Mux(is_fused, high << distance, high)
                for low, high in zip(values[::2], values[1::2], strict=True)
            ]
        m.d.comb += self.o.eq(values[0])
        return m

    @property
    def _width(self) -> Value:
        """All that says which levels are fused."""
        sides = zip(("activation_fused", "weight_fused"), self._levels, strict=True)
        return Cat(*(getattr(self, name) for name, levels in sides if levels), Const(0, 1))

    def _places(self) -> list[tuple[int, int]]:
        """Side and level of each bit of a brick's number, the highest first."""
        return [
            (side, level)
            for level in reversed(range(max(self._levels)))
            for side in (0, 1)
            if level < self._levels[side]
        ]

    def _brick(self, m: Module, number: int) -> Value:
        """Product of the digits that a brick has at the width at hand."""
        factors = [
            Signal(signed(DIGIT_BITS + 1), name=f"{side}_{number}")
            for side in ("activation", "weight")
        ]
        with m.Switch(self._width):
            for fused, code in width_codes(*self._levels):
                # The widest is the default, so that no code is left out.
                with m.Default() if fused == self._levels else m.Case(code):
                    for side, digits in enumerate((self.activations, self.weights)):
                        slot, is_top = self._slot(number, fused, side)
                        digit = digits[slot]
                        sign = digit[-1] if is_top and self._signed[side] else Const(0, 1)
                        m.d.comb += factors[side].eq(Cat(digit, sign))
        return factors[0] * factors[1]

    def _slot(self, number: int, fused: tuple[int, int], side: int) -> tuple[int, bool]:
        """Which digit a brick takes of an operand, and whether that is the highest of its code."""
        element = digit = 0
        places = self._places()
        for position, (of, level) in enumerate(places):
            bit = number >> (len(places) - 1 - position) & 1
            if level >= fused[of]:
                element = element << 1 | bit
            elif of == side:
                digit = digit << 1 | bit
        digits = 1 << fused[side]
        return element * digits + digit, digit == digits - 1

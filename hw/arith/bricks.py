"""Products of two-bit bricks that are fused to wide ones or stand apart."""

from collections.abc import Iterator
from itertools import product

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["BrickDigits", "FusedUnit", "fused_levels", "fused_ports", "width_codes"]

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


class BrickDigits(wiring.Component):
    """Of one operand the digit that each brick of a unit multiplies, at the widths at hand.

    Combinational. A brick is numbered by bits, the highest first: two for each level, one that
    halves the activation and one that halves the weight. Where a level is fused the bit says which
    digit it takes; where it is not, the bit is one of the number of the product. Units with an
    operand in common have these in common.

    Parameters
    ----------
    activation_bits, weight_bits : int
        Of the widest operands: 2, 4 or 8.
    side : int
        0 for digits of activations, 1 for those of weights.

    Members
    -------
    i : In(ArrayLayout(2, bricks))
        Digits of one code after the other, the lowest first; unused ones beyond.
    activation_fused, weight_fused : In(levels)
        Where there are levels: for each, the lowest first, whether it is fused. All up to the width
        are.
    o : Out(ArrayLayout(2, bricks))
        One for each brick.
    """

    i: data.View
    activation_fused: Signal
    weight_fused: Signal
    o: data.View

    def __init__(self, activation_bits: int, weight_bits: int, side: int) -> None:
        self._levels = fused_levels(activation_bits), fused_levels(weight_bits)
        self._side = side
        digits = data.ArrayLayout(unsigned(DIGIT_BITS), 1 << sum(self._levels))
        super().__init__(
            {"i": In(digits), **fused_ports(activation_bits, weight_bits), "o": Out(digits)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.Switch(_width(self, self._levels)):
            for fused, code in width_codes(*self._levels):
                # The widest is the default, so that no code is left out.
                with m.Default() if fused == self._levels else m.Case(code):
                    for brick in range(len(self.o)):
                        element, digit = _slot(brick, self._levels, fused, self._side)
                        slot = (element << fused[self._side]) + digit
                        m.d.comb += self.o[brick].eq(self.i[slot])
        return m


class FusedUnit(wiring.Component):
    """The sum of as many products as fit.

    Combinational. Where a level is fused the product of a brick whose bit there is set is shifted.
    So each brick works at every width.

    Parameters
    ----------
    activation_bits, weight_bits : int
        Of the widest operands: 2, 4 or 8.
    activation_signed, weight_signed : bool

    Members
    -------
    activations, weights : In(ArrayLayout(2, bricks))
        What `BrickDigits` gives.
    activation_fused, weight_fused : In(levels)
        As of `BrickDigits`.
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
        digits = data.ArrayLayout(unsigned(DIGIT_BITS), 1 << sum(self._levels))
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
        factors = [self._factors(m, side) for side in (0, 1)]
        values: list[Value] = [first * second for first, second in zip(*factors, strict=True)]
        for side, level in reversed(_places(self._levels)):
            distance = DIGIT_BITS << level
            is_fused = (self.weight_fused if side else self.activation_fused)[level]
            values = [
                low + Mux(is_fused, high << distance, high)
                for low, high in zip(values[::2], values[1::2], strict=True)
            ]
        m.d.comb += self.o.eq(values[0])
        return m

    def _factors(self, m: Module, side: int) -> list[Value]:
        """Digits of one operand, with a sign where they are the highest of their code."""
        digits = self.weights if side else self.activations
        signs = Signal(len(digits), name=f"{('activation', 'weight')[side]}_signs")
        if self._signed[side]:
            with m.Switch(_width(self, self._levels)):
                for fused, code in width_codes(*self._levels):
                    with m.Default() if fused == self._levels else m.Case(code):
                        for brick in range(len(digits)):
                            _, digit = _slot(brick, self._levels, fused, side)
                            if digit == (1 << fused[side]) - 1:
                                m.d.comb += signs[brick].eq(digits[brick][-1])
        return [Cat(digit, sign).as_signed() for digit, sign in zip(digits, signs, strict=True)]


def _width(part: BrickDigits | FusedUnit, levels: tuple[int, int]) -> Value:
    """All that says which levels are fused."""
    sides = zip(("activation_fused", "weight_fused"), levels, strict=True)
    return Cat(*(getattr(part, name) for name, levels in sides if levels), Const(0, 1))


def _places(levels: tuple[int, int]) -> list[tuple[int, int]]:
    """Side and level of each bit of a brick's number, the highest first."""
    return [
        (side, level)
        for level in reversed(range(max(levels)))
        for side in (0, 1)
        if level < levels[side]
    ]


def _slot(
    brick: int, levels: tuple[int, int], fused: tuple[int, int], side: int
) -> tuple[int, int]:
    """Of which element a brick takes a digit, and which one."""
    element = digit = 0
    places = _places(levels)
    for position, (of, level) in enumerate(places):
        bit = brick >> (len(places) - 1 - position) & 1
        if level >= fused[of]:
            element = element << 1 | bit
        elif of == side:
            digit = digit << 1 | bit
    return element, digit

"""Unpacking of ternary numbers from words of base 3."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["TritUnpacker"]


class TritUnpacker(wiring.Component):
    """Codes of the ternary numbers t[i] in a word that is Σ 3^i (t[i] + 1). Combinational.

    Words from ``3 ** lanes`` on give zeros. A table, not a divider: all digits are there at once.

    Parameters
    ----------
    lanes : int
        Numbers of a word.
    bits : int
        Of a word.

    Members
    -------
    word : In(bits)
    codes : Out(ArrayLayout(2, lanes))
        In two's complement, lane 0 from the least significant digit.
    """

    word: Signal
    codes: data.View

    def __init__(self, lanes: int, bits: int) -> None:
        self._lanes = lanes
        super().__init__({"word": In(bits), "codes": Out(data.ArrayLayout(unsigned(2), lanes))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.Switch(self.word):
            for word in range(3**self._lanes):
                digits = [word // 3**lane % 3 - 1 for lane in range(self._lanes)]
                packed = sum((digit & 3) << 2 * lane for lane, digit in enumerate(digits))
                with m.Case(word):
                    m.d.comb += self.codes.as_value().eq(packed)
            with m.Default():
                m.d.comb += self.codes.as_value().eq(0)
        return m

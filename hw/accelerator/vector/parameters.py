"""Parameters of the instruction under way."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.interpreter import PARAMETER_WORDS, TABLE_BYTES

__all__ = ["TABLE_LAYOUT", "HeldParameters", "scaling_layout", "table_words"]

TABLE_LAYOUT = data.ArrayLayout(signed(8), TABLE_BYTES)


def scaling_layout(lanes: int) -> data.StructLayout:
    """Parameters of a block: for each lane a bias, a multiplier and a shift."""
    return data.StructLayout(
        {
            "bias": data.ArrayLayout(signed(32), lanes),
            "multiplier": data.ArrayLayout(signed(32), lanes),
            "shift": data.ArrayLayout(signed(8), lanes),
        }
    )


def table_words(lanes: int) -> int:
    """Parameter words of a table."""
    return -(-TABLE_BYTES // lanes)


class HeldParameters(wiring.Component):
    """The last parameter words that were read: those of a block, or a table.

    A shift register, so that words need no number. A word that enters in cycle ``t`` is there from
    ``t + 1`` on.

    Parameters
    ----------
    lanes : int

    Members
    -------
    word : In(ArrayLayout(signed(8), lanes))
    enter : In(1)
    scaling : Out(scaling_layout(lanes))
        Of the last nine words.
    table : Out(TABLE_LAYOUT)
        Of the last ``table_words(lanes)`` words.
    """

    word: data.View
    enter: Signal
    scaling: data.View
    table: data.View

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        super().__init__(
            {
                "word": In(data.ArrayLayout(signed(8), lanes)),
                "enter": In(1),
                "scaling": Out(scaling_layout(lanes)),
                "table": Out(TABLE_LAYOUT),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word_bits = 8 * self._lanes
        table = table_words(self._lanes)
        held = Signal(word_bits * max(PARAMETER_WORDS, table), reset_less=True)
        with m.If(self.enter):
            m.d.sync += held.eq(Cat(held[word_bits:], self.word))
        scaling: Any = self.scaling.as_value()
        m.d.comb += [
            scaling.eq(held[-PARAMETER_WORDS * word_bits :]),
            self.table.as_value().eq(held[-table * word_bits :]),
        ]
        return m

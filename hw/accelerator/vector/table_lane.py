"""A look into a table, one lane."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.interpreter import TABLE_BYTES
from hw.accelerator.vector.parameters import TABLE_LAYOUT

__all__ = ["TableLane"]

_ROW_ENTRIES = 16


class TableLane(wiring.Component):
    """Entry ``index + 128`` of a table; without state.

    Members
    -------
    table : In(TABLE_LAYOUT)
    index : In(signed(8))
    entry : Out(signed(8))
    """

    table: data.View
    index: Signal
    entry: Signal

    def __init__(self) -> None:
        super().__init__(
            {"table": In(TABLE_LAYOUT), "index": In(signed(8)), "entry": Out(signed(8))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        number = Signal(8)
        m.d.comb += number.eq(self.index + TABLE_BYTES // 2)
        # First a row, then an entry: a shift of the whole table would simulate slowly.
        row = Signal(_ROW_ENTRIES * 8)
        table = self.table.as_value()
        with m.Switch(number[4:]):
            for index in range(TABLE_BYTES // _ROW_ENTRIES):
                with m.Case(index):
                    m.d.comb += row.eq(table.word_select(index, _ROW_ENTRIES * 8))
        with m.Switch(number[:4]):
            for index in range(_ROW_ENTRIES):
                with m.Case(index):
                    m.d.comb += self.entry.eq(row.word_select(index, 8))
        return m

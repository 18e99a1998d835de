"""The hardware of one result: lookups, added up and accumulated."""

from amaranth.hdl import Module, Mux, Shape, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In

from golden.engines.lut import Params, TableKind
from golden.formats import IntFormat, SignsFormat
from hw.emit import place
from hw.lib.tables import Lookup
from hw.lib.tile.tree import place_registers, tree_levels
from hw.lib.tile.unit import Unit
from hw.shapes import shape_of

__all__ = ["LookupSum", "has_sign", "has_worth", "registers_behind"]


def has_sign(params: Params) -> bool:
    """Whether the last plane of weights counts as negative."""
    return isinstance(params.weight, IntFormat) and params.weight.signed


def has_worth(params: Params) -> bool:
    """Whether planes of weights are worth different powers of two."""
    return not isinstance(params.weight, SignsFormat)


def registers_behind(params: Params) -> tuple[bool, ...]:
    """Where registers stand behind the lookups, before and between the levels of adders."""
    return place_registers(params.stages - params.least_stages, tree_levels(params.tables))


class LookupSum(Unit):
    """Reads the tables of a row with the indices of a column, adds up, and accumulates.

    The sum of a plane is shifted by the plane's number on its way to the accumulator.

    Parameters
    ----------
    params : Params
    plane : Shape
        Of the number of a plane.

    Members
    -------
    tables : In(ArrayLayout(entry, tables * entries))
    bits : In(k)
        Of a plane of weights: the indices of all tables.
    plane : In(plane)
        Only where planes are worth different powers of two.
    negative : In(1)
        The sum is subtracted; only where weights have a sign plane.
    """

    tables: data.View
    bits: Signal
    plane: Signal
    negative: Signal

    def __init__(self, params: Params, plane: Shape) -> None:
        self._params = params
        size = params.shape_of_table.size * params.tables
        super().__init__(
            shape_of(params.sums),
            {
                "tables": In(data.ArrayLayout(shape_of(params.entry), size)),
                "bits": In(params.k),
                **({"plane": In(plane)} if has_worth(params) else {}),
                **({"negative": In(1)} if has_sign(params) else {}),
            },
        )

    def elaborate(self, platform: object) -> Module:
        params = self._params
        m = Module()
        size, group = params.shape_of_table.size, params.group
        lookups = []
        for table in range(params.tables):
            inverts = params.table is TableKind.HALF
            lookup = place(platform, Lookup, shape_of(params.entry), size, group, inverts)
            m.submodules[f"lookup_{table}"] = lookup
            m.d.comb += lookup.index.eq(self.bits.word_select(table, group))
            m.d.comb += [
                lookup.entries[entry].eq(self.tables[table * size + entry]) for entry in range(size)
            ]
            lookups.append(lookup.value)
        shape = lookups[0].shape()
        total: Value = self.total(m, platform, shape, lookups, registers_behind(params))
        if has_sign(params):
            total = Mux(self.negative, -total, total)
        # What lies beyond the accumulator does not matter to it.
        addend = Signal(self.drain.shape())
        m.d.comb += addend.eq(total << self.plane if has_worth(params) else total)
        self.accumulate(m, platform, addend)
        return m

"""The LUT tensor core behind its streams."""

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value, signed

from golden.engines.lut import Params, Precompute, Registers, layout
from hw.emit import place
from hw.engines.lut.lookup_sum import LookupSum, has_sign, has_worth, registers_behind
from hw.lib.tables import TableMaker
from hw.lib.tile.ahead import Ahead
from hw.lib.tile.engine import TileEngine, connect_lanes
from hw.lib.tile.operands import delayed, held, masked
from hw.lib.tile.planes import Split
from hw.lib.tile.row_sum import RowSum
from hw.lib.tile.steps import Steps
from hw.shapes import shape_of

__all__ = ["Engine"]


AHEAD = (Registers.TABLES, Registers.DOUBLE)
"""Tables are made a cycle before the first plane of weights needs them, or sooner."""

KEEPS = (Registers.BOTH, Registers.DOUBLE)
"""Tables and bits stand in registers in the cycle in which they are read."""


class Engine(TileEngine):
    """m x n sums of lookups in the tables of k activations, a plane of weights each.

    A step takes a cycle for each bit of the weights: a beat of weights each, and a beat of
    activations, whose tables are made once for all columns. It is taken with the first plane, and
    the tables kept; a step ahead, where tables are held before bits of weights come, or there are
    two sets of them; or without registers with the last plane. Results, stalls and ports are those
    of `hw.lib.tile.engine.TileEngine`.

    Parameters
    ----------
    params : Params
    """

    def __init__(self, params: Params) -> None:
        self._params = params
        self._is_ahead = params.registers in AHEAD
        # What is ahead of the first plane is no part of the pipeline that follows it.
        stages = params.stages - self._is_ahead
        super().__init__(
            layout(params),
            rows=params.m,
            cols=params.n,
            stages=stages,
            epilogue=params.epilogue,
        )

    def elaborate(self, platform: object) -> Module:
        params = self._params
        m = Module()
        split = Split(planes=params.max_weight_bits, at_once=1)
        keeps = params.registers in KEEPS
        steps = Steps(self.job_layout, params.k, weights=split, keeps=keeps)
        ahead = Ahead(self.job_layout, params.k) if self._is_ahead else None
        control = self.control(m, steps, ahead)
        tables: list[Value] = [*self.activations.payload]
        if params.precompute is Precompute.ENGINE:
            active = steps.active if ahead is None else ahead.active
            tables = self._tables(m, platform, masked(self.activations.payload, active))
        bits: list[Value] = [*self.weights.payload.as_value()]
        if ahead is not None:
            tables = self._held(m, "next_entry", tables, ahead.load)
        if keeps:
            tables = self._held(m, "entry", tables, steps.fire & steps.takes_activations)
            bits = held(m, "bit", Shape(1), bits, steps.fire)
        to_sums = params.stages - self._is_ahead - 1
        plane = delayed(m, control.enable, "plane", steps.weight_plane, to_sums)
        told = [("plane", plane)] if has_worth(params) else []
        if has_sign(params):
            top = delayed(m, control.enable, "negative", steps.weight_top, to_sums)
            told.append(("negative", top))
        units = self.units(m, platform, control, LookupSum, params, plane.shape())
        # The bits of a column lie next to each other.
        across = [
            bits[col * params.k + index] for index in range(params.k) for col in range(params.n)
        ]
        connect_lanes(m, units, rows=[("tables", tables)], cols=[("bits", across)], all=told)
        if params.epilogue is not None:
            row_sums = self._row_sums(m, platform, steps, tables) if params.zero_point else []
            self.scale(m, platform, control, steps, units, row_sums)
        return m

    def _held(self, m: Module, name: str, tables: list[Value], when: Value) -> list[Value]:
        """Registers of tables."""
        entry = shape_of(self._params.entry)
        if not self._params.shares_low_bits:
            return held(m, name, entry, tables, when)
        size = self._params.shape_of_table.size
        lows = held(m, f"{name}_low", Shape(1), [first[0] for first in tables[::size]], when)
        rest = [value[1:] for value in tables]
        highs = held(m, f"{name}_high", Shape(entry.width - 1), rest, when)
        return [_with_low(lows[index // size], high) for index, high in enumerate(highs)]

    def _row_sums(
        self, m: Module, platform: object, steps: Steps, tables: list[Value]
    ) -> list[RowSum]:
        """Sums of activations: of every table the entry of all +1, once a step."""
        params = self._params
        size = params.shape_of_table.size
        once: Value = steps.takes_activations
        if params.registers in KEEPS:
            once = Signal(name="once", reset_less=True)
            with m.If(steps.fire):
                m.d.sync += once.eq(steps.takes_activations)
        # In half a table it is the negative of the first one, whose signs are all −1.
        wanted = [
            -tables[first] if params.table.is_half else tables[first + size - 1]
            for first in range(0, len(tables), size)
        ]
        shape = signed(params.entry.bits + 1)
        registers = registers_behind(params)
        unit = (shape, shape_of(params.row_sums), params.tables, registers)
        row_sums = [place(platform, RowSum, *unit) for _ in range(params.m)]
        counted: list[Value] = [Mux(once, entry, 0) for entry in wanted]
        connect_lanes(m, [[unit] for unit in row_sums], rows=[("activations", counted)])
        return row_sums

    def _tables(self, m: Module, platform: object, activations: list[Value]) -> list[Value]:
        """Entries of all tables of a step, of each row those of one group after the other."""
        params = self._params
        table = params.shape_of_table
        entries: list[Value] = []
        for number in range(params.m * params.tables):
            made = place(
                platform,
                TableMaker,
                shape_of(params.activation),
                params.group,
                shape_of(params.entry),
                table.size,
                table.bipolar,
            )
            m.submodules[f"table_{number}"] = made
            m.d.comb += [
                made.i[index].eq(activations[number * params.group + index])
                for index in range(params.group)
            ]
            made_entries = [made.o[entry] for entry in range(table.size)]
            if params.shares_low_bits:
                low = made_entries[0][0]
                made_entries = [_with_low(low, entry[1:]) for entry in made_entries]
            entries += made_entries
        return entries


def _with_low(low: Value, rest: Value) -> Value:
    """An entry, which has a sign as entries of signs have."""
    return Cat(low, rest).as_signed()

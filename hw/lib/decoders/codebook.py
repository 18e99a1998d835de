"""From numbers of entries to the entries: tables that never change, and loaded ones."""

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.decoders import CodebookDecoder, FixedDecoder, columns_of
from hw.emit import place
from hw.lib.decoders.sets import HeldSets, set_beat_shape
from hw.shapes import beat_shape

__all__ = ["Codebook", "FixedLevels", "LevelTable"]


class LevelTable(wiring.Component):
    """A level for each code, from a table that never changes. Combinational.

    Parameters
    ----------
    levels : tuple of int
        As many as a power of two.
    bits : int
        Of a level.

    Members
    -------
    code : In(unsigned)
    level : Out(bits)
    """

    code: Signal
    level: Signal

    def __init__(self, levels: tuple[int, ...], bits: int) -> None:
        self._levels = levels
        super().__init__({"code": In(range(len(levels))), "level": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.Switch(self.code):
            for code, level in enumerate(self._levels):
                with m.Case(code):
                    m.d.comb += self.level.eq(level)
        return m


class FixedLevels(wiring.Component):
    """A table for each lane of a port of weights. Latency 0 cycles, one beat per cycle.

    Parameters
    ----------
    decoder : FixedDecoder

    Members
    -------
    i : In(stream.Signature(beat_shape(decoder.layout)))
    o : Out(stream.Signature(beat_shape(decoder.port)))
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, decoder: FixedDecoder) -> None:
        self._decoder = decoder
        super().__init__(
            {
                "i": In(stream.Signature(beat_shape(decoder.layout))),
                "o": Out(stream.Signature(beat_shape(decoder.port))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        decoder = self._decoder
        m.d.comb += [self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready)]
        for lane in range(decoder.port.width):
            table = place(platform, LevelTable, decoder.levels, decoder.port.format.bits)
            m.submodules[f"lane_{lane}"] = table
            m.d.comb += [
                table.code.eq(self.i.payload[lane]),
                self.o.payload[lane].eq(table.level),
            ]
        return m


class Codebook(wiring.Component):
    """Looks every lane up in the table of its column. Latency 0 cycles, one beat per cycle.

    Weights wait until a set of tables is there. While one serves the next is loaded, entry by
    entry, so that none wait where a set serves at least as many beats as it has entries.

    Parameters
    ----------
    decoder : CodebookDecoder

    Members
    -------
    i : In(stream.Signature(beat_shape(decoder.layout)))
    o : Out(stream.Signature(beat_shape(decoder.port)))
    side : In(stream.Signature(set_beat_shape(decoder.side, columns)))
    """

    i: stream.Interface
    o: stream.Interface
    side: stream.Interface

    def __init__(self, decoder: CodebookDecoder) -> None:
        self._decoder = decoder
        columns, _ = columns_of(decoder.port)
        self._beat = set_beat_shape(decoder.side, columns)
        super().__init__(
            {
                "i": In(stream.Signature(beat_shape(decoder.layout))),
                "o": Out(stream.Signature(beat_shape(decoder.port))),
                "side": In(stream.Signature(self._beat)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        decoder = self._decoder
        columns, column_of = columns_of(decoder.port)
        m.submodules.sets = sets = HeldSets(self._beat, decoder.rows)
        wiring.connect(m, wiring.flipped(self.side), sets.i)
        m.d.comb += [
            self.o.valid.eq(self.i.valid & sets.there),
            self.i.ready.eq(self.o.ready & sets.there),
            sets.use.eq(self.o.valid & self.o.ready),
        ]
        tables = [
            Array(sets.rows[row].entry[column] for row in range(decoder.rows))
            for column in range(columns)
        ]
        m.d.comb += [
            self.o.payload[lane].eq(tables[column][self.i.payload[lane]])
            for lane, column in enumerate(column_of.tolist())
        ]
        return m

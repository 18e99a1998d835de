"""From codes of a few bits to scaled integers, group by group."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.decoders import TwoLevelDecoder, columns_of
from hw.lib.decoders.sets import HeldSets, set_beat_shape
from hw.shapes import beat_shape

__all__ = ["TwoLevel"]


class TwoLevel(wiring.Component):
    """A subtraction and a multiplication in every lane: (q − z) · s. Latency 0, one beat per cycle.

    The product wraps to the engine's format. Weights wait until the zero points and scales of
    their group are there; those of the next are taken meanwhile.

    Parameters
    ----------
    decoder : TwoLevelDecoder

    Members
    -------
    i : In(stream.Signature(beat_shape(decoder.layout)))
    o : Out(stream.Signature(beat_shape(decoder.port)))
    side : In(stream.Signature(set_beat_shape(decoder.side, columns)))
    """

    i: stream.Interface
    o: stream.Interface
    side: stream.Interface

    def __init__(self, decoder: TwoLevelDecoder) -> None:
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
        _, column_of = columns_of(self._decoder.port)
        m.submodules.sets = sets = HeldSets(self._beat, self._decoder.rows)
        wiring.connect(m, wiring.flipped(self.side), sets.i)
        m.d.comb += [
            self.o.valid.eq(self.i.valid & sets.there),
            self.i.ready.eq(self.o.ready & sets.there),
            sets.use.eq(self.o.valid & self.o.ready),
        ]
        group = sets.rows[0]
        for lane, column in enumerate(column_of.tolist()):
            level = self.i.payload[lane] - group.zero_point[column]
            m.d.comb += self.o.payload[lane].eq(level * group.scale[column])
        return m

"""From words of base 3 to integers."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.decoders import TernaryDecoder
from hw.emit import place
from hw.lib.decoders.trits import TritUnpacker
from hw.shapes import beat_shape

__all__ = ["TernaryWords"]


class TernaryWords(wiring.Component):
    """Unpacks words into lanes of −1, 0 and +1. Latency 0 cycles, one beat per cycle.

    Parameters
    ----------
    decoder : TernaryDecoder

    Members
    -------
    i : In(stream.Signature(beat_shape(decoder.layout)))
    o : Out(stream.Signature(beat_shape(decoder.port)))
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, decoder: TernaryDecoder) -> None:
        self._decoder = decoder
        super().__init__(
            {
                "i": In(stream.Signature(beat_shape(decoder.layout))),
                "o": Out(stream.Signature(beat_shape(decoder.port))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += [self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready)]
        packing, width = self._decoder.packing, self._decoder.port.width
        for word in range(self._decoder.layout.words):
            unpacker = place(platform, TritUnpacker, packing.lanes, packing.bits)
            m.submodules[f"word_{word}"] = unpacker
            m.d.comb += unpacker.word.eq(self.i.payload[word])
            for index in range(packing.lanes):
                lane = word * packing.lanes + index
                if lane < width:
                    m.d.comb += self.o.payload[lane].eq(unpacker.codes[index].as_signed())
        return m

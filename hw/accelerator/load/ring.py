"""Beats as they arrive, and any run of bytes of them."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from hw.accelerator.load.sizes import LoadSizes

__all__ = ["BeatRing"]

_BITS = 8


class BeatRing(wiring.Component):
    """A ring of beats from which a word is read wherever it begins.

    One beat in and one word out per cycle. A beat of cycle ``t`` can be read from ``t + 1`` on; the
    word that is asked for in ``t`` is there in ``t + 2``.

    Parameters
    ----------
    sizes : LoadSizes

    Members
    -------
    arrives : In(1)
    beat : In(data.ArrayLayout(unsigned(8), bus_bytes))
    received : Out(beat_count_bits)
        Beats since reset, modulo the range.
    read : In(1)
    at : In(ring_bits)
        First byte of the word.
    word : Out(data.ArrayLayout(unsigned(8), lanes))
    """

    arrives: Signal
    beat: data.View
    received: Signal
    read: Signal
    at: Signal
    word: data.View

    def __init__(self, sizes: LoadSizes) -> None:
        self._sizes = sizes
        super().__init__(
            {
                "arrives": In(1),
                "beat": In(data.ArrayLayout(unsigned(_BITS), sizes.bus_bytes)),
                "received": Out(sizes.beat_count_bits),
                "read": In(1),
                "at": In(sizes.ring_bits),
                "word": Out(data.ArrayLayout(unsigned(_BITS), sizes.lanes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sizes = self._sizes
        bank_bits = exact_log2(sizes.banks)
        beat_bits = sizes.beat_bits
        depth = sizes.ring_beats // sizes.banks

        bank = Signal(sizes.banks, init=1)
        with m.If(self.arrives):
            m.d.sync += [self.received.eq(self.received + 1), bank.eq(bank.rotate_left(1))]
        first_bank = self.at[beat_bits : beat_bits + bank_bits]
        first_row = self.at[beat_bits + bank_bits :]
        words = []
        # The word goes on in the next row in banks before its first one.
        goes_on = Cat(Cat(first_bank > number for number in range(sizes.banks - 1)), Const(0))
        for number in range(sizes.banks):
            memory: Any = Memory(shape=unsigned(_BITS * sizes.bus_bytes), depth=depth, init=[])
            m.submodules[f"bank{number}"] = memory
            write, read = memory.write_port(), memory.read_port()
            m.d.comb += [
                write.en.eq(self.arrives & bank[number]),
                write.addr.eq(self.received >> bank_bits),
                write.data.eq(self.beat),
                read.en.eq(self.read),
                read.addr.eq(first_row + goes_on[number]),
            ]
            words.append(read.data)

        shift = Signal(beat_bits + bank_bits, reset_less=True)
        with m.If(self.read):
            m.d.sync += shift.eq(self.at)
        m.d.sync += self.word.eq(_rotated(m, Cat(words), shift, sizes.lanes))
        return m


def _rotated(m: Module, octets: Value, shift: Signal, count: int) -> Value:
    """The ``count`` bytes from number ``shift`` on, the first one after the last one.

    There are as many bytes as ``shift`` has values.
    """
    for level in reversed(range(len(shift))):
        step = 1 << level
        # Later levels shift by less than ``step``, so no more than these are looked at.
        kept = min(len(octets), _BITS * (count + step - 1))
        turned = Cat(octets[_BITS * step :], octets[: _BITS * step])
        chosen = Signal(kept, name=f"turned_{level}")
        m.d.comb += chosen.eq(Mux(shift[level], turned[:kept], octets[:kept]))
        octets = chosen
    return octets[: _BITS * count]

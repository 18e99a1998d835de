"""What a decoder has to know beside codes: sets that serve some beats each."""

from collections.abc import Sequence
from itertools import pairwise

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.decoders import BEATS_BITS, SideField
from hw.shapes import shape_of

__all__ = ["HeldSets", "set_beat_shape"]


def set_beat_shape(fields: Sequence[SideField], columns: int) -> data.StructLayout:
    """A beat of a set: how many beats of weights it serves, then each field, column by column."""
    return data.StructLayout(
        {
            "beats": BEATS_BITS,
            **{field.name: data.ArrayLayout(shape_of(field.format), columns) for field in fields},
        }
    )


class HeldSets(wiring.Component):
    """Holds a set while it serves, and takes the next one meanwhile.

    A set that is complete serves from the next cycle on, or from the cycle after the last beat of
    the set before. So nothing waits as long as a set is loaded in no more cycles than the one
    before it serves.

    Parameters
    ----------
    beat : StructLayout
        As `set_beat_shape` gives it; ``beats`` counts in the last beat of a set.
    rows : int
        Beats of a set.

    Members
    -------
    i : In(stream.Signature(beat))
    there : Out(1)
        There is a set that serves.
    rows : Out(ArrayLayout(beat, rows))
        Its beats, the first in place 0.
    use : In(1)
        It serves a beat in this cycle.
    """

    i: stream.Interface
    there: Signal
    rows: data.View
    use: Signal

    def __init__(self, beat: data.StructLayout, rows: int) -> None:
        self._rows = rows
        super().__init__(
            {
                "i": In(stream.Signature(beat)),
                "there": Out(1),
                "rows": Out(data.ArrayLayout(beat, rows)),
                "use": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = self._rows
        loading = [
            Signal.like(self.i.payload, name=f"loading_{row}", reset_less=True)
            for row in range(count)
        ]
        serving = [
            Signal.like(self.i.payload, name=f"serving_{row}", reset_less=True)
            for row in range(count)
        ]
        loaded = Signal(range(count + 1))
        left = Signal.like(self.i.payload.beats, reset_less=True)
        full, ends, hand_over, take = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            full.eq(loaded == count),
            ends.eq(self.use & (left == 1)),
            hand_over.eq(full & (~self.there | ends)),
            self.i.ready.eq(~full | hand_over),
            take.eq(self.i.valid & self.i.ready),
        ]
        with m.If(take):
            # The first beat of a set ends up at the far end.
            m.d.sync += loading[-1].eq(self.i.payload)
            m.d.sync += [here.eq(behind) for here, behind in pairwise(loading)]
        with m.If(hand_over):
            m.d.sync += loaded.eq(take)
        with m.Elif(take):
            m.d.sync += loaded.eq(loaded + 1)
        there = Signal()
        m.d.comb += self.there.eq(there)
        with m.If(hand_over):
            m.d.sync += [there.eq(1), left.eq(loading[-1].beats)]
            m.d.sync += [here.eq(new) for here, new in zip(serving, loading, strict=True)]
        with m.Elif(self.use):
            m.d.sync += [there.eq(~ends), left.eq(left - 1)]
        m.d.comb += [self.rows[row].eq(serving[row]) for row in range(count)]
        return m

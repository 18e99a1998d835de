"""How the rows of a finished tile leave."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Drain"]


class Drain(wiring.Component):
    """Counts the rows that are still in the drain registers.

    Parameters
    ----------
    rows : int
        Of the tallest tile.

    Members
    -------
    finish : In(1)
        A tile is ready to enter the drain registers. It does in the first cycle in which ``free``
        is high; until then ``finish`` is to stay high.
    m : In(range(rows + 1))
        Its rows.
    free : Out(1)
        The registers are empty, or will be at the end of this cycle.
    valid : Out(1)
        The first register holds a row.
    ready : In(1)
        It is taken if there is one.
    last : Out(1)
        With ``valid``: there is no other.
    shift : Out(1)
        The registers move up by a row.
    """

    finish: Signal
    m: Signal
    free: Signal
    valid: Signal
    ready: Signal
    last: Signal
    shift: Signal

    def __init__(self, rows: int) -> None:
        super().__init__(
            {
                "finish": In(1),
                "m": In(range(rows + 1)),
                "free": Out(1),
                "valid": Out(1),
                "ready": In(1),
                "last": Out(1),
                "shift": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal.like(self.m)
        m.d.comb += [
            self.valid.eq(left != 0),
            self.shift.eq(self.valid & self.ready),
            self.last.eq(left == 1),
            self.free.eq(~self.valid | ((left == 1) & self.ready)),
        ]
        with m.If(self.finish & self.free):
            m.d.sync += left.eq(self.m)
        with m.Elif(self.shift):
            m.d.sync += left.eq(left - 1)
        return m

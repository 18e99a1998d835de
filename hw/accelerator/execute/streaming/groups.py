"""Groups of pixels: the rows of one job after the other."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator.execute.gemm import JOB_LOOPS, PIXELS_BITS

__all__ = ["ROWS_BITS", "Groups"]

ROWS_BITS = 9
"""Of the rows of a job: up to 256."""


class Groups(wiring.Component):
    """Counts through the pixels of an instruction, and again for each block of output lanes.

    Members
    -------
    pixels : In(PIXELS_BITS)
    rows : In(ROWS_BITS)
        Pixels of a full group.
    blocks : In
        Blocks of output lanes, less one; none of these changes from ``restart`` to the last group.
    restart : In(1)
        The next cycle is the first group.
    advance : In(1)
        On to the next group.
    count : Out(ROWS_BITS)
        Pixels of this one.
    last : Out(1)
        It is the last one of its block.
    ends : Out(1)
        It is the last one of all.
    """

    pixels: Signal
    rows: Signal
    blocks: Signal
    restart: Signal
    advance: Signal
    count: Signal
    last: Signal
    ends: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "pixels": In(PIXELS_BITS),
                "rows": In(ROWS_BITS),
                "blocks": In(JOB_LOOPS["blocks_n"]),
                "restart": In(1),
                "advance": In(1),
                "count": Out(ROWS_BITS),
                "last": Out(1),
                "ends": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal.like(self.pixels, reset_less=True)
        block = Signal.like(self.blocks, reset_less=True)
        m.d.comb += [
            self.last.eq(left <= self.rows),
            self.count.eq(Mux(self.last, left, self.rows)),
            self.ends.eq(self.last & (block == self.blocks)),
        ]
        with m.If(self.restart):
            m.d.sync += [left.eq(self.pixels), block.eq(0)]
        with m.Elif(self.advance & self.last):
            m.d.sync += [left.eq(self.pixels), block.eq(block + 1)]
        with m.Elif(self.advance):
            m.d.sync += left.eq(left - self.rows)
        return m

"""Which word of weights is wanted next."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator.execute.gemm import FIELDS, JOB_LOOPS
from hw.accelerator.execute.prefetch import place_layout
from hw.accelerator.ports import LOCAL_ADDRESS_BITS
from hw.lib.nest import Nest

__all__ = ["Tiles"]


class Tiles(wiring.Component):
    """Places of the weights of a `Gemm`, beat after beat, one a cycle.

    Each tile begins at its far end. A diagonal one is a single word, of which beat k has lane k.
    The first place is there in the cycle after ``start``.

    Parameters
    ----------
    lanes : int

    Members
    -------
    gemm : In(FIELDS)
        Stays from ``start`` to the last place.
    start : In(1)
    o : Out(stream.Signature(place_layout(lanes)))
    """

    gemm: data.View
    start: Signal
    o: stream.Interface

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        super().__init__(
            {
                "gemm": In(FIELDS),
                "start": In(1),
                "o": Out(stream.Signature(place_layout(lanes))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        gemm = self.gemm
        # The nest is one tile ahead.
        m.submodules.nest = nest = Nest(JOB_LOOPS)
        m.d.comb += [nest.most[name].eq(gemm[name]) for name in JOB_LOOPS]
        row = Signal.like(gemm.last_lanes, reset_less=True)
        address = Signal(LOCAL_ADDRESS_BITS, reset_less=True)
        after = Signal(LOCAL_ADDRESS_BITS, reset_less=True)
        is_last = Signal(reset_less=True)

        taken = self.o.valid & self.o.ready
        ends = taken & (row == 0)
        ended = ends & is_last
        begins = self.start | (ends & ~is_last)
        last_row = Mux(nest.last.blocks_k, gemm.last_lanes, self._lanes - 1)
        far = Mux(self.start, gemm.weights, after) + Mux(gemm.diagonal, 0, last_row)
        m.d.comb += [
            nest.advance.eq(begins),
            self.o.payload.address.eq(address),
            self.o.payload.lanes.eq(
                Cat(~gemm.diagonal | (row == lane) for lane in range(self._lanes))
            ),
        ]
        with m.If(begins):
            m.d.sync += [
                row.eq(last_row),
                address.eq(far),
                after.eq(far + 1),
                is_last.eq(nest.last.blocks_n),
            ]
        with m.Elif(taken):
            m.d.sync += row.eq(row - 1)
            with m.If(~gemm.diagonal):
                m.d.sync += address.eq(address - 1)
        with m.If(self.start):
            m.d.sync += self.o.valid.eq(1)
        with m.Elif(ended):
            m.d.sync += self.o.valid.eq(0)
        return m

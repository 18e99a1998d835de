"""Which word of activations is wanted next."""

from amaranth.hdl import Const, Module, Shape, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator.execute.gemm import FIELDS, JOB_LOOPS, PIXEL_LOOPS, PRODUCTS
from hw.accelerator.execute.prefetch import place_layout
from hw.accelerator.ports import LOCAL_ADDRESS_BITS
from hw.lib.nest import Nest, Sum

__all__ = ["Windows"]

_COORDINATE = signed(18)
"""Any coordinate that the fields can express."""


class Windows(wiring.Component):
    """Places of the activations of a `Gemm`, beat after beat, one a cycle.

    The first is there in the cycle after ``start``. Outside of the input no lane counts.

    Parameters
    ----------
    lanes : int

    Members
    -------
    gemm : In(FIELDS)
    products : In(PRODUCTS)
        Both stay from ``start`` to the last place.
    start : In(1)
    o : Out(stream.Signature(place_layout(lanes)))
    """

    gemm: data.View
    products: data.View
    start: Signal
    o: stream.Interface

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        super().__init__(
            {
                "gemm": In(FIELDS),
                "products": In(PRODUCTS),
                "start": In(1),
                "o": Out(stream.Signature(place_layout(lanes))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        gemm, products = self.gemm, self.products
        levels = {**JOB_LOOPS, **PIXEL_LOOPS}
        m.submodules.nest = nest = Nest(levels)
        m.d.comb += [nest.most[name].eq(gemm[name]) for name in levels]
        taken = self.o.valid & self.o.ready
        m.d.comb += nest.advance.eq(taken)

        def follow(name: str, shape: Shape, start: Value, steps: dict[str, Value]) -> Signal:
            shapes = {level: Value.cast(step).shape() for level, step in steps.items()}
            m.submodules[name] = total = Sum(shape, [*levels], shapes)
            m.d.comb += [
                total.restart.eq(self.start),
                total.start.eq(start),
                total.advance.eq(nest.advance),
                total.last.eq(nest.last),
            ]
            m.d.comb += [total.steps[level].eq(step) for level, step in steps.items()]
            return total.value

        address = follow(
            "address",
            unsigned(LOCAL_ADDRESS_BITS),
            gemm.source + products.origin_row + products.origin_column,
            {
                "blocks_n": gemm.diagonal,
                "taps_y": products.dilation_y,
                "taps_x": products.dilation_x,
                "blocks_k": Const(1),
                "out_height": products.stride_y,
                "out_width": products.stride_x,
            },
        )
        y = follow(
            "y",
            _COORDINATE,
            gemm.origin_y,
            {"taps_y": gemm.dilation_y + 1, "out_height": gemm.stride_y + 1},
        )
        x = follow(
            "x",
            _COORDINATE,
            gemm.origin_x,
            {"taps_x": gemm.dilation_x + 1, "out_width": gemm.stride_x + 1},
        )
        # Without their signs, negative coordinates are larger than any input.
        inside = (y.as_unsigned() <= gemm.height) & (x.as_unsigned() <= gemm.width)
        m.d.comb += [
            self.o.payload.address.eq(address),
            self.o.payload.lanes.eq(inside.replicate(self._lanes)),
        ]
        with m.If(self.start):
            m.d.sync += self.o.valid.eq(1)
        with m.Elif(taken & nest.last.blocks_n):
            m.d.sync += self.o.valid.eq(0)
        return m

"""Which word of activations is wanted next, where a job has a few pixels."""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator.execute.gemm import FIELDS, JOB_LOOPS, PIXEL_LOOPS, PRODUCTS
from hw.accelerator.execute.streaming.groups import ROWS_BITS, Groups
from hw.accelerator.ports import LOCAL_ADDRESS_BITS
from hw.lib.nest import Nest, Sum

__all__ = ["PLACE", "Pixels"]

PLACE = data.StructLayout(
    {
        "address": unsigned(LOCAL_ADDRESS_BITS),
        "inside": unsigned(1),
        "last_block": unsigned(1),
        "last_row": unsigned(1),
    }
)
"""A word, and whether it lies in the input; else it is not read. Whether it belongs to the last
block of input lanes, and whether it is the last one of those that make a beat."""

_COORDINATE = signed(18)
"""Any coordinate that the fields can express."""

_WALK = data.StructLayout(
    {
        "column": unsigned(PIXEL_LOOPS["out_width"]),
        "y": _COORDINATE,
        "x": _COORDINATE,
        "line": unsigned(LOCAL_ADDRESS_BITS),
        "address": unsigned(LOCAL_ADDRESS_BITS),
    }
)
"""An output pixel: its column, where its first tap is, and the words of the first pixel of its row
and of itself."""

_TAPS = {name: bits for name, bits in JOB_LOOPS.items() if name != "blocks_n"}


class Pixels(wiring.Component):
    """Places of the activations of a `Gemm`, one a cycle.

    For each group of pixels, each tap and each block of input lanes a word of every pixel, and all
    of that for each block of output lanes. The first is there in the cycle after ``start``.

    Members
    -------
    gemm : In(FIELDS)
    products : In(PRODUCTS)
    rows : In(ROWS_BITS)
        Pixels of a full group; all of these stay from ``start`` to the last place.
    start : In(1)
    o : Out(stream.Signature(PLACE))
    """

    gemm: data.View
    products: data.View
    rows: Signal
    start: Signal
    o: stream.Interface

    def __init__(self) -> None:
        super().__init__(
            {
                "gemm": In(FIELDS),
                "products": In(PRODUCTS),
                "rows": In(ROWS_BITS),
                "start": In(1),
                "o": Out(stream.Signature(PLACE)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        gemm, products = self.gemm, self.products
        m.submodules.groups = groups = Groups()
        m.submodules.nest = nest = Nest(_TAPS)
        # Which pixel it is, and with which one the group begins.
        pixel: Any = Signal(_WALK, reset_less=True)
        begin: Any = Signal(_WALK, reset_less=True)
        row = Signal(ROWS_BITS, reset_less=True)
        block = Signal(unsigned(JOB_LOOPS["blocks_n"]), reset_less=True)
        first, after = self._first(m), self._after(m, pixel)

        taken = self.o.valid & self.o.ready
        ends_rows, ends_group, ends_block = Signal(), Signal(), Signal()
        m.d.comb += [
            ends_rows.eq(row + 1 == groups.count),
            ends_group.eq(ends_rows & nest.last.taps_y),
            ends_block.eq(ends_group & groups.last),
            groups.pixels.eq(products.pixels),
            groups.rows.eq(self.rows),
            groups.blocks.eq(gemm.blocks_n),
            groups.restart.eq(self.start),
            groups.advance.eq(taken & ends_group),
            nest.advance.eq(taken & ends_rows),
        ]
        m.d.comb += [nest.most[name].eq(gemm[name]) for name in _TAPS]
        with m.If(self.start):
            m.d.sync += [row.eq(0), block.eq(0), pixel.eq(first), begin.eq(first)]
        with m.Elif(taken):
            m.d.sync += [
                row.eq(Mux(ends_rows, 0, row + 1)),
                pixel.eq(Mux(ends_block, first, Mux(ends_rows & ~ends_group, begin, after))),
            ]
            with m.If(ends_group):
                m.d.sync += begin.eq(Mux(ends_block, first, after))
            with m.If(ends_block):
                m.d.sync += block.eq(block + gemm.diagonal)

        far = {"taps_y": products.dilation_y, "taps_x": products.dilation_x, "blocks_k": Const(1)}
        address = pixel.address + block + self._sum(m, nest, "address", far)
        y = pixel.y + self._sum(m, nest, "y", {"taps_y": gemm.dilation_y + 1})
        x = pixel.x + self._sum(m, nest, "x", {"taps_x": gemm.dilation_x + 1})
        place = self.o.payload
        m.d.comb += [
            place.address.eq(address),
            place.inside.eq(_within(m, "y", y, gemm.height) & _within(m, "x", x, gemm.width)),
            place.last_block.eq(nest.last.blocks_k),
            place.last_row.eq(ends_rows),
        ]
        with m.If(self.start):
            m.d.sync += self.o.valid.eq(1)
        with m.Elif(taken & ends_group & groups.ends):
            m.d.sync += self.o.valid.eq(0)
        return m

    def _first(self, m: Module) -> Any:
        """The first pixel of all."""
        gemm, products = self.gemm, self.products
        first: Any = Signal(_WALK)
        address = gemm.source + products.origin_row + products.origin_column
        m.d.comb += [
            first.y.eq(gemm.origin_y),
            first.x.eq(gemm.origin_x),
            first.line.eq(address),
            first.address.eq(address),
        ]
        return first

    def _after(self, m: Module, pixel: Any) -> Any:
        """The pixel that follows one."""
        gemm, products = self.gemm, self.products
        after: Any = Signal(_WALK)
        with m.If(pixel.column == gemm.out_width):
            m.d.comb += [
                after.y.eq(pixel.y + gemm.stride_y + 1),
                after.x.eq(gemm.origin_x),
                after.line.eq(pixel.line + products.stride_y),
                after.address.eq(pixel.line + products.stride_y),
            ]
        with m.Else():
            m.d.comb += [
                after.column.eq(pixel.column + 1),
                after.y.eq(pixel.y),
                after.x.eq(pixel.x + gemm.stride_x + 1),
                after.line.eq(pixel.line),
                after.address.eq(pixel.address + products.stride_x),
            ]
        return after

    def _sum(self, m: Module, nest: Nest, name: str, steps: dict[str, Value]) -> Value:
        """How far a tap of a block is from the first."""
        shapes = {level: Value.cast(step).shape() for level, step in steps.items()}
        shape = unsigned(LOCAL_ADDRESS_BITS) if name == "address" else Shape.cast(_COORDINATE)
        m.submodules[name] = total = Sum(shape, [*_TAPS], shapes)
        m.d.comb += [
            total.restart.eq(self.start),
            total.advance.eq(nest.advance),
            total.last.eq(nest.last),
        ]
        m.d.comb += [total.steps[level].eq(step) for level, step in steps.items()]
        return total.value


def _within(m: Module, name: str, place: Value, most: Value) -> Value:
    """Whether a coordinate is in the input, whose largest is ``most``."""
    coordinate = Signal(_COORDINATE, name=f"at_{name}")
    m.d.comb += coordinate.eq(place)
    # Without their signs, negative coordinates are larger than any input.
    return coordinate.as_unsigned() <= most

"""Addresses of the taps of windows."""

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.instructions import Pool
from hw.accelerator.ports import LOCAL_ADDRESS_BITS, instruction_layout
from hw.lib.nest import Sum

__all__ = ["Window"]

_PLACE = signed(20)
"""Of a row or column of the input, padding included."""


class Window(wiring.Component):
    """Follows the taps of a pool.

    Parameters
    ----------
    levels : sequence of str
        Loops of the nest that it follows, outermost first: blocks, rows and columns of the result,
        ``taps_y`` and ``taps_x``.

    Members
    -------
    pool : In(instruction_layout(Pool))
        There for two cycles, without a change, before ``restart``.
    restart, advance, last : In
        As of `Sum`.
    address : Out(LOCAL_ADDRESS_BITS)
        Word of the tap.
    inside : Out(1)
        Whether the tap lies in the input.
    """

    pool: data.View
    restart: Signal
    advance: Signal
    last: data.View
    address: Signal
    inside: Signal

    def __init__(self, levels: Sequence[str]) -> None:
        self._levels = tuple(levels)
        super().__init__(
            {
                "pool": In(instruction_layout(Pool)),
                "restart": In(1),
                "advance": In(1),
                "last": In(data.StructLayout({name: unsigned(1) for name in levels})),
                "address": Out(LOCAL_ADDRESS_BITS),
                "inside": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pool = self.pool
        y_steps = {"rows": pool.stride_y + 1, "taps_y": 1}
        x_steps = {"columns": pool.stride_x + 1, "taps_x": 1}

        # Products that addresses move by, from the fields in registers before the first tap.
        products = []
        for name, factors in (
            ("row_step", (pool.stride_y + 1, pool.row_words)),
            ("column_step", (pool.stride_x + 1, pool.pixel_words)),
            ("origin_row", (pool.origin_y, pool.row_words)),
            ("origin_column", (pool.origin_x, pool.pixel_words)),
        ):
            value = factors[0] * factors[1]
            product = Signal(value.shape(), name=name, reset_less=True)
            m.d.sync += product.eq(value)
            products.append(product)
        row_step, column_step, origin_row, origin_column = products
        word_steps = {
            "blocks": 1,
            "rows": row_step,
            "columns": column_step,
            "taps_y": pool.row_words,
            "taps_x": pool.pixel_words,
        }

        places = {}
        for name, shape, start, steps in (
            ("y", _PLACE, pool.origin_y, y_steps),
            ("x", _PLACE, pool.origin_x, x_steps),
            (
                "word",
                unsigned(LOCAL_ADDRESS_BITS),
                pool.source + origin_row + origin_column,
                word_steps,
            ),
        ):
            widths = {level: Value.cast(step).shape() for level, step in steps.items()}
            m.submodules[name] = place = Sum(shape, self._levels, widths)
            places[name] = place.value
            m.d.comb += [
                place.restart.eq(self.restart),
                place.start.eq(start),
                place.advance.eq(self.advance),
                place.last.eq(self.last),
                *(place.steps[level].eq(step) for level, step in steps.items()),
            ]
        y, x = places["y"], places["x"]
        m.d.comb += [
            self.address.eq(places["word"]),
            self.inside.eq((y >= 0) & (y <= pool.height) & (x >= 0) & (x <= pool.width)),
        ]
        return m

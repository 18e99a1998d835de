"""Grid in which one operand rests and sums move down."""

from amaranth.hdl import Cat, Module, Shape, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arith.products import Product
from hw.emit import place
from hw.lib.skew import Skew

__all__ = ["Grid", "ProcessingElement", "Row"]


class ProcessingElement(wiring.Component):
    """Multiplies what passes by what rests, and adds the sum from above.

    The moving operand, ``swap`` and ``load`` leave to the right one cycle after they arrive; the
    sum leaves below one cycle after the moving operand arrives (two with ``pipeline``). The next
    operand is pushed down a column of shadow registers by ``load`` while the current one works;
    ``swap`` exchanges them in the cycle before the first product that uses the new one.

    Parameters
    ----------
    product : Product
        Of the moving operand, from the left, and the resting one, from the top.
    partial : Shape
        Of the sums.
    pipeline : bool
        Register between product and adder.
    """

    enable: Signal
    load: Signal
    load_right: Signal
    swap: Signal
    swap_right: Signal
    above: Signal
    below: Signal
    moving: Signal
    moving_right: Signal
    partial: Signal
    partial_below: Signal

    def __init__(self, product: Product, partial: Shape, pipeline: bool) -> None:
        self._product = product
        self._pipeline = pipeline
        resting, passing, sums = product.top, product.left, partial
        super().__init__(
            {
                "enable": In(1),
                "load": In(1),
                "load_right": Out(1),
                "swap": In(1),
                "swap_right": Out(1),
                "above": In(resting),
                "below": Out(resting),
                "moving": In(passing),
                "moving_right": Out(passing),
                "partial": In(sums),
                "partial_below": Out(sums),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shadow = Signal.like(self.above, reset_less=True)
        active = Signal.like(self.above, reset_less=True)
        moving_right = Signal.like(self.moving, reset_less=True)
        partial_below = Signal.like(self.partial, reset_less=True)
        product = self._product.of(self.moving, active)
        with m.If(self.enable):
            if self._pipeline:
                stage = Signal(product.shape(), reset_less=True)
                m.d.sync += stage.eq(product)
                product = stage
            m.d.sync += [
                partial_below.eq(self.partial + product),
                moving_right.eq(self.moving),
                self.swap_right.eq(self.swap),
                self.load_right.eq(self.load),
            ]
            with m.If(self.load):
                m.d.sync += shadow.eq(self.above)
            with m.If(self.swap):
                m.d.sync += active.eq(shadow)
        m.d.comb += [
            self.below.eq(shadow),
            self.moving_right.eq(moving_right),
            self.partial_below.eq(partial_below),
        ]
        return m


class Row(wiring.Component):
    """Processing elements side by side; vertical ports have one lane for each."""

    enable: Signal
    load: Signal
    swap: Signal
    moving: Signal
    above: data.View
    below: data.View
    partial: data.View
    partial_below: data.View

    def __init__(self, cols: int, product: Product, partial: Shape, pipeline: bool) -> None:
        self._cols = cols
        self._element = (product, partial, pipeline)
        resting = data.ArrayLayout(product.top, cols)
        sums = data.ArrayLayout(partial, cols)
        super().__init__(
            {
                "enable": In(1),
                "load": In(1),
                "swap": In(1),
                "moving": In(product.left),
                "above": In(resting),
                "below": Out(resting),
                "partial": In(sums),
                "partial_below": Out(sums),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        load, swap, moving = self.load, self.swap, self.moving
        for col in range(self._cols):
            pe = place(platform, ProcessingElement, *self._element)
            m.submodules[f"pe_{col}"] = pe
            m.d.comb += [
                pe.enable.eq(self.enable),
                pe.load.eq(load),
                pe.swap.eq(swap),
                pe.moving.eq(moving),
                pe.above.eq(self.above[col]),
                self.below[col].eq(pe.below),
                pe.partial.eq(self.partial[col]),
                self.partial_below[col].eq(pe.partial_below),
            ]
            load, swap, moving = pe.load_right, pe.swap_right, pe.moving_right
        return m


class Grid(wiring.Component):
    """Rows on top of each other, with the delay lines at their edges.

    A beat of the moving operand gives a beat of results after ``rows + cols`` cycles, one more
    with ``pipeline``. A stationary beat is in the top shadow register in the next cycle. Nothing
    moves while ``enable`` is low.

    Parameters
    ----------
    rows, cols : int
    product : Product
    partial : Shape
    pipeline : bool

    Members
    -------
    load : In(rows)
        Rows whose shadow registers take the stationary beat or what lies above them.
    swap : In(1)
        With the first beat of a tile.
    valid : In(1)
        With each beat of the moving operand.
    results_valid : Out(1)
    """

    enable: Signal
    load: Signal
    stationary: data.View
    swap: Signal
    valid: Signal
    moving: data.View
    results: data.View
    results_valid: Signal

    def __init__(
        self, rows: int, cols: int, product: Product, partial: Shape, pipeline: bool
    ) -> None:
        self._rows = rows
        self._row = (cols, product, partial, pipeline)
        super().__init__(
            {
                "enable": In(1),
                "load": In(rows),
                "stationary": In(data.ArrayLayout(product.top, cols)),
                "swap": In(1),
                "valid": In(1),
                "moving": In(data.ArrayLayout(product.left, rows)),
                "results": Out(data.ArrayLayout(partial, cols)),
                "results_valid": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rows = self._rows
        cols, product, partial, pipeline = self._row
        m.submodules.enter_top = top = place(platform, Skew, product.top, tuple(range(cols)))
        m.submodules.enter_left = left = place(
            platform, Skew, product.left, tuple(range(1, rows + 1))
        )
        m.submodules.leave = leave = place(platform, Skew, partial, tuple(range(cols - 1, -1, -1)))
        swap = Signal(rows)
        arriving = Signal(rows + cols + pipeline)
        m.d.comb += [
            top.enable.eq(self.enable),
            top.i.eq(self.stationary),
            left.enable.eq(self.enable),
            left.i.eq(self.moving),
            leave.enable.eq(self.enable),
            swap[0].eq(self.swap),
            self.results.eq(leave.o),
            self.results_valid.eq(arriving[-1]),
        ]
        with m.If(self.enable):
            m.d.sync += arriving.eq(Cat(self.valid, arriving))
        if rows > 1:
            swap_below = Signal(rows - 1)
            m.d.comb += swap[1:].eq(swap_below)
            with m.If(self.enable):
                m.d.sync += swap_below.eq(swap)
        above, sums = top.o, None
        for index in range(rows):
            row = place(platform, Row, *self._row)
            m.submodules[f"row_{index}"] = row
            m.d.comb += [
                row.enable.eq(self.enable),
                row.load.eq(self.load[index]),
                row.swap.eq(swap[index]),
                row.moving.eq(left.o[index]),
                row.above.eq(above),
            ]
            if sums is not None:
                m.d.comb += row.partial.eq(sums)
            above, sums = row.below, row.partial_below
        m.d.comb += leave.i.eq(sums)
        return m

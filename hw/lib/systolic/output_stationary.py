"""Grid in which sums rest and both operands move."""

from amaranth.hdl import Cat, Module, Mux, Shape, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arith.products import Product
from hw.emit import place
from hw.lib.skew import Skew

__all__ = ["DrainControl", "Grid", "ProcessingElement", "Row"]


class ProcessingElement(wiring.Component):
    """Accumulates the products of what passes, and hands its sum to a drain register.

    Activations and control leave to the right, weights below, one cycle after they arrive.
    ``first`` starts a new sum; ``last`` moves the finished one into the drain register one cycle
    later (two with ``pipeline``, where control has to arrive one cycle after its operands);
    ``shift`` moves the drain register of the element above into this one.

    Parameters
    ----------
    product : Product
    sums : Shape
    pipeline : bool
        Register between product and adder.
    """

    enable: Signal
    first: Signal
    first_right: Signal
    last: Signal
    last_right: Signal
    shift: Signal
    shift_right: Signal
    activation: Signal
    activation_right: Signal
    weight: Signal
    weight_below: Signal
    drain: Signal
    drain_below: Signal

    def __init__(self, product: Product, sums: Shape, pipeline: bool) -> None:
        self._product = product
        self._pipeline = pipeline
        a, w, d = product.left, product.top, sums
        super().__init__(
            {
                "enable": In(1),
                "first": In(1),
                "first_right": Out(1),
                "last": In(1),
                "last_right": Out(1),
                "shift": In(1),
                "shift_right": Out(1),
                "activation": In(a),
                "activation_right": Out(a),
                "weight": In(w),
                "weight_below": Out(w),
                "drain": In(d),
                "drain_below": Out(d),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        accumulator = Signal.like(self.drain, reset_less=True)
        drain = Signal.like(self.drain, reset_less=True)
        activation = Signal.like(self.activation, reset_less=True)
        weight = Signal.like(self.weight, reset_less=True)
        total = Signal.like(self.drain)
        product = self._product.of(self.activation, self.weight)
        with m.If(self.enable):
            if self._pipeline:
                stage = Signal(product.shape(), reset_less=True)
                m.d.sync += stage.eq(product)
                product = stage
            m.d.sync += [
                accumulator.eq(total),
                activation.eq(self.activation),
                weight.eq(self.weight),
                self.first_right.eq(self.first),
                self.last_right.eq(self.last),
                self.shift_right.eq(self.shift),
            ]
            # A row below the tile passes on the tile's sums in place of its own.
            with m.If(self.shift):
                m.d.sync += drain.eq(self.drain)
            with m.Elif(self.last):
                m.d.sync += drain.eq(total)
        m.d.comb += [
            total.eq(Mux(self.first, 0, accumulator) + product),
            self.activation_right.eq(activation),
            self.weight_below.eq(weight),
            self.drain_below.eq(drain),
        ]
        return m


class Row(wiring.Component):
    """Processing elements side by side; vertical ports have one lane for each."""

    enable: Signal
    first: Signal
    last: Signal
    shift: Signal
    activation: Signal
    weights: data.View
    weights_below: data.View
    drain: data.View
    drain_below: data.View

    def __init__(self, cols: int, product: Product, sums: Shape, pipeline: bool) -> None:
        self._cols = cols
        self._element = (product, sums, pipeline)
        weights = data.ArrayLayout(product.top, cols)
        drains = data.ArrayLayout(sums, cols)
        super().__init__(
            {
                "enable": In(1),
                "first": In(1),
                "last": In(1),
                "shift": In(1),
                "activation": In(product.left),
                "weights": In(weights),
                "weights_below": Out(weights),
                "drain": In(drains),
                "drain_below": Out(drains),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        first, last, shift, activation = self.first, self.last, self.shift, self.activation
        for col in range(self._cols):
            pe = place(platform, ProcessingElement, *self._element)
            m.submodules[f"pe_{col}"] = pe
            m.d.comb += [
                pe.enable.eq(self.enable),
                pe.first.eq(first),
                pe.last.eq(last),
                pe.shift.eq(shift),
                pe.activation.eq(activation),
                pe.weight.eq(self.weights[col]),
                self.weights_below[col].eq(pe.weight_below),
                pe.drain.eq(self.drain[col]),
                self.drain_below[col].eq(pe.drain_below),
            ]
            first, last, shift = pe.first_right, pe.last_right, pe.shift_right
            activation = pe.activation_right
        return m


class Grid(wiring.Component):
    """Rows on top of each other, with the delay lines and the drain control at their edges.

    ``m`` beats of results, the last row of the tile first, begin ``rows + cols`` cycles after the
    beat that carried ``last``, one more with ``pipeline``. Two beats with ``last`` have to be at
    least the first one's ``m`` cycles apart. Nothing moves while ``enable`` is low.

    Parameters
    ----------
    rows, cols : int
    product : Product
    sums : Shape
    pipeline : bool

    Members
    -------
    valid : In(1)
        With each beat of operands; the other cycles add nothing.
    first, last : In(1)
        With the first and the last beat of a tile.
    m : In(range(rows + 1))
        Rows of the tile, with its last beat.
    results_valid : Out(1)
    """

    enable: Signal
    valid: Signal
    first: Signal
    last: Signal
    m: Signal
    activations: data.View
    weights: data.View
    results: data.View
    results_valid: Signal

    def __init__(self, rows: int, cols: int, product: Product, sums: Shape, pipeline: bool) -> None:
        self._rows = rows
        self._row = (cols, product, sums, pipeline)
        super().__init__(
            {
                "enable": In(1),
                "valid": In(1),
                "first": In(1),
                "last": In(1),
                "m": In(range(rows + 1)),
                "activations": In(data.ArrayLayout(product.left, rows)),
                "weights": In(data.ArrayLayout(product.top, cols)),
                "results": Out(data.ArrayLayout(sums, cols)),
                "results_valid": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rows = self._rows
        cols, product, sums, pipeline = self._row
        m.submodules.enter_left = left = place(
            platform, Skew, product.left, tuple(range(1, rows + 1))
        )
        m.submodules.enter_top = top = place(platform, Skew, product.top, tuple(range(1, cols + 1)))
        m.submodules.leave = leave = place(platform, Skew, sums, tuple(range(cols - 1, -1, -1)))
        m.submodules.drain = drain = DrainControl(rows)
        first, last, height = self.first, self.last, self.m
        if pipeline:
            # Control follows the products, which are one cycle behind their operands.
            later_first, later_last = Signal(), Signal()
            later_height = Signal.like(height, reset_less=True)
            with m.If(self.enable):
                m.d.sync += [later_first.eq(first), later_last.eq(last), later_height.eq(height)]
            first, last, height = later_first, later_last, later_height
        firsts, lasts = Signal(rows), Signal(rows)
        leaving = Signal(cols)
        m.d.comb += [
            left.enable.eq(self.enable),
            left.i.eq(Mux(self.valid, self.activations.as_value(), 0)),
            top.enable.eq(self.enable),
            top.i.eq(self.weights),
            leave.enable.eq(self.enable),
            drain.enable.eq(self.enable),
            drain.last.eq(last),
            drain.m.eq(height),
            leaving[0].eq(drain.leave),
            self.results.eq(leave.o),
            self.results_valid.eq(leaving[-1]),
        ]
        with m.If(self.enable):
            m.d.sync += [firsts.eq(Cat(first, firsts)), lasts.eq(Cat(last, lasts))]
        if cols > 1:
            left_before = Signal(cols - 1)
            m.d.comb += leaving[1:].eq(left_before)
            with m.If(self.enable):
                m.d.sync += left_before.eq(leaving)
        weights, drained = top.o, None
        for index in range(rows):
            row = place(platform, Row, *self._row)
            m.submodules[f"row_{index}"] = row
            m.d.comb += [
                row.enable.eq(self.enable),
                row.first.eq(firsts[index]),
                row.last.eq(lasts[index]),
                row.shift.eq(drain.shift[index]),
                row.activation.eq(left.o[index]),
                row.weights.eq(weights),
            ]
            if drained is not None:
                m.d.comb += row.drain.eq(drained)
            weights, drained = row.weights_below, row.drain_below
        m.d.comb += leave.i.eq(drained)
        return m


class DrainControl(wiring.Component):
    """Says when each row's drain register takes the sum of the row above.

    Row r finishes r cycles after row 0. A tile of ``m`` rows waits until its last row has
    finished, then all of it moves down one row per cycle; a row at or below the tile only passes
    on what reaches it. So row r shifts from cycle ``max(m, r)`` to ``m + r - 1`` after row 0
    finished, and is free again when row r of a tile that follows ``m`` cycles later finishes.

    Parameters
    ----------
    rows : int

    Members
    -------
    last : In(1)
        One cycle before row 0 finishes.
    m : In(range(rows + 1))
        Rows of the tile, with ``last``.
    shift : Out(rows)
    leave : Out(1)
        The last row's drain register holds a result.
    """

    enable: Signal
    last: Signal
    m: Signal
    shift: Signal
    leave: Signal

    def __init__(self, rows: int) -> None:
        self._rows = rows
        super().__init__(
            {
                "enable": In(1),
                "last": In(1),
                "m": In(range(rows + 1)),
                "shift": Out(rows),
                "leave": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        waiting = Signal.like(self.m)
        height = Signal.like(self.m, reset_less=True)
        shift = Signal(self._rows + 1)
        tile_rows = Cat(0, *(row <= height for row in range(1, self._rows + 1)))
        m.d.comb += [self.shift.eq(shift), self.leave.eq(shift[-1])]
        with m.If(self.enable):
            m.d.sync += shift.eq((shift << 1) | Mux(waiting == 1, tile_rows, 0))
            with m.If(self.last):
                m.d.sync += [waiting.eq(self.m), height.eq(self.m)]
            with m.Elif(waiting != 0):
                m.d.sync += waiting.eq(waiting - 1)
        return m

"""Scales and zero points of groups, applied to rows of integer sums as they leave an array."""

from amaranth.hdl import Array, Cat, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.epilogue import Epilogue
from golden.formats import FloatFormat, PowerFormat
from hw.arith.floats import FloatAdd, FloatMultiply, IntegerToFloat
from hw.emit import place
from hw.lib.skid import SkidBuffer
from hw.shapes import shape_of

__all__ = ["EpilogueLane", "GroupEpilogue", "latency", "row_shape"]


def latency(epilogue: Epilogue) -> int:
    """Cycles from a row to its result: subtract, convert where it is a float, multiply, add."""
    return 4 if isinstance(epilogue.result, FloatFormat) else 3


def row_shape(epilogue: Epilogue, lanes: int) -> data.StructLayout:
    """A row of integer sums of one group.

    ``sums``, one a lane; ``row_sum`` where there are zero points; ``first`` and ``last`` for the
    first and the last group of a tile; ``end`` for the last row of a group.
    """
    row_sum = {} if epilogue.row_sums is None else {"row_sum": shape_of(epilogue.row_sums)}
    return data.StructLayout(
        {
            "sums": data.ArrayLayout(shape_of(epilogue.sums), lanes),
            **row_sum,
            "first": 1,
            "last": 1,
            "end": 1,
        }
    )


def _number(rows: int) -> Shape:
    """Of the number of a row. A port has a bit at least, to be there in the Verilog."""
    return Shape.cast(range(max(2, rows)))


class EpilogueLane(wiring.Component):
    """One column: ``total[row] = (first ? 0 : total[row]) + scale * (sum - zero_point * row_sum)``.

    A row per cycle while ``enable`` is high; `latency` moves later ``o`` is its total. The
    registers hold data only and are not reset.

    Parameters
    ----------
    epilogue : Epilogue
    rows : int
        Of the tallest tile: as many totals are kept.

    Members
    -------
    enable : In(1)
    sum : In(sums)
    row_sum : In(row_sums), zero_point : In(zero_point)
        Where there are zero points.
    scale : In(scale)
    add, first : In(1)
        Together with the addition, one move before ``o``: there is a row, of the first group.
    row : In(unsigned)
        Its number, of a bit at least.
    o : Out(result)
    """

    enable: Signal
    sum: Signal
    row_sum: Signal
    zero_point: Signal
    scale: Signal
    add: Signal
    first: Signal
    row: Signal
    o: Signal

    def __init__(self, epilogue: Epilogue, rows: int) -> None:
        self._epilogue = epilogue
        self._rows = rows
        points = {}
        if epilogue.zero_point is not None and epilogue.row_sums is not None:
            points = {
                "row_sum": In(shape_of(epilogue.row_sums)),
                "zero_point": In(shape_of(epilogue.zero_point)),
            }
        super().__init__(
            {
                "enable": In(1),
                "sum": In(shape_of(epilogue.sums)),
                **points,
                "scale": In(shape_of(epilogue.scale)),
                "add": In(1),
                "first": In(1),
                "row": In(_number(rows)),
                "o": Out(shape_of(epilogue.result)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        epilogue, result = self._epilogue, self._epilogue.result
        m = Module()
        whole = self.sum if epilogue.row_sums is None else self.sum - self.zero_point * self.row_sum
        difference = self._register(m, "difference", shape_of(epilogue.difference), whole)
        scale = self._register(m, "scale_1", self.scale.shape(), self.scale)
        if isinstance(result, FloatFormat):
            m.submodules.convert = convert = place(
                platform, IntegerToFloat, result, difference.shape()
            )
            m.submodules.multiply = multiply = place(platform, FloatMultiply, result)
            m.d.comb += [
                convert.i.eq(difference),
                multiply.a.eq(self._register(m, "number", unsigned(result.bits), convert.o)),
                multiply.b.eq(self._register(m, "scale_2", scale.shape(), scale)),
            ]
            product: Value = multiply.o
        else:
            is_shift = isinstance(epilogue.scale, PowerFormat)
            product = difference << scale if is_shift else difference * scale
        part = self._register(m, "part", self.o.shape(), product)
        totals = [
            Signal(self.o.shape(), name=f"total_{row}", reset_less=True)
            for row in range(self._rows)
        ]
        # A row's number may have room for more; what it chooses then does not matter.
        choices = Array([*totals, *totals[-1:] * ((1 << len(self.row)) - self._rows)])
        before, total = Signal(self.o.shape()), Signal(self.o.shape())
        m.d.comb += before.eq(Mux(self.first, 0, choices[self.row]))
        if isinstance(result, FloatFormat):
            m.submodules.add = adder = place(platform, FloatAdd, result)
            m.d.comb += [adder.a.eq(before), adder.b.eq(part), total.eq(adder.o)]
        else:
            m.d.comb += total.eq(before + part)
        for row, register in enumerate(totals):
            # A comparison with 0 would become a logical not of several bits, of which lint warns.
            chosen = self.row == row if row else ~self.row.any()
            with m.If(self.enable & self.add & chosen):
                m.d.sync += register.eq(total)
        m.d.comb += self.o.eq(self._register(m, "out", self.o.shape(), total))
        return m

    def _register(self, m: Module, name: str, shape: Shape, value: Value) -> Signal:
        register = Signal(shape, name=name, reset_less=True)
        with m.If(self.enable):
            m.d.sync += register.eq(value)
        return register


class GroupEpilogue(wiring.Component):
    """Rows of integer sums in, rows of scaled results out.

    One row per cycle. The results of a tile leave with the rows of its last group, `latency` cycles
    after them; nothing leaves with the others. A beat of scales, and one of zero points, serves the
    rows of a group: it waits at its port until the last of them is taken, and rows wait for it.

    Parameters
    ----------
    epilogue : Epilogue
    lanes : int
        Columns.
    rows : int
        Of the tallest tile.

    Members
    -------
    i : In(stream.Signature(row_shape))
    scales : In(stream.Signature(ArrayLayout(scale, lanes)))
    zero_points : In(stream.Signature(ArrayLayout(zero_point, lanes)))
        Where there are any.
    o : Out(stream.Signature(ArrayLayout(result, lanes)))
    """

    i: stream.Interface
    scales: stream.Interface
    zero_points: stream.Interface
    o: stream.Interface

    def __init__(self, epilogue: Epilogue, lanes: int, rows: int) -> None:
        self._epilogue = epilogue
        self._lanes = lanes
        self._rows = rows
        points = {}
        if epilogue.zero_point is not None:
            shape = data.ArrayLayout(shape_of(epilogue.zero_point), lanes)
            points = {"zero_points": In(stream.Signature(shape))}
        scale, result = (
            data.ArrayLayout(shape_of(format), lanes)
            for format in (epilogue.scale, epilogue.result)
        )
        super().__init__(
            {
                "i": In(stream.Signature(row_shape(epilogue, lanes))),
                "scales": In(stream.Signature(scale)),
                **points,
                "o": Out(stream.Signature(result)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.leave = leave = SkidBuffer(self.o.payload.shape())
        wiring.connect(m, leave.o, wiring.flipped(self.o))
        enable, take = Signal(), Signal()
        sides = [self.scales]
        if self._epilogue.zero_point is not None:
            sides.append(self.zero_points)
        row = self.i.payload
        there = Cat(side.valid for side in sides).all()
        m.d.comb += [
            enable.eq(~leave.i.valid | leave.i.ready),
            self.i.ready.eq(enable & there),
            take.eq(self.i.valid & there),
        ]
        m.d.comb += [side.ready.eq(enable & take & row.end) for side in sides]
        number = Signal(_number(self._rows))
        with m.If(enable & take):
            m.d.sync += number.eq(Mux(row.end, 0, number + 1))
        adds, first, last, which = take, row.first, row.last, number
        for stage in range(1, latency(self._epilogue)):
            adds, first, last, which = (
                self._follow(m, enable, f"{name}_{stage}", value, reset_less=name != "adds")
                for name, value in (
                    ("adds", adds),
                    ("first", first),
                    ("last", last),
                    ("which", which),
                )
            )
        m.d.comb += leave.i.valid.eq(self._follow(m, enable, "leaves", adds & last))
        for index in range(self._lanes):
            lane = place(platform, EpilogueLane, self._epilogue, self._rows)
            m.submodules[f"lane_{index}"] = lane
            m.d.comb += [
                lane.enable.eq(enable),
                lane.sum.eq(row.sums[index]),
                lane.scale.eq(self.scales.payload[index]),
                lane.add.eq(adds),
                lane.first.eq(first),
                lane.row.eq(which),
                leave.i.payload[index].eq(lane.o),
            ]
            if self._epilogue.zero_point is not None:
                m.d.comb += [
                    lane.row_sum.eq(row.row_sum),
                    lane.zero_point.eq(self.zero_points.payload[index]),
                ]
        return m

    def _follow(
        self, m: Module, enable: Signal, name: str, value: Value, *, reset_less: bool = False
    ) -> Signal:
        """``value`` a move later."""
        later = Signal(value.shape(), name=name, reset_less=reset_less)
        with m.If(enable):
            m.d.sync += later.eq(value)
        return later

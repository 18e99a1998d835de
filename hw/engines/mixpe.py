"""RTL of the engine that shifts and adds."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import data
from amaranth.lib.wiring import In

from golden.engines.mixpe import DIGIT_BITS, Params, layout
from golden.formats import IntFormat
from hw.arith.shift_add import shift_add
from hw.emit import place
from hw.lib.tile.engine import TileEngine, connect_lanes
from hw.lib.tile.operands import delayed, held, masked
from hw.lib.tile.planes import Split
from hw.lib.tile.row_sum import RowSum
from hw.lib.tile.steps import Steps
from hw.lib.tile.tree import place_registers, tree_levels
from hw.lib.tile.unit import Unit
from hw.shapes import shape_of

__all__ = ["Engine", "ShiftAddSum"]


class ShiftAddSum(Unit):
    """Products of k activations and digits, added up and accumulated: the hardware of one result.

    Parameters
    ----------
    activation : Shape
    sums : Shape
    k : int
    plane : Shape
        Of the number of a digit.
    registers : tuple of bool
        Of the tree.

    Members
    -------
    activations : In(ArrayLayout(activation, k))
    last : In(ArrayLayout(signed, k))
        What the highest bit of a digit adds: an activation, or its negative.
    digits : In(ArrayLayout(4, k))
    plane : In(plane)
        With the sums.
    """

    activations: data.View
    last: data.View
    digits: data.View
    plane: Signal

    def __init__(
        self, activation: Shape, sums: Shape, k: int, plane: Shape, registers: tuple[bool, ...]
    ) -> None:
        self._registers = registers
        super().__init__(
            sums,
            {
                "activations": In(data.ArrayLayout(activation, k)),
                "last": In(data.ArrayLayout(signed(activation.width + 1), k)),
                "digits": In(data.ArrayLayout(unsigned(DIGIT_BITS), k)),
                "plane": In(plane),
            },
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        products = [
            shift_add(activation, last, digit)
            for activation, last, digit in zip(
                self.activations, self.last, self.digits, strict=True
            )
        ]
        shape = products[0].shape()
        total = self.total(m, platform, shape, products, self._registers)
        # What lies beyond the accumulator does not matter to it.
        addend = Signal(self.drain.shape())
        m.d.comb += addend.eq(total << Cat(Const(0, DIGIT_BITS.bit_length() - 1), self.plane))
        self.accumulate(m, platform, addend)
        return m


class Engine(TileEngine):
    """m x n sums of k products by shifted rows per cycle, a digit of weights each, behind streams.

    A step takes a cycle for each four bits of the weights: a beat of weights each, and with the
    first a beat of activations, which are kept. For the sign of two's complement they are negated
    once for all columns. With scales, rows of sums go through the group epilogue. Results, stalls
    and ports are those of `hw.lib.tile.engine.TileEngine`.

    Parameters
    ----------
    params : Params
    """

    def __init__(self, params: Params) -> None:
        self._params = params
        super().__init__(
            layout(params),
            rows=params.m,
            cols=params.n,
            stages=params.stages,
            epilogue=params.epilogue,
        )

    def elaborate(self, platform: object) -> Module:
        params = self._params
        m = Module()
        digits = params.weight.bits // DIGIT_BITS
        split = Split(planes=digits, at_once=1, digit_bits=DIGIT_BITS)
        steps = Steps(self.job_layout, params.k, weights=split)
        control = self.control(m, steps)
        shape = shape_of(params.activation)
        entering = masked(self._widened(m), steps.active)
        kept = held(m, "activation", shape, entering, steps.fire & steps.takes_activations)
        weights = held(m, "digit", unsigned(DIGIT_BITS), [*self.weights.payload], steps.fire)
        fresh, is_sign = Signal(reset_less=True), Signal(reset_less=True)
        with m.If(steps.fire):
            m.d.sync += [
                fresh.eq(steps.takes_activations),
                is_sign.eq(steps.weight_top[0] if params.weight.signed else 0),
            ]
        last: list[Value] = [Mux(is_sign, -lane, lane) for lane in kept]
        plane = delayed(m, control.enable, "plane", steps.weight_plane, params.stages - 1)
        registers = place_registers(params.stages - 2, tree_levels(params.k))
        units = self.units(
            m,
            platform,
            control,
            ShiftAddSum,
            shape,
            shape_of(params.sums),
            params.k,
            plane.shape(),
            registers,
        )
        connect_lanes(
            m,
            units,
            rows=[("activations", kept), ("last", last)],
            cols=[("digits", weights)],
            all=[("plane", plane)],
        )
        if params.epilogue is None:
            return m
        row_sums = []
        if params.zero_point is not None:
            sums = shape_of(params.row_sums)
            row_sums = [
                place(platform, RowSum, shape, sums, params.k, registers) for _ in range(params.m)
            ]
            # Activations count once, however many digits the weights have.
            once: list[Value] = [Mux(fresh, lane, 0) for lane in kept]
            connect_lanes(m, [[unit] for unit in row_sums], rows=[("activations", once)])
        self.scale(m, platform, control, steps, units, row_sums)
        return m

    def _widened(self, m: Module) -> list[Value]:
        """Activations of the job's width as those of the widest."""
        format: IntFormat = self._params.activation
        lanes: list[Value] = [*self.activations.payload]
        narrower = range(DIGIT_BITS, format.bits, DIGIT_BITS)
        if not format.signed or not narrower:
            return lanes
        bits = Signal.like(self.job.payload.activation_bits, name="activation_bits")
        with m.If(self.job.valid & self.job.ready):
            m.d.sync += bits.eq(self.job.payload.activation_bits)
        widened = []
        for index, lane in enumerate(lanes):
            value = Signal(shape_of(format), name=f"widened_{index}")
            m.d.comb += value.eq(lane)
            for width in narrower:
                with m.If(bits == width):
                    m.d.comb += value.eq(lane[:width].as_signed())
            widened.append(value)
        return [*widened]

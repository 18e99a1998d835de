"""RTL of the engine with bit-serial weights."""

from amaranth.hdl import Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import In

from golden.engines.add import Params, layout
from golden.formats import BipolarFormat, IntFormat
from hw.lib.tile.engine import TileEngine, connect_lanes
from hw.lib.tile.operands import delayed, held, masked
from hw.lib.tile.planes import Split
from hw.lib.tile.steps import Steps
from hw.lib.tile.tree import place_registers, tree_levels
from hw.lib.tile.unit import Unit
from hw.shapes import shape_of

__all__ = ["Engine", "GatedSum"]


class GatedSum(Unit):
    """Adds up the activations whose bit is set, and accumulates: the hardware of one result.

    The sum of a plane is shifted by the plane's number on its way to the accumulator.

    Parameters
    ----------
    activation : Shape
        Of what enters.
    sums : Shape
    k : int
        Activations at once.
    plane : Shape
        Of the number of a plane.
    bipolar : bool
        Where a bit is not set the activation is subtracted: ``negated`` enters in its place.
    registers : tuple of bool
        Of the tree.
    """

    plane: Signal
    activations: data.View
    negated: data.View
    bits: Signal

    def __init__(
        self,
        activation: Shape,
        sums: Shape,
        k: int,
        plane: Shape,
        bipolar: bool,
        registers: tuple[bool, ...],
    ) -> None:
        self._activation = activation
        self._bipolar = bipolar
        self._registers = registers
        lanes = In(data.ArrayLayout(activation, k))
        super().__init__(
            sums,
            {
                "plane": In(plane),
                "activations": lanes,
                **({"negated": lanes} if bipolar else {}),
                "bits": In(k),
            },
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        numbers = [
            Mux(bit, activation, self.negated[index] if self._bipolar else 0)
            for index, (bit, activation) in enumerate(zip(self.bits, self.activations, strict=True))
        ]
        total = self.total(m, platform, self._activation, numbers, self._registers)
        self.accumulate(m, platform, total << self.plane)
        return m


class Engine(TileEngine):
    """m x n sums of k gated activations per cycle, a plane of weights each, behind streams.

    A step takes a cycle for each bit of the weights: a beat of weights each, and with the first a
    beat of activations, which are kept. For the sign plane of two's complement they are negated
    where they are kept, once for all columns. Results, stalls and ports are those of
    `hw.lib.tile.engine.TileEngine`.

    Parameters
    ----------
    params : Params
    """

    def __init__(self, params: Params) -> None:
        self._params = params
        super().__init__(layout(params), rows=params.m, cols=params.n, stages=params.stages)

    def elaborate(self, platform: object) -> Module:
        params = self._params
        m = Module()
        split = Split(planes=params.max_weight_bits, at_once=1)
        steps = Steps(self.job_layout, params.k, weights=split)
        control = self.control(m, steps)
        kept, activations, negated = self._kept(m, steps)
        bits = held(m, "bit", Shape(1), [*self.weights.payload], steps.fire)
        plane = delayed(m, control.enable, "plane", steps.weight_plane, params.stages - 1)
        registers = place_registers(params.stages - 2, tree_levels(params.k))
        unit = (kept, shape_of(params.sums), params.k, plane.shape(), bool(negated), registers)
        units = self.units(m, platform, control, GatedSum, *unit)
        connect_lanes(
            m,
            units,
            rows=[("activations", activations), *([("negated", negated)] if negated else [])],
            cols=[("bits", bits)],
            all=[("plane", plane)],
        )
        return m

    def _kept(self, m: Module, steps: Steps) -> tuple[Shape, list[Value], list[Value]]:
        """Activations that are kept: their shape, they themselves, and negatives if needed."""
        activation, weight = self._params.activation, self._params.weight
        entering = masked(self.activations.payload, steps.active)
        arrives = steps.fire & steps.takes_activations
        # A bit more than activations: the smallest of them has no negative among them.
        wider = signed(activation.bits + 1)
        if isinstance(weight, BipolarFormat):
            return (
                wider,
                held(m, "activation", wider, entering, arrives),
                held(m, "negated", wider, [-lane for lane in entering], arrives),
            )
        if not (isinstance(weight, IntFormat) and weight.signed):
            shape = shape_of(activation)
            return shape, held(m, "activation", shape, entering, arrives), []
        kept = [
            Signal(wider, name=f"activation_{index}", reset_less=True)
            for index in range(len(entering))
        ]
        sign = steps.weight_top[0]
        for register, lane in zip(kept, entering, strict=True):
            value = Mux(steps.takes_activations, lane, register)
            with m.If(steps.fire & (steps.takes_activations | sign)):
                m.d.sync += register.eq(Mux(sign, -value, value))
        return wider, [*kept], []

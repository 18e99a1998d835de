"""RTL of the engine with bit-serial weights."""

from amaranth.hdl import Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In

from golden.engines.add import Params, layout
from golden.formats import BipolarFormat, IntFormat
from hw.emit import place
from hw.lib.tile.control import Control
from hw.lib.tile.grid import add_up, connect_streams, connect_units, stream_ports, unit_ports
from hw.lib.tile.operands import held, masked
from hw.lib.tile.sums import Sum
from hw.lib.tile.tree import Tree, place_registers, tree_levels
from hw.shapes import job_shape, shape_of

__all__ = ["Engine", "GatedSum"]


class GatedSum(wiring.Component):
    """Adds up the activations whose bit is set, and accumulates: the hardware of one result.

    The sum of a plane is shifted by the plane's number on its way to the accumulator.

    Parameters
    ----------
    activation : Shape
        Of what enters.
    sums : Shape
    k : int
        Activations at once.
    planes : int
        Of the widest weights.
    bipolar : bool
        Where a bit is not set the activation is subtracted: ``negated`` enters in its place.
    registers : tuple of bool
        Of the tree.
    """

    enable: Signal
    take: Signal
    first: Signal
    finish: Signal
    shift: Signal
    below: Signal
    drain: Signal
    plane: Signal
    activations: data.View
    negated: data.View
    bits: Signal

    def __init__(
        self,
        activation: Shape,
        sums: Shape,
        k: int,
        planes: int,
        bipolar: bool,
        registers: tuple[bool, ...],
    ) -> None:
        self._k = k
        self._activation = activation
        self._bipolar = bipolar
        self._registers = registers
        lanes = In(data.ArrayLayout(activation, k))
        super().__init__(
            {
                **unit_ports(sums),
                "plane": In(range(planes)),
                "activations": lanes,
                **({"negated": lanes} if bipolar else {}),
                "bits": In(k),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.tree = tree = place(platform, Tree, self._activation, self._k, self._registers)
        shifted = tree.o << self.plane
        m.submodules.sum = total = place(platform, Sum, shifted.shape(), self.drain.shape())
        m.d.comb += tree.enable.eq(self.enable)
        m.d.comb += [
            tree.i[index].eq(
                Mux(
                    self.bits[index],
                    self.activations[index],
                    self.negated[index] if self._bipolar else 0,
                )
            )
            for index in range(self._k)
        ]
        add_up(m, self, total, shifted)
        return m


class Engine(wiring.Component):
    """m x n sums of k gated activations per cycle, a plane of weights each, behind streams.

    A step takes a cycle for each bit of the weights: a beat of weights each, and with the first a
    beat of activations, which are kept. For the sign plane of two's complement they are negated
    where they are kept, once for all columns. ``stages`` cycles after the last beat of a job its
    first row leaves, then a row per cycle, while the next job runs. A stop of ``results`` stops
    the pipeline only when a further tile is finished.

    Parameters
    ----------
    params : Params

    Members
    -------
    job : In(stream.Signature(job_shape))
    activations : In(stream.Signature(beat_shape))
    weights : In(stream.Signature(beat_shape))
    results : Out(stream.Signature(beat_shape))
        Shapes and order of elements: `golden.engines.add.layout`.
    """

    job: stream.Interface
    activations: stream.Interface
    weights: stream.Interface
    results: stream.Interface

    def __init__(self, params: Params) -> None:
        self._params = params
        self._ports = layout(params)
        super().__init__(stream_ports(self._ports))

    def elaborate(self, platform: object) -> Module:
        params = self._params
        m = Module()
        m.submodules.control = control = Control(
            job_shape(self._ports.job), params.k, params.m, params.stages
        )
        connect_streams(m, control, self.job, self.activations, self.weights)
        kept, activations, negated = self._kept(m, control)
        bits = Signal(params.k * params.n, reset_less=True)
        with m.If(control.fire):
            m.d.sync += bits.eq(self.weights.payload.as_value())
        levels = tree_levels(params.k)
        unit = (
            kept,
            shape_of(params.sums),
            params.k,
            params.max_weight_bits,
            bool(negated),
            place_registers(params.stages - 2, levels),
        )
        units = [
            [place(platform, GatedSum, *unit) for _ in range(params.n)] for _ in range(params.m)
        ]
        for row, across in enumerate(units):
            for col, gated in enumerate(across):
                m.submodules[f"sum_{row}_{col}"] = gated
                m.d.comb += gated.plane.eq(control.plane)
                for index in range(params.k):
                    element = row * params.k + index
                    m.d.comb += gated.activations[index].eq(activations[element])
                    m.d.comb += gated.bits[index].eq(bits[index * params.n + col])
                    if negated:
                        m.d.comb += gated.negated[index].eq(negated[element])
        connect_units(m, control, units, self.results)
        return m

    def _kept(self, m: Module, control: Control) -> tuple[Shape, list[Value], list[Value]]:
        """Activations that are kept: their shape, they themselves, and negatives if needed."""
        activation, weight = self._params.activation, self._params.weight
        entering = masked(self.activations.payload, control.active)
        arrives = control.fire & control.fresh
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
        for register, lane in zip(kept, entering, strict=True):
            value = Mux(control.fresh, lane, register)
            with m.If(control.fire & (control.fresh | control.sign)):
                m.d.sync += register.eq(Mux(control.sign, -value, value))
        return wider, [*kept], []

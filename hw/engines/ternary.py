"""RTL of the engine for ternary weights."""

from amaranth.hdl import Module, Mux, Shape, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import In

from golden.engines.ternary import Params, layout
from hw.emit import place
from hw.lib.decoders.trits import TritUnpacker
from hw.lib.tile.engine import TileEngine, connect_lanes
from hw.lib.tile.operands import held, masked
from hw.lib.tile.steps import Steps
from hw.lib.tile.tree import registers_before
from hw.lib.tile.unit import Unit
from hw.shapes import shape_of

__all__ = ["Engine", "TernarySum"]


class TernarySum(Unit):
    """Adds, subtracts or leaves out activations, and accumulates: the hardware of one result.

    Parameters
    ----------
    activation : Shape
        Of what enters; signed.
    sums : Shape
    k : int
        Activations at once.
    registers : tuple of bool
        Of the tree.

    Members
    -------
    activations, negated : In(ArrayLayout(activation, k))
    weights : In(ArrayLayout(2, k))
        Codes: bit 0 says that a weight is not zero, bit 1 that it is negative.
    """

    activations: data.View
    negated: data.View
    weights: data.View

    def __init__(self, activation: Shape, sums: Shape, k: int, registers: tuple[bool, ...]) -> None:
        self._activation = activation
        self._registers = registers
        lanes = In(data.ArrayLayout(activation, k))
        weights = In(data.ArrayLayout(2, k))
        super().__init__(sums, {"activations": lanes, "negated": lanes, "weights": weights})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        numbers = [
            Mux(weight[0], Mux(weight[1], negated, activation), 0)
            for weight, negated, activation in zip(
                self.weights, self.negated, self.activations, strict=True
            )
        ]
        total = self.total(m, platform, self._activation, numbers, self._registers)
        self.accumulate(m, platform, total)
        return m


class Engine(TileEngine):
    """m x n sums of k activations, each added, subtracted or left out, behind streams.

    One step of k products per cycle: a beat of activations and one of weights. Activations are
    negated once for all columns, words of weights unpacked once for all rows. Results, stalls and
    ports are those of `hw.lib.tile.engine.TileEngine`.

    Parameters
    ----------
    params : Params
    """

    def __init__(self, params: Params) -> None:
        self._params = params
        self._ports = layout(params)
        super().__init__(self._ports, rows=params.m, cols=params.n, stages=params.stages)

    def elaborate(self, platform: object) -> Module:
        params = self._params
        m = Module()
        steps = Steps(self.job_layout, params.k)
        control = self.control(m, steps)
        # A bit more than activations: the smallest of them has no negative among them.
        wide = signed(params.activation.bits + 1)
        activations = masked(self.activations.payload, steps.active)
        negated: list[Value] = [-lane for lane in activations]
        codes = self._unpacked(m, platform)
        at_operands, in_tree = registers_before(params.stages - 1, params.k)
        if at_operands:
            activations = held(m, "activation", wide, activations, control.enable)
            negated = held(m, "negated", wide, negated, control.enable)
            codes = held(m, "weight", Shape(2), codes, control.enable)
        unit = (wide, shape_of(params.sums), params.k, in_tree)
        units = self.units(m, platform, control, TernarySum, *unit)
        connect_lanes(
            m,
            units,
            rows=[("activations", activations), ("negated", negated)],
            cols=[("weights", codes)],
        )
        return m

    def _unpacked(self, m: Module, platform: object) -> list[Value]:
        """Codes of a beat of weights, lane by lane."""
        port = self._ports.weights
        words = self.weights.payload
        if port.packing is None:
            return [words[index] for index in range(port.width)]
        lanes: list[Value] = []
        for index in range(port.words):
            unpacker = place(platform, TritUnpacker, port.packing.lanes, port.packing.bits)
            m.submodules[f"unpack_{index}"] = unpacker
            m.d.comb += unpacker.word.eq(words[index])
            lanes += [unpacker.codes[lane] for lane in range(port.packing.lanes)]
        return lanes[: port.width]

"""RTL of the engine for ternary weights."""

from amaranth.hdl import Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In

from golden.engines.ternary import Params, layout
from hw.emit import place
from hw.lib.tile.control import Control
from hw.lib.tile.grid import add_up, connect_streams, connect_units, stream_ports, unit_ports
from hw.lib.tile.operands import held, masked
from hw.lib.tile.sums import Sum
from hw.lib.tile.tree import Tree, place_registers, tree_levels
from hw.lib.trits import TritUnpacker
from hw.shapes import job_shape, shape_of

__all__ = ["Engine", "TernarySum"]


class TernarySum(wiring.Component):
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

    enable: Signal
    take: Signal
    first: Signal
    finish: Signal
    shift: Signal
    below: Signal
    drain: Signal
    activations: data.View
    negated: data.View
    weights: data.View

    def __init__(self, activation: Shape, sums: Shape, k: int, registers: tuple[bool, ...]) -> None:
        self._k = k
        self._activation = activation
        self._registers = registers
        lanes = In(data.ArrayLayout(activation, k))
        super().__init__(
            {
                **unit_ports(sums),
                "activations": lanes,
                "negated": lanes,
                "weights": In(data.ArrayLayout(2, k)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.tree = tree = place(platform, Tree, self._activation, self._k, self._registers)
        m.submodules.sum = total = place(platform, Sum, tree.o.shape(), self.drain.shape())
        m.d.comb += tree.enable.eq(self.enable)
        for index in range(self._k):
            weight = self.weights[index]
            value = Mux(weight[1], self.negated[index], self.activations[index])
            m.d.comb += tree.i[index].eq(Mux(weight[0], value, 0))
        add_up(m, self, total, tree.o)
        return m


class Engine(wiring.Component):
    """m x n sums of k activations, each added, subtracted or left out, behind streams.

    One step of k products per cycle: a beat of activations and one of weights. Activations are
    negated once for all columns, words of weights unpacked once for all rows. ``stages`` cycles
    after the last step of a job its first row leaves, then a row per cycle, while the next job
    runs. A stop of ``results`` stops the pipeline only when a further tile is finished.

    Parameters
    ----------
    params : Params

    Members
    -------
    job : In(stream.Signature(job_shape))
    activations : In(stream.Signature(beat_shape))
    weights : In(stream.Signature(beat_shape))
    results : Out(stream.Signature(beat_shape))
        Shapes and order of elements: `golden.engines.ternary.layout`.
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
        levels = tree_levels(params.k)
        in_tree = min(params.stages - 1, levels + 1)
        m.submodules.control = control = Control(
            job_shape(self._ports.job), params.k, params.m, params.stages
        )
        connect_streams(m, control, self.job, self.activations, self.weights)
        # A bit more than activations: the smallest of them has no negative among them.
        wide = signed(params.activation.bits + 1)
        activations = masked(self.activations.payload, control.active)
        negated: list[Value] = [-lane for lane in activations]
        codes = self._unpacked(m, platform)
        # The last register that there is room for stands at the operands.
        if params.stages - 1 > in_tree:
            activations = held(m, "activation", wide, activations, control.enable)
            negated = held(m, "negated", wide, negated, control.enable)
            codes = held(m, "weight", Shape(2), codes, control.enable)
        unit = (wide, shape_of(params.sums), params.k, place_registers(in_tree, levels))
        units = [
            [place(platform, TernarySum, *unit) for _ in range(params.n)] for _ in range(params.m)
        ]
        for row, across in enumerate(units):
            for col, ternary in enumerate(across):
                m.submodules[f"sum_{row}_{col}"] = ternary
                for index in range(params.k):
                    lane = row * params.k + index
                    m.d.comb += [
                        ternary.activations[index].eq(activations[lane]),
                        ternary.negated[index].eq(negated[lane]),
                        ternary.weights[index].eq(codes[index * params.n + col]),
                    ]
        connect_units(m, control, units, self.results)
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

"""RTL of the dot-product tensor core."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In

from golden.engines.dot import Params, layout
from golden.formats import IntFormat
from hw.emit import place
from hw.lib.tile.control import Control
from hw.lib.tile.grid import add_up, connect_streams, connect_units, stream_ports, unit_ports
from hw.lib.tile.operands import held, masked
from hw.lib.tile.sums import Sum
from hw.lib.tile.tree import Tree, place_registers, tree_levels
from hw.shapes import job_shape, shape_of

__all__ = ["DotProduct", "Engine"]


class DotProduct(wiring.Component):
    """Multiplies, adds up, and accumulates: the hardware of one result.

    Parameters
    ----------
    activation, weight, sums : IntFormat
    k : int
        Products at once.
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
    activations: data.View
    weights: data.View

    def __init__(
        self,
        activation: IntFormat,
        weight: IntFormat,
        sums: IntFormat,
        k: int,
        registers: tuple[bool, ...],
    ) -> None:
        self._k = k
        self._registers = registers
        super().__init__(
            {
                **unit_ports(shape_of(sums)),
                "activations": In(data.ArrayLayout(shape_of(activation), k)),
                "weights": In(data.ArrayLayout(shape_of(weight), k)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        products = [self.activations[index] * self.weights[index] for index in range(self._k)]
        shape = products[0].shape()
        m.submodules.tree = tree = place(platform, Tree, shape, self._k, self._registers)
        m.submodules.sum = total = place(platform, Sum, tree.o.shape(), self.drain.shape())
        m.d.comb += tree.enable.eq(self.enable)
        m.d.comb += [tree.i[index].eq(product) for index, product in enumerate(products)]
        add_up(m, self, total, tree.o)
        return m


class Engine(wiring.Component):
    """m x n dot products of k products per cycle, behind ready/valid streams.

    One step of k products per cycle: a beat of activations and one of weights. ``stages`` cycles
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
        Shapes and order of elements: `golden.engines.dot.layout`.
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
        activations = masked(self.activations.payload, control.active)
        weights = [self.weights.payload[index] for index in range(params.k * params.n)]
        # The last register that there is room for stands at the operands.
        if params.stages - 1 > in_tree:
            shapes = shape_of(params.activation), shape_of(params.weight)
            activations = held(m, "activation", shapes[0], activations, control.enable)
            weights = held(m, "weight", shapes[1], weights, control.enable)
        unit = (
            params.activation,
            params.weight,
            params.sums,
            params.k,
            place_registers(in_tree, levels),
        )
        units = [
            [place(platform, DotProduct, *unit) for _ in range(params.n)] for _ in range(params.m)
        ]
        for row, across in enumerate(units):
            for col, dot in enumerate(across):
                m.submodules[f"dot_{row}_{col}"] = dot
                m.d.comb += [
                    dot.activations[index].eq(activations[row * params.k + index])
                    for index in range(params.k)
                ]
                m.d.comb += [
                    dot.weights[index].eq(weights[index * params.n + col])
                    for index in range(params.k)
                ]
        connect_units(m, control, units, self.results)
        return m

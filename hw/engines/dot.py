"""RTL of the dot-product tensor core."""

from amaranth.hdl import Module, Shape, Value
from amaranth.lib import data
from amaranth.lib.wiring import In

from golden.engines.dot import Params, layout
from hw.lib.tile.engine import TileEngine, connect_lanes
from hw.lib.tile.operands import held, masked
from hw.lib.tile.steps import Steps
from hw.lib.tile.tree import registers_before
from hw.lib.tile.unit import Unit
from hw.shapes import shape_of

__all__ = ["DotProduct", "Engine"]


class DotProduct(Unit):
    """Multiplies, adds up, and accumulates: the hardware of one result.

    Parameters
    ----------
    activation, weight, sums : Shape
    k : int
        Products at once.
    registers : tuple of bool
        Of the tree.
    """

    activations: data.View
    weights: data.View

    def __init__(
        self, activation: Shape, weight: Shape, sums: Shape, k: int, registers: tuple[bool, ...]
    ) -> None:
        self._registers = registers
        super().__init__(
            sums,
            {
                "activations": In(data.ArrayLayout(activation, k)),
                "weights": In(data.ArrayLayout(weight, k)),
            },
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        products = [a * w for a, w in zip(self.activations, self.weights, strict=True)]
        total = self.total(m, platform, products[0].shape(), products, self._registers)
        self.accumulate(m, platform, total)
        return m


class Engine(TileEngine):
    """m x n dot products of k products per cycle, behind ready/valid streams.

    One step of k products per cycle: a beat of activations and one of weights. Results, stalls and
    ports are those of `hw.lib.tile.engine.TileEngine`.

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
        steps = Steps(self.job_layout, params.k)
        control = self.control(m, steps)
        shapes = shape_of(params.activation), shape_of(params.weight)
        activations = masked(self.activations.payload, steps.active)
        weights: list[Value] = [*self.weights.payload]
        at_operands, in_tree = registers_before(params.stages - 1, params.k)
        if at_operands:
            activations = held(m, "activation", shapes[0], activations, control.enable)
            weights = held(m, "weight", shapes[1], weights, control.enable)
        unit = (*shapes, shape_of(params.sums), params.k, in_tree)
        units = self.units(m, platform, control, DotProduct, *unit)
        connect_lanes(m, units, rows=[("activations", activations)], cols=[("weights", weights)])
        return m

"""The sum of activations of a row, which zero points of weights are multiplied by."""

from amaranth.hdl import Module, Shape
from amaranth.lib import data
from amaranth.lib.wiring import In

from hw.lib.tile.unit import Unit

__all__ = ["RowSum"]


class RowSum(Unit):
    """Adds up the activations of a row: a column of weights that are all 1.

    Parameters
    ----------
    activation, sums : Shape
    k : int
        Activations at once.
    registers : tuple of bool
        Of the tree.
    """

    activations: data.View

    def __init__(self, activation: Shape, sums: Shape, k: int, registers: tuple[bool, ...]) -> None:
        self._activation = activation
        self._registers = registers
        super().__init__(sums, {"activations": In(data.ArrayLayout(activation, k))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        total = self.total(m, platform, self._activation, [*self.activations], self._registers)
        self.accumulate(m, platform, total)
        return m

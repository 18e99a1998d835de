"""The hardware of one result: pairs of planes, counted, weighed, added up and accumulated."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import data
from amaranth.lib.wiring import In

from golden.engines.bitplane import Params
from hw.emit import place
from hw.engines.bitplane.structure import exponent_shape, marks_pairs, offset_shape, registers
from hw.lib.tile.tree import Tree, tree_levels
from hw.lib.tile.unit import Unit
from hw.shapes import shape_of

__all__ = ["PlaneSum"]


class PlaneSum(Unit):
    """Counts all pairs of the planes that are there, and adds what they are worth to a sum.

    The product of two planes of integers is how many ones they share (AND), that of bipolar ones
    how many bits are equal (XNOR) less how many are not.

    Parameters
    ----------
    params : Params

    Members
    -------
    activations, weights : In(ArrayLayout(k, planes))
        Planes of a row and of a column, the lowest first.
    marks : In(planes of activations * planes of weights)
        With the counts, where pairs differ: which ones are subtracted, or which bipolar ones count.
    offset : In(unsigned)
        With the sums, of bipolar planes: the products of the step, as often as pairs are worth.
    exponent : In(unsigned)
        With the sums, where planes come one after the other: what the lowest pair is worth.
    """

    activations: data.View
    weights: data.View
    marks: Signal
    offset: Signal
    exponent: Signal

    def __init__(self, params: Params) -> None:
        self._params = params
        self._exponent = exponent_shape(params)
        pairs = params.activation_planes * params.weight_planes
        super().__init__(
            shape_of(params.sums),
            {
                "activations": In(data.ArrayLayout(unsigned(params.k), params.activation_planes)),
                "weights": In(data.ArrayLayout(unsigned(params.k), params.weight_planes)),
                **({"marks": In(pairs)} if marks_pairs(params) else {}),
                **({"offset": In(offset_shape(params))} if params.bipolar else {}),
                **({"exponent": In(self._exponent)} if self._exponent.width else {}),
            },
        )

    def elaborate(self, platform: object) -> Module:
        params = self._params
        m = Module()
        counting, adding = registers(params)
        grid: list[list[Value]] = [
            [self._pair(m, platform, row, col, counting) for col in range(params.weight_planes)]
            for row in range(params.activation_planes)
        ]
        after = iter(adding)
        for planes in (params.weight_planes, params.activation_planes):
            for level in range(tree_levels(planes)):
                grid = [_neighbours_added(row, 1 << level) for row in grid]
                if next(after):
                    grid = [self._held(m, row) for row in grid]
            grid = [[row[0] for row in grid]]
        total = grid[0][0]
        if params.bipolar:
            # Of n products of signs, c equal ones and n - c others add up to 2 c - n.
            total = (total << 1) - self.offset
        if self._exponent.width:
            total = total << self.exponent
        # What lies beyond the accumulator does not matter to it.
        addend = Signal(self.drain.shape())
        m.d.comb += addend.eq(total)
        self.accumulate(m, platform, addend)
        return m

    def _pair(
        self, m: Module, platform: object, row: int, col: int, counting: Sequence[bool]
    ) -> Value:
        """What a pair of planes counts, before it is weighed."""
        params = self._params
        m.submodules[f"count_{row}_{col}"] = count = place(
            platform, Tree, unsigned(1), params.k, counting
        )
        x, y = self.activations[row], self.weights[col]
        m.d.comb += [
            count.enable.eq(self.enable),
            count.i.eq(~(x ^ y) if params.bipolar else x & y),
        ]
        if not marks_pairs(params):
            return count.o
        mark = self.marks[row * params.weight_planes + col]
        return Mux(mark, count.o, 0) if params.bipolar else Mux(mark, -count.o, count.o)

    def _held(self, m: Module, numbers: Sequence[Value]) -> list[Value]:
        """Registers in the pipeline that take the numbers."""
        held = [Signal(number.shape(), name="part", reset_less=True) for number in numbers]
        with m.If(self.enable):
            m.d.sync += [
                register.eq(number) for register, number in zip(held, numbers, strict=True)
            ]
        return [*held]


def _neighbours_added(numbers: Sequence[Value], distance: int) -> list[Value]:
    """Each second number added to the one before it, which is worth ``2**distance`` times less."""
    return [
        sum((high << distance for high in numbers[index + 1 : index + 2]), numbers[index])
        for index in range(0, len(numbers), 2)
    ]

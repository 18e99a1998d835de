"""Trees of adders, in one cycle or in several."""

from collections.abc import Sequence

from amaranth.hdl import Module, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Tree", "place_registers", "registers_before", "tree_levels"]


def tree_levels(count: int) -> int:
    """Levels of adders between ``count`` numbers and their sum."""
    return (count - 1).bit_length()


def place_registers(count: int, levels: int) -> tuple[bool, ...]:
    """Where ``count`` registers stand on the way through a tree: before each level, and at its end.

    The first stands before the tree. Further ones part the levels as equally as can be.

    Parameters
    ----------
    count : int
        0 to ``levels + 1``.
    levels : int

    Returns
    -------
    tuple of bool, one more than there are levels
    """
    taken = {place * (levels + 1) // count for place in range(count)}
    return tuple(level in taken for level in range(levels + 1))


def registers_before(sums: int, count: int) -> tuple[bool, tuple[bool, ...]]:
    """Where registers stand between operands and sums that follow a tree at once.

    Parameters
    ----------
    sums : int
        Registers before the sums.
    count : int
        Numbers that the tree adds up.

    Returns
    -------
    bool
        Whether there is one at the operands: the last one that there is room for.
    tuple of bool
        Those of the tree.
    """
    levels = tree_levels(count)
    in_tree = min(sums, levels + 1)
    return sums > in_tree, place_registers(in_tree, levels)


class Tree(wiring.Component):
    """Sum of some numbers.

    Latency as many cycles as there are registers, one sum per cycle. Nothing moves while
    ``enable`` is low. The registers hold data only and are not reset.

    Parameters
    ----------
    shape : Shape
        Of one number.
    registers : sequence of bool
        Whether there is a register before each level, and at the end; see `place_registers`.
    count : int
        Numbers.

    Members
    -------
    enable : In(1)
    i : In(ArrayLayout(shape, count))
    o : Out(Shape)
        With as many bits more than ``shape`` as there are levels.
    """

    enable: Signal
    i: data.View
    o: Signal

    def __init__(self, shape: Shape, count: int, registers: Sequence[bool]) -> None:
        self._registers = tuple(registers)
        total = Shape(shape.width + tree_levels(count), signed=shape.signed)
        super().__init__(
            {"enable": In(1), "i": In(data.ArrayLayout(shape, count)), "o": Out(total)}
        )
        self._count = count

    def elaborate(self, platform: object) -> Module:
        m = Module()
        numbers: list[Value] = [self.i[index] for index in range(self._count)]
        for level, register in enumerate(self._registers):
            if level:
                numbers = [
                    sum(numbers[index + 1 : index + 2], numbers[index])
                    for index in range(0, len(numbers), 2)
                ]
            if register:
                held = [
                    Signal(number.shape(), name=f"level_{level}_{index}", reset_less=True)
                    for index, number in enumerate(numbers)
                ]
                with m.If(self.enable):
                    m.d.sync += [stage.eq(now) for stage, now in zip(held, numbers, strict=True)]
                numbers = [*held]
        m.d.comb += self.o.eq(numbers[0])
        return m

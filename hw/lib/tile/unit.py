"""The hardware of one result of a tile."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Module, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.emit import place
from hw.lib.tile.sums import Sum, control_ports
from hw.lib.tile.tree import Tree

__all__ = ["Unit"]


class Unit(wiring.Component):
    """Makes an addend of operands in every cycle, and adds up: what every unit has in common.

    Parameters
    ----------
    sums : Shape
    operands : mapping
        Members of its own.

    Members
    -------
    enable : In(1)
        Its pipeline moves.
    take, first, finish, shift, below, drain
        As of `hw.lib.tile.sums.Sum`.
    """

    enable: Signal
    take: Signal
    first: Signal
    finish: Signal
    shift: Signal
    below: Signal
    drain: Signal

    def __init__(self, sums: Shape, operands: Mapping[str, wiring.Member]) -> None:
        super().__init__({"enable": In(1), **control_ports(sums), **operands})

    def total(
        self,
        m: Module,
        platform: object,
        shape: Shape,
        numbers: Sequence[Value],
        registers: tuple[bool, ...],
    ) -> Signal:
        """Sum of numbers of a shape, through a tree with registers; see `hw.lib.tile.tree.Tree`."""
        m.submodules.tree = tree = place(platform, Tree, shape, len(numbers), registers)
        m.d.comb += tree.enable.eq(self.enable)
        m.d.comb += [tree.i[index].eq(number) for index, number in enumerate(numbers)]
        return tree.o

    def accumulate(self, m: Module, platform: object, addend: Value) -> None:
        """Add ``addend`` to the sum where control says so."""
        m.submodules.sum = total = place(platform, Sum, addend.shape(), self.drain.shape())
        m.d.comb += [
            total.addend.eq(addend),
            total.take.eq(self.take),
            total.first.eq(self.first),
            total.finish.eq(self.finish),
            total.shift.eq(self.shift),
            total.below.eq(self.below),
            self.drain.eq(total.drain),
        ]

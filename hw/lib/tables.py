"""Tables of sums of a few numbers: making them, and reading them."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Lookup", "TableMaker"]


class TableMaker(wiring.Component):
    """What some numbers add up to, each taken −1 or +1 times, or 0 times or once. Combinational.

    Bit j of an entry's number says what number j is taken times. Adders are shared: each entry is
    one sum away from an entry of which a bit less is set.

    Parameters
    ----------
    number : Shape
    count : int
        Numbers.
    entry : Shape
        Has to hold all sums.
    size : int
        Entries: ``2**count``, or half of it, where the last number is always taken as if its bit
        were 0.
    signs : bool
        Whether a bit of 0 stands for −1, or for 0.

    Members
    -------
    i : In(ArrayLayout(number, count))
    o : Out(ArrayLayout(entry, size))
    """

    i: data.View
    o: data.View

    def __init__(self, number: Shape, count: int, entry: Shape, size: int, signs: bool) -> None:
        self._count = count
        self._entry = entry
        self._size = size
        self._signs = signs
        super().__init__(
            {"i": In(data.ArrayLayout(number, count)), "o": Out(data.ArrayLayout(entry, size))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        numbers = [self.i[index] for index in range(self._count)]
        # A bit that is set adds a number, or twice the number that was subtracted.
        steps = [number << 1 if self._signs else number for number in numbers]
        start = -_added(numbers) if self._signs else 0
        m.d.comb += self.o[0].eq(start)
        for entry in range(1, self._size):
            top = entry.bit_length() - 1
            m.d.comb += self.o[entry].eq(self.o[entry ^ 1 << top] + steps[top])
        return m


def _added(numbers: Sequence[Value]) -> Value:
    """Sum of numbers, two by two."""
    numbers = [*numbers]
    while len(numbers) > 1:
        numbers = [
            sum(numbers[index + 1 : index + 2], numbers[index])
            for index in range(0, len(numbers), 2)
        ]
    return numbers[0]


class Lookup(wiring.Component):
    """Reads a table. Combinational.

    Parameters
    ----------
    entry : Shape
    size : int
        Entries: as many as there are indices, or half as many.
    bits : int
        Of an index.
    inverts : bool
        Of half a table: the other bits of an index are inverted here where the last one is 1;
        otherwise they come so.

    Members
    -------
    entries : In(ArrayLayout(entry, size))
    index : In(bits)
    value : Out(Shape)
        The entry; of half a table, negated where the last bit of the index is 1.
    """

    entries: data.View
    index: Signal
    value: Signal

    def __init__(self, entry: Shape, size: int, bits: int, inverts: bool) -> None:
        self._size = size
        self._bits = bits
        self._inverts = inverts
        self._is_half = size < 1 << bits
        # What is negated may have no negative in the same bits.
        value = Shape(entry.width + 1, signed=True) if self._is_half else entry
        super().__init__(
            {
                "entries": In(data.ArrayLayout(entry, size)),
                "index": In(bits),
                "value": Out(value),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        number: Value = self.index
        last = self.index[-1]
        if self._is_half:
            number = self.index[:-1]
            if self._inverts:
                number = Mux(last, ~number, number)[: self._bits - 1]
        found = Signal(self.entries.shape().elem_shape)
        if self._size == 1:
            m.d.comb += found.eq(self.entries[0])
        else:
            with m.Switch(number):
                for entry in range(self._size):
                    with m.Case(entry):
                        m.d.comb += found.eq(self.entries[entry])
        m.d.comb += self.value.eq(Mux(last, -found, found) if self._is_half else found)
        return m

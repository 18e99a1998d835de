"""Products by shifted rows: an adder for each bit of one factor, and no multiplier."""

from amaranth.hdl import Mux, Value

__all__ = ["shift_add"]


def shift_add(number: Value, last: Value, bits: Value) -> Value:
    """``number`` times a digit: the sum of a shifted row for each bit that is set.

    Parameters
    ----------
    number : Value
        Of any shape.
    last : Value
        What the row of the highest bit has in place of the number: its negative where that bit is
        the sign of two's complement.
    bits : Value
        Of the digit, unsigned.
    """
    rows: list[Value] = [
        Mux(bit, (last if place == len(bits) - 1 else number) << place, 0)
        for place, bit in enumerate(bits)
    ]
    while len(rows) > 1:
        rows = [sum(rows[index + 1 : index + 2], rows[index]) for index in range(0, len(rows), 2)]
    return rows[0]

"""Operands on their way to the units of a tile, and what is to be known of them there."""

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import data

__all__ = ["above", "delayed", "held", "masked"]


def above(number: Signal, bound: int) -> Value:
    """Whether an unsigned number is beyond a bound, which it may be too narrow to reach."""
    return number > bound if bound < (1 << len(number)) - 1 else Const(0, 1)


def masked(lanes: data.View | Sequence[Value], active: Signal) -> list[Value]:
    """Lanes that run along rows and K, with zero for products beyond the K of the job.

    Parameters
    ----------
    lanes : View of an ArrayLayout, or sequence of Value
        Row-major, K innermost.
    active : Signal
        A bit for each product of a step.
    """
    return [Mux(active[index % len(active)], lanes[index], 0) for index in range(len(lanes))]


def held(m: Module, name: str, shape: Shape, lanes: Sequence[Value], when: Value) -> list[Value]:
    """Registers that take the lanes in cycles in which ``when`` is high."""
    registers = [
        Signal(shape, name=f"{name}_{index}", reset_less=True) for index in range(len(lanes))
    ]
    with m.If(when):
        m.d.sync += [register.eq(lane) for register, lane in zip(registers, lanes, strict=True)]
    return [*registers]


def delayed(
    m: Module, enable: Signal, name: str, value: Value, moves: int, *, reset_less: bool = True
) -> Value:
    """What ``value`` was so many moves of the pipeline ago; it moves while ``enable`` is high."""
    for move in range(1, moves + 1):
        later = Signal(value.shape(), name=f"{name}_{move}", reset_less=reset_less)
        with m.If(enable):
            m.d.sync += later.eq(value)
        value = later
    return value

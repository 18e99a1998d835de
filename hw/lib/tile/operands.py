"""Operands on their way to the units of a tile."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Shape, Signal, Value
from amaranth.lib import data

__all__ = ["held", "masked"]


def masked(lanes: data.View, active: Signal) -> list[Value]:
    """Lanes that run along rows and K, with zero for products beyond the K of the job.

    Parameters
    ----------
    lanes : View of an ArrayLayout
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

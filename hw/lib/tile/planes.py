"""Which planes of an operand's codes are there in every cycle."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.lib.tile.operands import above

__all__ = ["WHOLE", "Planes", "Split"]


@dataclass(frozen=True, kw_only=True)
class Split:
    """How codes come: in planes of digits, some at once and the rest one beat after the other.

    Parameters
    ----------
    planes : int
        Of the widest codes.
    at_once : int
        1 to ``planes``.
    digit_bits : int
        Of a plane, a power of two.
    """

    planes: int
    at_once: int
    digit_bits: int = 1

    @property
    def beats(self) -> int:
        """Of a step with the widest codes."""
        return -(-self.planes // self.at_once)


WHOLE = Split(planes=1, at_once=1)
"""Codes that are not split."""


class Planes(wiring.Component):
    """Goes through the planes of an operand, again and again.

    Parameters
    ----------
    split : Split

    Members
    -------
    load : In(1)
        Begins with codes of so many planes, ``width``.
    width : In(range(planes + 1))
    step : In(1)
        Goes to the next planes, after the last ones to the first.
    begins, ends : Out(1)
        These are the first, or the last.
    plane : Out(range(planes + 1))
        Number of the lowest of them.
    used, top : Out(at_once)
        For each whether it is within the width, and whether it is the last.
    """

    load: Signal
    width: Signal
    step: Signal
    begins: Signal
    ends: Signal
    plane: Signal
    used: Signal
    top: Signal

    def __init__(self, split: Split) -> None:
        self._split = split
        number = range(split.planes + 1)
        super().__init__(
            {
                "load": In(1),
                "width": In(number),
                "step": In(1),
                "begins": Out(1),
                "ends": Out(1),
                "plane": Out(number),
                "used": Out(split.at_once),
                "top": Out(split.at_once),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self._split.planes == 1:
            m.d.comb += [self.begins.eq(1), self.ends.eq(1), self.used.eq(1), self.top.eq(1)]
            return m
        at_once = self._split.at_once
        width, left, plane = (
            Signal.like(self.width, name=name, reset_less=True)
            for name in ("planes", "left", "lowest")
        )
        m.d.comb += [
            self.used.eq(Cat(above(left, number) for number in range(at_once))),
            self.top.eq(Cat(left == number + 1 for number in range(at_once))),
        ]
        if self._split.beats == 1:
            m.d.comb += [self.begins.eq(1), self.ends.eq(1)]
        else:
            m.d.comb += [
                self.begins.eq(~plane.any()),
                self.ends.eq(~above(left, at_once)),
                self.plane.eq(plane),
            ]
            with m.If(self.step):
                m.d.sync += [left.eq(left - at_once), plane.eq(plane + at_once)]
                with m.If(self.ends):
                    m.d.sync += [left.eq(width), plane.eq(0)]
        with m.If(self.load):
            m.d.sync += [width.eq(self.width), left.eq(self.width), plane.eq(0)]
        return m

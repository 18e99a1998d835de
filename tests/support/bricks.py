"""A fused unit with what gives it its digits."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arith.bricks import BrickDigits, FusedUnit, fused_ports

__all__ = ["DigitsAndUnit"]


class DigitsAndUnit(wiring.Component):
    """The sum of as many products as fit, of codes beside each other."""

    activations: Signal
    weights: Signal
    o: Signal

    def __init__(self, widths: tuple[int, int], is_signed: tuple[bool, bool]) -> None:
        self._widths = widths
        self._unit = FusedUnit(*widths, *is_signed)
        codes = In(unsigned(len(self._unit.activations.as_value())))
        super().__init__(
            {
                "activations": codes,
                "weights": codes,
                **fused_ports(*self._widths),
                "o": Out(self._unit.o.shape()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unit = unit = self._unit
        levels = fused_ports(*self._widths)
        m.d.comb += [getattr(unit, name).eq(getattr(self, name)) for name in levels]
        for side, name in enumerate(("activations", "weights")):
            digits = BrickDigits(*self._widths, side)
            m.submodules[name] = digits
            m.d.comb += [
                digits.i.eq(getattr(self, name)),
                *(getattr(digits, told).eq(getattr(self, told)) for told in levels),
                getattr(unit, name).eq(digits.o),
            ]
        m.d.comb += self.o.eq(unit.o)
        return m

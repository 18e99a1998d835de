"""What the hardware of a result is to know of the planes that meet."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from golden.engines.bitplane import Params
from golden.formats import Format, IntFormat
from hw.engines.bitplane.structure import (
    cycles_to_counts,
    exponent_shape,
    marks_pairs,
    offset_shape,
)
from hw.lib.tile.operands import delayed
from hw.lib.tile.steps import Steps

__all__ = ["unit_marks"]


def unit_marks(m: Module, params: Params, steps: Steps, enable: Signal) -> list[tuple[str, Value]]:
    """``marks``, ``offset`` and ``exponent`` of `hw.engines.bitplane.plane_sum.PlaneSum`.

    Those of them that it has, each in the cycle in which it wants them.
    """
    to_sums = params.stages - 1
    found: list[tuple[str, Value]] = []
    if marks_pairs(params):
        marked = (
            (steps.activation_used, steps.weight_used)
            if params.bipolar
            else (
                _signs(params.activation, steps.activation_top),
                _signs(params.weight, steps.weight_top),
            )
        )
        rows, cols = (
            delayed(m, enable, f"{name}_marks", marks, cycles_to_counts(params))
            for name, marks in zip(("activation", "weight"), marked, strict=True)
        )
        found.append(("marks", Cat(x & y if params.bipolar else x ^ y for x in rows for y in cols)))
    if params.bipolar:
        # Products of the step, each as often as the planes within the widths are worth.
        offset: Value = steps.products
        for used in (steps.weight_used, steps.activation_used):
            offset = _times(used, offset)
        bits = offset_shape(params).width
        found.append(("offset", delayed(m, enable, "offset", offset[:bits], to_sums)))
    if bits := exponent_shape(params).width:
        exponent = steps.activation_plane + steps.weight_plane
        found.append(("exponent", delayed(m, enable, "exponent", exponent[:bits], to_sums)))
    return found


def _times(ones: Signal, number: Value) -> Value:
    """``number`` times ``ones``, whose lowest bit is always one."""
    return sum((Mux(ones[bit], number << bit, 0) for bit in range(1, len(ones))), number)


def _signs(format: Format, top: Signal) -> Value:
    """Which plane is the sign."""
    has_sign = isinstance(format, IntFormat) and format.signed
    return top if has_sign else Const(0, len(top))

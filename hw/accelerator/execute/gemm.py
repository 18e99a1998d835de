"""What the parts of the execute unit share about a `Gemm`: its fields, loops and products."""

from collections.abc import Mapping

from amaranth.hdl import Value, signed, unsigned
from amaranth.lib import data

from golden.accelerator.fields import operand_fields
from golden.accelerator.instructions import Gemm
from hw.accelerator.ports import instruction_layout

__all__ = ["FIELDS", "JOB_LOOPS", "PIXELS_BITS", "PIXEL_LOOPS", "PRODUCTS", "products"]

FIELDS = instruction_layout(Gemm)
"""Encoded fields; a count less one is the last iteration of its loop."""

_BITS = {field.name: field.bits for field in operand_fields(Gemm)}

JOB_LOOPS: Mapping[str, int] = {
    name: _BITS[name] for name in ("blocks_n", "taps_y", "taps_x", "blocks_k")
}
"""Bits of the counters of the loops over jobs, outermost first."""

PIXEL_LOOPS: Mapping[str, int] = {name: _BITS[name] for name in ("out_height", "out_width")}
"""The same for the loops over the pixels of a job."""

PIXELS_BITS = sum(PIXEL_LOOPS.values())

PRODUCTS = data.StructLayout(
    {
        "pixels": unsigned(PIXELS_BITS),
        "origin_row": signed(_BITS["origin_y"] + _BITS["row_words"]),
        "origin_column": signed(_BITS["origin_x"] + _BITS["pixel_words"]),
        "stride_y": unsigned(_BITS["stride_y"] + 1 + _BITS["row_words"]),
        "stride_x": unsigned(_BITS["stride_x"] + 1 + _BITS["pixel_words"]),
        "dilation_y": unsigned(_BITS["dilation_y"] + 1 + _BITS["row_words"]),
        "dilation_x": unsigned(_BITS["dilation_x"] + 1 + _BITS["pixel_words"]),
    }
)
"""Products of fields: output pixels, and distances in words."""


def products(gemm: data.View) -> dict[str, Value]:
    """Values of `PRODUCTS` from fields of shape `FIELDS`."""
    return {
        "pixels": (gemm.out_height + 1) * (gemm.out_width + 1),
        "origin_row": gemm.origin_y * gemm.row_words,
        "origin_column": gemm.origin_x * gemm.pixel_words,
        "stride_y": (gemm.stride_y + 1) * gemm.row_words,
        "stride_x": (gemm.stride_x + 1) * gemm.pixel_words,
        "dilation_y": (gemm.dilation_y + 1) * gemm.row_words,
        "dilation_x": (gemm.dilation_x + 1) * gemm.pixel_words,
    }

"""From number formats to Amaranth shapes."""

from amaranth.hdl import Shape, unsigned
from amaranth.lib import data

from golden.contract import JobField, PortLayout
from golden.formats import Format, IntFormat

__all__ = ["beat_shape", "job_shape", "shape_of"]


def shape_of(format: Format) -> Shape:
    """Shape of a signal that holds one code of ``format``: signed if it is a signed integer."""
    return Shape(format.bits, signed=isinstance(format, IntFormat) and format.signed)


def beat_shape(port: PortLayout) -> data.ArrayLayout:
    """Payload of a port: one code, digit, word or entry after the other, the first lowest."""
    plain = port.digit_bits is None and port.packing is None
    shape = shape_of(port.format) if plain else unsigned(port.word_bits)
    if port.tables is not None:
        shape = shape_of(port.tables.entry)
    return data.ArrayLayout(shape, port.words)


def job_shape(job: tuple[JobField, ...]) -> data.StructLayout:
    """Payload of a job port: one unsigned field for each published size."""
    return data.StructLayout({field.dim.value: field.bits for field in job})

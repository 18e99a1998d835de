"""From number formats to Amaranth shapes."""

from amaranth.hdl import Shape
from amaranth.lib import data

from golden.contract import JobField, PortLayout
from golden.formats import IntFormat

__all__ = ["beat_shape", "job_shape", "shape_of"]


def shape_of(format: IntFormat) -> Shape:
    """Shape of a signal that holds one code of ``format``."""
    return Shape(format.bits, signed=format.signed)


def beat_shape(port: PortLayout) -> data.ArrayLayout:
    """Payload of a port: one code a lane, lane 0 in the least significant bits."""
    return data.ArrayLayout(shape_of(port.format), port.width)


def job_shape(job: tuple[JobField, ...]) -> data.StructLayout:
    """Payload of a job port: one unsigned field for each published size."""
    return data.StructLayout({field.dim.value: field.bits for field in job})

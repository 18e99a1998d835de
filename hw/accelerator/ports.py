"""Interfaces between the parts of the accelerator."""

from amaranth.hdl import Shape, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.encoding import INSTRUCTION_BYTES
from golden.accelerator.fields import operand_fields
from golden.accelerator.instructions import Instruction

__all__ = [
    "ADDRESS_BITS",
    "ADDRESS_LAYOUT",
    "INSTRUCTION_STREAM",
    "LOCAL_ADDRESS_BITS",
    "REGISTER_ADDRESS_BITS",
    "AxiLite",
    "AxiRead",
    "AxiWrite",
    "ReadPort",
    "WritePort",
    "instruction_layout",
]

ADDRESS_BITS = 64
"""Of AXI addresses."""

REGISTER_ADDRESS_BITS = 12
"""Of the register file."""

LOCAL_ADDRESS_BITS = 30
"""Of ports of local memories: wider than any memory, so that what is out of range is seen."""


class ReadPort(wiring.Signature):
    """A reader of a local memory, seen from the reader.

    The word of the address of cycle ``t`` is there in ``t + 1``, and stays until the next read.

    Members
    -------
    en : Out(1)
    address : Out(LOCAL_ADDRESS_BITS)
    data : In(shape)
    """

    def __init__(self, shape: data.ArrayLayout) -> None:
        super().__init__({"en": Out(1), "address": Out(LOCAL_ADDRESS_BITS), "data": In(shape)})


class WritePort(wiring.Signature):
    """A writer of a local memory, seen from the writer.

    Members
    -------
    en : Out(1)
    address : Out(LOCAL_ADDRESS_BITS)
    data : Out(shape)
    """

    def __init__(self, shape: data.ArrayLayout) -> None:
        super().__init__({"en": Out(1), "address": Out(LOCAL_ADDRESS_BITS), "data": Out(shape)})


ADDRESS_LAYOUT = data.StructLayout({"address": unsigned(ADDRESS_BITS), "beats": unsigned(9)})
"""An AXI burst of whole bus words: its first byte, a multiple of the bus, and its beats."""


class AxiRead(wiring.Signature):
    """Read channels of an AXI4 port, seen from the manager.

    Parameters
    ----------
    bus_bytes : int

    Members
    -------
    ar : Out(stream.Signature(ADDRESS_LAYOUT))
    r : In(stream.Signature({data, error}))
        ``error`` if the response was not OKAY.
    """

    def __init__(self, bus_bytes: int) -> None:
        beat = data.StructLayout(
            {"data": data.ArrayLayout(unsigned(8), bus_bytes), "error": unsigned(1)}
        )
        super().__init__(
            {"ar": Out(stream.Signature(ADDRESS_LAYOUT)), "r": In(stream.Signature(beat))}
        )


class AxiWrite(wiring.Signature):
    """Write channels of an AXI4 port, seen from the manager.

    Parameters
    ----------
    bus_bytes : int

    Members
    -------
    aw : Out(stream.Signature(ADDRESS_LAYOUT))
    w : Out(stream.Signature({data, strobe, last}))
    b : In(stream.Signature({error}))
    """

    def __init__(self, bus_bytes: int) -> None:
        beat = data.StructLayout(
            {
                "data": data.ArrayLayout(unsigned(8), bus_bytes),
                "strobe": unsigned(bus_bytes),
                "last": unsigned(1),
            }
        )
        super().__init__(
            {
                "aw": Out(stream.Signature(ADDRESS_LAYOUT)),
                "w": Out(stream.Signature(beat)),
                "b": In(stream.Signature(data.StructLayout({"error": unsigned(1)}))),
            }
        )


class AxiLite(wiring.Signature):
    """AXI4-Lite with words of 32 bits, seen from the manager; all answers are OKAY.

    Members
    -------
    aw, ar : Out(stream.Signature(REGISTER_ADDRESS_BITS))
    w : Out(stream.Signature(32))
        Without strobes: whole words are written.
    b : In(stream.Signature(0))
    r : In(stream.Signature(32))
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "aw": Out(stream.Signature(REGISTER_ADDRESS_BITS)),
                "w": Out(stream.Signature(32)),
                "b": In(stream.Signature(0)),
                "ar": Out(stream.Signature(REGISTER_ADDRESS_BITS)),
                "r": In(stream.Signature(32)),
            }
        )


INSTRUCTION_STREAM = stream.Signature(unsigned(8 * INSTRUCTION_BYTES))
"""Instructions as they are encoded."""


def instruction_layout(kind: type[Instruction]) -> data.StructLayout:
    """Fields of an instruction in its encoding.

    Fields hold the value minus the field's offset, signed where the field is.
    """
    members = {"opcode": unsigned(4), "wait": unsigned(3), "signal": unsigned(3)}
    for field in operand_fields(kind):
        members[field.name] = Shape(field.bits, signed=field.signed)
    used = sum(shape.width for shape in members.values())
    members["unused"] = unsigned(8 * INSTRUCTION_BYTES - used)
    return data.StructLayout(members)

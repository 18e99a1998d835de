"""Programs as bytes.

A program is a header and its instructions, each of 32 bytes, least significant byte first, and an
instruction of zeros that ends it. An instruction has its opcode in bits 3 to 0, the units that it
waits for in bits 6 to 4, those that it signals in bits 9 to 7, and then its fields, one after the
other, in the order in which they are declared. The header says what the encoding depends on.
"""

import hashlib
from dataclasses import dataclass

from golden.accelerator.fields import operand_fields
from golden.accelerator.instructions import INSTRUCTIONS, Instruction, Units
from golden.errors import UserError

__all__ = [
    "HEADER_BYTES",
    "INSTRUCTION_BYTES",
    "MAGIC",
    "Program",
    "decode_instruction",
    "decode_program",
    "encode_instruction",
    "encode_program",
    "instruction_set_hash",
]

INSTRUCTION_BYTES = 32
HEADER_BYTES = 32

MAGIC = b"TILEWRT1"
_OPCODE_BITS = 4
_UNITS_BITS = 3
_UNITS_HIGH = (1 << _UNITS_BITS) - 1
_TARGET_BYTES = 8
_BY_OPCODE = {kind.OPCODE: kind for kind in INSTRUCTIONS}


@dataclass(frozen=True, kw_only=True)
class Program:
    """Instructions, and the accelerator that they are for.

    Parameters
    ----------
    instructions : tuple of Instruction
    target : bytes
        Eight bytes of the hash of the accelerator's description.

    Raises
    ------
    ValueError
        If the target has another size.
    """

    instructions: tuple[Instruction, ...]
    target: bytes

    def __post_init__(self) -> None:
        if len(self.target) != _TARGET_BYTES:
            raise ValueError(
                f"the target of a program is {_TARGET_BYTES} bytes, not {len(self.target)}"
            )


def instruction_set_hash() -> bytes:
    """Eight bytes that change with the encoding."""
    layout = [
        (
            kind.__name__,
            kind.OPCODE,
            [
                (field.name, field.bits, field.signed, field.offset)
                for field in operand_fields(kind)
            ],
        )
        for kind in INSTRUCTIONS
    ]
    return hashlib.sha256(repr(layout).encode()).digest()[:8]


def encode_instruction(instruction: Instruction) -> bytes:
    """32 bytes.

    Raises
    ------
    ValueError
        If a field is out of range.
    """
    code = instruction.OPCODE
    position = _OPCODE_BITS
    for name in ("wait", "signal"):
        units = int(getattr(instruction, name))
        if not 0 <= units <= _UNITS_HIGH:
            kind = type(instruction).__name__
            raise ValueError(f"{kind}: {name} must be 0 to {_UNITS_HIGH}, not {units}")
        code |= units << position
        position += _UNITS_BITS
    for field in operand_fields(instruction):
        try:
            code |= field.encode(getattr(instruction, field.name)) << position
        except ValueError as error:
            raise ValueError(f"{type(instruction).__name__}: {error}") from None
        position += field.bits
    return code.to_bytes(INSTRUCTION_BYTES, "little")


def decode_instruction(octets: bytes) -> Instruction | None:
    """The instruction in 32 bytes; None for the end of a program.

    Raises
    ------
    UserError
        If there is no such instruction.
    """
    code = int.from_bytes(octets, "little")
    if code == 0:
        return None
    kind = _BY_OPCODE.get(code & ((1 << _OPCODE_BITS) - 1))
    if kind is None:
        raise UserError(f"there is no instruction with opcode {code & ((1 << _OPCODE_BITS) - 1)}")
    code >>= _OPCODE_BITS
    sets = []
    for _ in ("wait", "signal"):
        sets.append(Units(code & _UNITS_HIGH))
        code >>= _UNITS_BITS
    values = {}
    for field in operand_fields(kind):
        values[field.name] = field.decode(code & ((1 << field.bits) - 1))
        code >>= field.bits
    if code:
        raise UserError(f"{kind.__name__} has bits set beyond its last field")
    return kind(wait=sets[0], signal=sets[1], **values)


def encode_program(program: Program) -> bytes:
    """Header, instructions and the end."""
    header = MAGIC + instruction_set_hash() + program.target
    header += len(program.instructions).to_bytes(8, "little")
    body = b"".join(encode_instruction(instruction) for instruction in program.instructions)
    return header + body + bytes(INSTRUCTION_BYTES)


def decode_program(octets: bytes) -> Program:
    """Undo `encode_program`.

    Raises
    ------
    UserError
        If it is no program, is cut short, or was made for another instruction set.
    """
    if octets[:8] != MAGIC:
        raise UserError("this is no program: it does not begin as one")
    if len(octets) < HEADER_BYTES:
        raise UserError(
            f"this program is not complete: its header has {HEADER_BYTES} bytes,"
            f" and there are {len(octets)}"
        )
    if octets[8:16] != instruction_set_hash():
        raise UserError("this program was made for another version of the instruction set")
    count = int.from_bytes(octets[24:32], "little")
    if len(octets) != HEADER_BYTES + (count + 1) * INSTRUCTION_BYTES:
        raise UserError(
            f"this program is not complete: its header says {count} instructions, which is"
            f" {HEADER_BYTES + (count + 1) * INSTRUCTION_BYTES} bytes, not {len(octets)}"
        )
    instructions = []
    for number in range(count + 1):
        start = HEADER_BYTES + number * INSTRUCTION_BYTES
        try:
            instruction = decode_instruction(octets[start : start + INSTRUCTION_BYTES])
        except UserError as error:
            raise UserError(f"instruction {number}: {error}") from None
        if (instruction is None) != (number == count):
            raise UserError(
                f"instruction {number}: the end of the program is not where it should be"
            )
        if instruction is not None:
            instructions.append(instruction)
    return Program(instructions=tuple(instructions), target=octets[16:24])

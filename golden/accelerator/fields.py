"""Instruction fields as data: the tables that encoding, assembler, RTL and manual are made from."""

from dataclasses import Field as DataclassField
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = ["FieldInfo", "operand", "operand_fields"]

_INFO = "instruction_field"


@dataclass(frozen=True, kw_only=True)
class FieldInfo:
    """One field of an instruction.

    Parameters
    ----------
    name : str
    bits : int
    signed : bool
        Two's complement if true.
    offset : int
        What is encoded is the value minus this: 1 for counts, which are never 0.
    doc : str
        One line, with its unit.
    """

    name: str
    bits: int
    signed: bool
    offset: int
    doc: str

    @property
    def low(self) -> int:
        """Smallest value."""
        return self.offset - (1 << (self.bits - 1) if self.signed else 0)

    @property
    def high(self) -> int:
        """Largest value."""
        return self.offset + (1 << (self.bits - self.signed)) - 1

    def encode(self, value: int) -> int:
        """Bits of ``value``.

        Raises
        ------
        ValueError
            If it is out of range.
        """
        if not isinstance(value, int) or not self.low <= value <= self.high:
            raise ValueError(f"{self.name} must be {self.low} to {self.high}, not {value!r}")
        return (value - self.offset) & ((1 << self.bits) - 1)

    def decode(self, code: int) -> int:
        """Value of bits."""
        if self.signed and code >> (self.bits - 1):
            code -= 1 << self.bits
        return code + self.offset


def operand(bits: int, doc: str, *, signed: bool = False, offset: int = 0, default: int = 0) -> Any:
    """Field of an instruction's dataclass."""
    return field(
        default=default,
        metadata={_INFO: {"bits": bits, "signed": signed, "offset": offset, "doc": doc}},
    )


def operand_fields(instruction: Any) -> tuple[FieldInfo, ...]:
    """Fields of an instruction or of its class, first in the least significant bits."""
    entries: tuple[DataclassField[Any], ...] = fields(instruction)
    return tuple(
        FieldInfo(name=entry.name, **entry.metadata[_INFO])
        for entry in entries
        if _INFO in entry.metadata
    )

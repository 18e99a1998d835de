"""Programs as text.

One instruction a line: its name, then ``field=value`` for every field that is not its default,
then ``wait=unit,unit`` and ``signal=unit,unit``. ``#`` begins a comment. The first line names the
target as ``.target`` and sixteen hexadecimal digits.
"""

import re
from dataclasses import fields
from typing import Any

from golden.accelerator.encoding import Program, encode_instruction
from golden.accelerator.fields import operand_fields
from golden.accelerator.instructions import INSTRUCTIONS, Instruction, Units
from golden.errors import UserError

__all__ = ["assemble", "disassemble"]

_BY_NAME = {kind.__name__.upper(): kind for kind in INSTRUCTIONS}
_TARGET = ".target"
_TARGET_DIGITS = re.compile("[0-9a-fA-F]{16}")
_UNITS = {unit.name.lower(): unit for unit in Units if unit and unit.name}


def assemble(text: str) -> Program:
    """Program of a text.

    Raises
    ------
    UserError
        With the number of the line that is wrong.
    """
    target: bytes | None = None
    instructions: list[Instruction] = []
    for number, line in enumerate(text.splitlines(), start=1):
        statement = line.partition("#")[0].strip()
        if not statement:
            continue
        try:
            if statement.split()[0] == _TARGET:
                named = _target(statement)
                if target is not None:
                    raise ValueError(f"{_TARGET} comes once")
                target = named
                continue
            instruction = _instruction(statement)
            encode_instruction(instruction)
        except ValueError as error:
            raise UserError(f"line {number}: {error}") from None
        instructions.append(instruction)
    if target is None:
        raise UserError(
            f"a program names its accelerator: {_TARGET} and sixteen hexadecimal digits"
        )
    return Program(instructions=tuple(instructions), target=target)


def disassemble(program: Program) -> str:
    """Text of a program, which `assemble` reads back."""
    lines = [f"{_TARGET} {program.target.hex()}"]
    lines += [_line(instruction) for instruction in program.instructions]
    return "\n".join(lines) + "\n"


def _line(instruction: Instruction) -> str:
    defaults = {entry.name: entry.default for entry in fields(instruction)}
    words = [type(instruction).__name__.upper()]
    for field in operand_fields(instruction):
        value = getattr(instruction, field.name)
        if value != defaults[field.name]:
            words.append(f"{field.name}={value}")
    for name in ("wait", "signal"):
        units = getattr(instruction, name)
        if units:
            words.append(f"{name}={','.join(key for key, unit in _UNITS.items() if unit & units)}")
    return " ".join(words)


def _target(statement: str) -> bytes:
    digits = statement.removeprefix(_TARGET).strip()
    if not _TARGET_DIGITS.fullmatch(digits):
        raise ValueError(f"{_TARGET} takes sixteen hexadecimal digits, not {digits!r}")
    return bytes.fromhex(digits)


def _instruction(statement: str) -> Instruction:
    name, *words = statement.split()
    if name.upper() not in _BY_NAME:
        raise ValueError(f"there is no instruction {name!r}: there are {', '.join(_BY_NAME)}")
    kind = _BY_NAME[name.upper()]
    known = {field.name for field in operand_fields(kind)}
    values: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key in values:
            raise ValueError(f"{name} takes field=value once for each field, not {word!r}")
        if key in ("wait", "signal"):
            values[key] = _units(value)
        elif key in known:
            values[key] = _number(key, value)
        else:
            raise ValueError(f"{name} has no field {key!r}: it has {', '.join(sorted(known))}")
    return kind(**values)


def _units(text: str) -> Units:
    units = Units.NONE
    for name in text.split(","):
        if name not in _UNITS:
            raise ValueError(f"there is no unit {name!r}: there are {', '.join(_UNITS)}")
        units |= _UNITS[name]
    return units


def _number(key: str, text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f"{key} must be a number, not {text!r}") from None

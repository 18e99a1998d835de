"""``tilewright program``."""

import argparse
from pathlib import Path
from typing import Any

from golden.accelerator.assembly import assemble, disassemble
from golden.accelerator.checker import Regions, check_program
from golden.accelerator.encoding import MAGIC, Program, decode_program, encode_program
from golden.accelerator.instructions import BASES
from golden.errors import UserError
from tilewright.accelerator import find_accelerator
from tilewright.files import write_bytes
from tilewright.verbs.options import read_set

__all__ = ["configure", "execute", "show"]

_SHOWN = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """What to do with which file."""
    parser.add_argument("action", choices=("asm", "disasm", "check"), help="what to do")
    parser.add_argument("file", metavar="FILE", type=Path, help="program, as text or as bytes")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where the result goes (asm: needed)"
    )
    parser.add_argument(
        "--accelerator",
        metavar="A",
        default="edge",
        help="check: name or TOML file of the accelerator that it is for (default: edge)",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change one of its fields"
    )
    parser.add_argument(
        "--dram",
        metavar="BYTES,…",
        default=",".join([str(1 << 32)] * BASES),
        help="check: bytes behind each base register (default: 4 GiB each)",
    )
    parser.epilog = "example: tilewright program check network.tlw --accelerator tiny"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Do it."""
    program = _read(arguments.file)
    result: dict[str, Any] = {
        "instructions": len(program.instructions),
        "target": program.target.hex(),
        "errors": [],
        "output": str(arguments.output) if arguments.output else None,
    }
    if arguments.action == "check":
        accelerator = find_accelerator(arguments.accelerator, read_set(arguments.set))
        regions = Regions.of(accelerator, _dram(arguments.dram))
        result["errors"] = check_program(program.instructions, regions)
        if program.target != accelerator.target:
            result["errors"].append(
                f"the program is for an accelerator with target {program.target.hex()}, and"
                f" {accelerator.name} has {accelerator.target.hex()}"
            )
        return result, not result["errors"]
    if arguments.action == "asm":
        if arguments.output is None:
            raise UserError("program asm writes bytes: say where with -o FILE")
        write_bytes(arguments.output, encode_program(program))
        return result, True
    text = disassemble(program)
    if arguments.output is not None:
        write_bytes(arguments.output, text.encode())
    else:
        result["text"] = text
    return result, True


def show(result: dict[str, Any]) -> str:
    """The text, the errors, or where the result is."""
    if "text" in result:
        return str(result["text"]).rstrip("\n")
    count = f"{result['instructions']} instructions"
    if result["output"]:
        return f"{result['output']}: {count}"
    errors = result["errors"]
    if not errors:
        return f"{count}, no errors"
    lines = [f"{count}, {len(errors)} errors", *errors[:_SHOWN]]
    if len(errors) > _SHOWN:
        lines.append(f"and {len(errors) - _SHOWN} more")
    return "\n".join(lines)


def _read(file: Path) -> Program:
    octets = file.read_bytes()
    if octets.startswith(MAGIC):
        return decode_program(octets)
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        raise UserError(f"{file} is no program, neither as text nor as bytes") from None
    return assemble(text)


def _dram(text: str) -> list[int]:
    sizes = text.split(",")
    if len(sizes) > BASES or not all(size.isdecimal() for size in sizes):
        raise UserError(f"--dram takes up to {BASES} numbers of bytes, not {text!r}")
    return [int(size) for size in sizes]

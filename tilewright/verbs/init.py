"""``tilewright init``."""

import argparse
import json
from importlib import resources
from pathlib import Path
from typing import Any

from golden.errors import UserError
from tilewright.accelerator import template
from tilewright.catalog import accelerator_names
from tilewright.files import write_bytes

__all__ = ["configure", "execute", "show"]

_DEFAULT = "edge"


def configure(parser: argparse.ArgumentParser) -> None:
    """File, and what to start from."""
    parser.add_argument("file", metavar="FILE.toml", type=Path, help="file to write")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--from",
        dest="origin",
        default=_DEFAULT,
        metavar="NAME",
        help=f"accelerator to start from (default: {_DEFAULT})",
    )
    what.add_argument("--study", action="store_true", help="a study for sweep instead")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    parser.epilog = "example: tilewright init my.toml --from tiny"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Write a commented description or study."""
    file: Path = arguments.file
    what = "a study" if arguments.study else "the description of an accelerator"
    if file.suffix != ".toml":
        raise UserError(f"{what} is a .toml file, not {str(file)!r}")
    if file.exists() and not arguments.force:
        raise UserError(f"{file} is there already: give --force to write over it")
    if arguments.study:
        study = resources.files("tilewright.sweeps").joinpath("template.toml")
        write_bytes(file, study.read_bytes())
        return {"file": str(file), "study": True}, True
    text = template(arguments.origin).replace(
        f'name = "{arguments.origin.lower()}"', f"name = {_toml_text(file.stem)}", 1
    )
    write_bytes(file, text.encode())
    return {"file": str(file), "from": arguments.origin, "known": accelerator_names()}, True


def _toml_text(text: str) -> str:
    """A text as TOML has it: like JSON's, but with characters as they are."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def show(result: dict[str, Any]) -> str:
    """Where it is, and how to use it."""
    file = result["file"]
    if "study" in result:
        return f"{file}: a study; change it, then tilewright sweep {file}"
    return (
        f"{file}: an accelerator like {result['from']}; change it, then give it as"
        f" --accelerator {file}"
    )

"""``tilewright generate``."""

import argparse
from pathlib import Path
from typing import Any

from tilewright.generation import generate
from tilewright.verbs.options import add_set, read_set, seed

__all__ = ["configure", "execute", "show"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Name, params and folder."""
    parser.add_argument(
        "name", metavar="NAME", help="engine, preset, or accelerator (name or TOML file)"
    )
    add_set(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder")
    parser.add_argument(
        "--testbench",
        action="store_true",
        help="add a cocotb bench, with what it plays, that runs without Tilewright",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of what the bench plays (default: 0)")
    parser.epilog = "example: tilewright generate systolic --set rows=8 --set cols=8 -o build"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Write the files."""
    manifest = generate(
        arguments.name,
        read_set(arguments.set),
        output=arguments.output,
        testbench=arguments.testbench,
        seed=arguments.seed,
    )
    files = [str(arguments.output / name) for name in (*manifest["files"], "manifest.json")]
    return {"files": files, "manifest": manifest}, True


def show(result: dict[str, Any]) -> str:
    """The files that were written."""
    return "\n".join(f"wrote {name}" for name in result["files"])

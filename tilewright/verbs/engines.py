"""``tilewright engines``."""

import argparse
from typing import Any

from tilewright.listing import list_designs
from tilewright.verbs.options import table

__all__ = ["configure", "execute", "show"]


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments."""
    parser.epilog = "example: tilewright engines --json"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """List everything that has a name."""
    return list_designs(), True


def show(result: dict[str, Any]) -> str:
    """Engines with their params, then presets and accelerators."""
    parts = []
    for engine in result["engines"]:
        parts.append(f"{engine['name']}: {engine['summary']}")
        rows = [
            (
                f"  {param['name']}",
                "auto" if param["default"] is None else str(param["default"]),
                param["doc"],
            )
            for param in engine["params"]
        ]
        parts.append(table(("  param", "default", "meaning"), rows))
    names = ", ".join(entry["name"] for entry in result["presets"])
    parts.append(f"presets: {names or 'none yet'}")
    accelerators = [(f"  {entry['name']}", entry["summary"]) for entry in result["accelerators"]]
    parts.append(table(("accelerators:", ""), accelerators))
    return "\n\n".join(parts)

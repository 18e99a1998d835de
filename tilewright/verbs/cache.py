"""``tilewright cache``."""

import argparse
from typing import Any

from tilewright.caching import default_cache

__all__ = ["configure", "execute", "show"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Show, or clear."""
    parser.add_argument(
        "action", nargs="?", choices=("show", "clear"), default="show", help="default: show"
    )
    parser.epilog = "example: tilewright cache clear"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Do it."""
    cache = default_cache()
    freed = cache.clear() if arguments.action == "clear" else 0
    return {
        "folder": str(cache.root),
        "bytes": cache.size_bytes(),
        "freed_bytes": freed,
        "cap_bytes": cache.cap_bytes,
    }, True


def show(result: dict[str, Any]) -> str:
    """Folder and sizes."""
    freed = f", {result['freed_bytes']} bytes freed" if result["freed_bytes"] else ""
    return f"{result['folder']}: {result['bytes']} bytes of {result['cap_bytes']} at most{freed}"

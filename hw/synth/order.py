"""The order of modules in a hierarchy."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

__all__ = ["bottom_up", "instances"]


def bottom_up(modules: Mapping[str, Any], top: str) -> list[str]:
    """Names of ``top`` and all below it, each after those placed in it."""
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in order:
            return
        for cell in modules[name]["cells"].values():
            if cell["type"] in modules:
                visit(cell["type"])
        order[name] = None

    visit(top)
    return list(order)


def instances(modules: Mapping[str, Any], top: str) -> dict[str, int]:
    """How often each module is there, from the top down."""
    count: Counter[str] = Counter({top: 1})
    order = bottom_up(modules, top)[::-1]
    for name in order:
        for cell in modules[name]["cells"].values():
            if cell["type"] in modules:
                count[cell["type"]] += count[name]
    return {name: count[name] for name in order}

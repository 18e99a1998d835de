"""Tilewright: tensor engines for quantized networks, exact in every bit and every cycle.

The verbs of the command line as functions. They are imported when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilewright.allocation import allocate as allocate
    from tilewright.generation import generate as generate
    from tilewright.listing import list_designs as engines
    from tilewright.mapping import map_network as map
    from tilewright.quantizing import quantize as quantize
    from tilewright.running import run as run
    from tilewright.simulation import simulate as simulate
    from tilewright.sweeps.sweeping import sweep as sweep
    from tilewright.synthesis import synth as synth
    from tilewright.verification import verify as verify

__all__ = [
    "allocate",
    "engines",
    "generate",
    "map",
    "quantize",
    "run",
    "simulate",
    "sweep",
    "synth",
    "verify",
]

_HOMES = {
    "allocate": ("tilewright.allocation", "allocate"),
    "engines": ("tilewright.listing", "list_designs"),
    "generate": ("tilewright.generation", "generate"),
    "map": ("tilewright.mapping", "map_network"),
    "quantize": ("tilewright.quantizing", "quantize"),
    "run": ("tilewright.running", "run"),
    "simulate": ("tilewright.simulation", "simulate"),
    "sweep": ("tilewright.sweeps.sweeping", "sweep"),
    "synth": ("tilewright.synthesis", "synth"),
    "verify": ("tilewright.verification", "verify"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tilewright' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)

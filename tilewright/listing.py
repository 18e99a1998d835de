"""What there is: engines, presets, accelerators."""

from dataclasses import asdict
from typing import Any

from golden.accelerator.description import Accelerator
from golden.params import to_plain
from tilewright.accelerator import find_accelerator
from tilewright.catalog import accelerator_names, find_presets, list_engines

__all__ = ["list_designs"]

_KIB = 1024


def list_designs() -> dict[str, Any]:
    """Everything that has a name, as JSON values.

    Returns
    -------
    dict
        ``engines`` (each with ``name``, ``summary`` and ``params``), ``presets`` (``name``,
        ``engine``, ``params``) and ``accelerators`` (``name``, ``summary``).
    """
    engines = list_engines()
    return {
        "engines": [
            {
                "name": engine.name,
                "summary": engine.summary,
                "params": [asdict(info) for info in engine.describe()],
            }
            for engine in engines
        ],
        "presets": [
            {"name": name, "engine": engine.name, "params": to_plain(params)}
            for name, (engine, params) in find_presets().items()
        ],
        "accelerators": [
            {"name": name, "summary": _summary(find_accelerator(name))}
            for name in accelerator_names()
        ],
    }


def _summary(accelerator: Accelerator) -> str:
    """What it is built around, and its memories."""
    local = (accelerator.activation_bytes, accelerator.weight_bytes, accelerator.accumulator_bytes)
    sizes = "/".join(f"{octets // _KIB}" for octets in local)
    return (
        f"{accelerator.engine} with {accelerator.lanes} lanes, {sizes} KiB of activations, weights"
        f" and accumulators, bus of {8 * accelerator.bus_bytes} bits"
    )

"""What there is: engines, presets, accelerators."""

from dataclasses import asdict
from typing import Any

from golden.params import to_plain
from tilewright.catalog import find_presets, list_engines

__all__ = ["list_designs"]


def list_designs() -> dict[str, Any]:
    """Everything that has a name, as JSON values.

    Returns
    -------
    dict
        ``engines`` (each with ``name``, ``summary`` and ``params``), ``presets`` (``name``,
        ``engine``, ``params``) and ``accelerators``.
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
        "accelerators": [],
    }

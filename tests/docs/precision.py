"""Engines side by side at one precision, by their timing: `docs/precision.toml`."""

import tomllib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from golden.contract import Width
from sim.throughput import Throughput, throughput
from tilewright.catalog import find_engine

__all__ = ["HEAD", "rows"]

STUDY = Path(__file__).parents[2] / "docs" / "precision.toml"

HEAD = (
    "engine",
    "set to",
    "cycles per 512 MACs",
    "of one row",
    "bits per weight",
    "weight bits per MAC",
    "activation bits per MAC",
    "result bits per MAC",
)

MACS = 512
LONGEST_K = 4096


def rows(precision: str) -> list[Sequence[object]]:
    """A row for each design that is compared at a precision."""
    study = tomllib.loads(STUDY.read_text(encoding="utf-8"))
    (chosen,) = (entry for entry in study["precision"] if entry["name"] == precision)
    return [_row(study, design) for design in chosen["designs"]]


def _row(study: Mapping[str, Any], design: Mapping[str, Any]) -> Sequence[object]:
    engine = find_engine(design["engine"])
    own = design.get("set", {})
    sizes = study["array"] if design.get("array") else study["sizes"]
    params = engine.params({**sizes, **own})
    widths = {
        width: design[key]
        for width, key in ((Width.ACTIVATION, "activation_bits"), (Width.WEIGHT, "bits"))
        if key in design
    }

    def steady(m: int) -> Throughput:
        return throughput(engine.golden, engine.sim, params, m=m, k=LONGEST_K, widths=widths)

    many, one = steady(LONGEST_K), steady(1)
    weights = many.bits_per_mac["weights"]
    return (
        f"[`{engine.name}`](engines/{engine.name}.md)",
        ", ".join(f"`{name}={value}`" for name, value in own.items()) or "defaults",
        _number(many.cycles_per_mac * MACS),
        _number(one.cycles_per_mac * MACS),
        _number(weights * many.tile.m),
        _number(weights),
        _number(many.bits_per_mac["activations"]),
        _number(many.bits_per_mac["results"]),
    )


def _number(value: Fraction) -> str:
    """Three digits, and no zeros behind them."""
    return f"{float(value):.3g}"

"""Area of the designs that docs/precision.md compares, by synthesis of their Verilog.

    python benchmarks/precision.py [PRECISION ...]

Generic gates, hierarchical: NAND2 equivalents and flip-flops of a design, and both over what it
does per cycle in its steady state. Results are cached; the first time takes minutes.
"""

import argparse
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from golden.contract import Width
from sim.throughput import throughput
from tilewright.catalog import find_engine
from tilewright.synthesis import synth
from tilewright.verbs.options import table

STUDY = Path(__file__).parents[1] / "docs" / "precision.toml"
HEAD = ("engine", "set to", "NAND2", "flip-flops", "MACs/cycle", "NAND2 per MAC/cycle")
LONGEST_K = 4096


def row(study: Mapping[str, Any], design: Mapping[str, Any]) -> Sequence[str]:
    """One design."""
    engine = find_engine(design["engine"])
    own = design.get("set", {})
    given = {**(study["array"] if design.get("array") else study["sizes"]), **own}
    widths = {
        width: design[key]
        for width, key in ((Width.ACTIVATION, "activation_bits"), (Width.WEIGHT, "bits"))
        if key in design
    }
    params = engine.params(given)
    steady = throughput(engine.golden, engine.sim, params, m=LONGEST_K, k=LONGEST_K, widths=widths)
    result = synth(engine.name, given)
    area, rate = result["nand2_equivalents"], float(steady.macs_per_cycle)
    return (
        engine.name,
        " ".join(f"{name}={value}" for name, value in own.items()),
        f"{area:,.0f}",
        f"{result['flip_flop_bits']:,}",
        f"{rate:g}",
        f"{area / rate:,.0f}",
    )


def main() -> None:
    """Print a table for each precision."""
    study = tomllib.loads(STUDY.read_text(encoding="utf-8"))
    names = [entry["name"] for entry in study["precision"]]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("precisions", nargs="*", choices=[*names, []], metavar="PRECISION")
    chosen = parser.parse_args().precisions or names
    for entry in study["precision"]:
        if entry["name"] in chosen:
            rows = [row(study, design) for design in entry["designs"]]
            print(entry["title"], table(HEAD, rows), sep="\n\n", end="\n\n")


if __name__ == "__main__":
    sys.exit(main())

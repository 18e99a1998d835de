"""``tilewright run``."""

import argparse
from pathlib import Path
from typing import Any

from tilewright.running import run
from tilewright.verbs.options import add_engine, add_simulator, count, read_set, seed, table

__all__ = ["configure", "execute", "show"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Model, data, engine."""
    parser.add_argument("model", metavar="MODEL", help="quantized network (.onnx, .tflite)")
    add_engine(parser)
    parser.add_argument(
        "--input", type=Path, metavar="FILE.npz", help="samples of every input; default: random"
    )
    parser.add_argument("--labels", type=Path, metavar="FILE.npy", help="to tell the accuracy")
    parser.add_argument("--rtl", action="store_true", help="run the generated Verilog as well")
    parser.add_argument(
        "--rtl-samples", type=count, metavar="N", help="the first N samples alone on the Verilog"
    )
    add_simulator(parser)
    parser.add_argument("--samples", type=count, metavar="N", help="random samples (default: 1)")
    parser.add_argument("--seed", type=seed, default=0, metavar="S", help="of random samples")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("tilewright-run"),
        metavar="DIR",
        help="folder for outputs.npz (default: tilewright-run)",
    )
    parser.epilog = "example: tilewright run digits.onnx --input test.npz --labels labels.npy --rtl"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Run it."""
    result = run(
        arguments.model,
        engine=arguments.engine,
        params=read_set(arguments.set),
        inputs=arguments.input,
        labels=arguments.labels,
        rtl=arguments.rtl,
        rtl_samples=arguments.rtl_samples,
        samples=arguments.samples,
        seed=arguments.seed,
        simulator=arguments.simulator,
        output=arguments.output,
    )
    return result.to_json(), result.passed


def show(result: dict[str, Any]) -> str:
    """Layers, totals, and what the Verilog said."""
    measured = dict(result.get("rtl_layers", ()))
    head = ["layer", "cycles", "bound by", "utilisation"]
    rows = [
        [layer["name"], layer["cycles"], layer["bound_by"], f"{layer['utilisation']:.1%}"]
        for layer in result["layers"]
    ]
    rows.append(["total", result["total_cycles"], "", f"{result['utilisation']:.1%}"])
    if measured:
        head.insert(2, "cycles of the Verilog")
        for row in rows[:-1]:
            row.insert(2, measured[row[0]])
        rows[-1].insert(2, result["rtl_cycles"])
    origin = "" if result["seed"] is None else f", random from seed {result['seed']}"
    lines = [table(head, rows), "", f"{result['samples']} samples{origin}: {result['outputs']}"]
    if result["accuracy"] is not None:
        lines.append(f"accuracy {result['accuracy']:.2%}")
    if measured:
        lines.append(
            f"Verilog, {result['rtl_samples']} samples: {result['rtl_outputs_checked']} result"
            f" codes checked, {result['output_mismatches']} mismatches,"
            f" {result['cycle_mismatches']} cycle mismatches"
        )
        failed = dict.fromkeys(failure["name"] for failure in result["failures"])
        if failed:
            lines.append(f"failed: {', '.join(failed)}")
    return "\n".join(lines)

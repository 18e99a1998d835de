"""``tilewright quantize``."""

import argparse
from pathlib import Path
from typing import Any

from tilewright.verbs.options import table

__all__ = ["configure", "execute", "show"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Model, scheme, data."""
    parser.add_argument(
        "model", metavar="MODEL", help="network of floats, or of int8 in QDQ form (.onnx)"
    )
    parser.add_argument(
        "--scheme",
        required=True,
        metavar="S",
        help="format of weights, bits of activations, size of groups: w2a8-g32, ternary, nf4a6",
    )
    parser.add_argument(
        "--calibrate",
        type=Path,
        metavar="X.npz",
        help="samples of every input, by which errors of weights are weighed; networks of floats"
        " need them",
    )
    parser.add_argument(
        "--input", type=Path, metavar="FILE.npz", help="samples to tell the accuracy on"
    )
    parser.add_argument("--labels", type=Path, metavar="FILE.npy", help="their classes")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("quantized.onnx"),
        metavar="FILE.onnx",
        help="network to write (default: quantized.onnx)",
    )
    parser.epilog = "example: tilewright quantize digits.onnx --scheme w4a8 -o digits-w4.onnx"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Quantize."""
    # Imported late, so that help is quick.
    from tilewright.quantizing import quantize

    result = quantize(
        arguments.model,
        scheme=arguments.scheme,
        output=arguments.output,
        calibrate=arguments.calibrate,
        inputs=arguments.input,
        labels=arguments.labels,
    )
    return result.to_json(), True


def show(result: dict[str, Any]) -> str:
    """Layers with their errors, the file, and the accuracy if it is known."""
    calibrated = any(layer["output_error"] is not None for layer in result["layers"])
    head = ["layer", "format", "group", "error of weights"]
    rows = [
        [
            layer["name"],
            layer["format"],
            layer["group_size"] or "all",
            f"{layer['weight_error']:.2%}",
        ]
        for layer in result["layers"]
    ]
    if calibrated:
        head.append("of outputs")
        for row, layer in zip(rows, result["layers"], strict=True):
            known = layer["output_error"]
            row.append("" if known is None else f"{known:.2%}")
    said = f"{result['model']}: {result['scheme']}"
    if result["accuracy"] is not None:
        said += (
            f"\naccuracy {result['accuracy']:.2%} of {result['samples']} samples, before"
            f" {result['accuracy_before']:.2%}"
        )
    return f"{table(head, rows)}\n\n{said}"

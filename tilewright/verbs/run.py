"""``tilewright run``."""

import argparse
from pathlib import Path
from typing import Any

from golden.errors import UserError
from tilewright.verbs.options import (
    DEFAULT_ENGINE,
    add_mapper,
    add_report,
    add_simulator,
    add_target,
    count,
    read_set,
    seed,
    table,
)
from tilewright.verbs.pricing import add_cost, cost_lines, energy_table, priced, read_pricing
from tilewright.verbs.reporting import check_report, write_report

__all__ = ["configure", "execute", "show", "show_accelerated", "show_engine"]

_SHOWN_FAILURES = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Model, data, engine."""
    parser.add_argument("model", metavar="MODEL", help="quantized network (.onnx, .tflite)")
    add_target(parser)
    parser.add_argument(
        "--host-fallback",
        action="store_true",
        help="accelerator: compute on the host what is not in hardware at the end of the network",
    )
    add_mapper(parser)
    parser.add_argument(
        "--trace",
        type=Path,
        metavar="FILE.json",
        help="accelerator: what each unit does, for Perfetto",
    )
    parser.add_argument(
        "--waves",
        type=Path,
        metavar="FILE.vcd",
        help="accelerator, with --rtl: trace of the Verilog",
    )
    parser.add_argument(
        "--waves-layer", metavar="NAME", help="the only layer that --waves has (default: all)"
    )
    parser.add_argument(
        "--input", type=Path, metavar="FILE.npz", help="samples of every input; default: random"
    )
    parser.add_argument("--labels", type=Path, metavar="FILE.npy", help="to tell the accuracy")
    parser.add_argument("--rtl", action="store_true", help="run the generated Verilog as well")
    parser.add_argument(
        "--rtl-samples", type=count, metavar="N", help="the first N samples alone on the Verilog"
    )
    add_simulator(parser)
    add_cost(parser)
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
    add_report(parser)
    parser.epilog = "example: tilewright run digits.onnx --input test.npz --labels labels.npy --rtl"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Run it; the report is written also where the Verilog disagrees."""
    check_report(arguments)
    result, passed = _run(arguments)
    if arguments.report is not None:
        from tilewright.report.network import network_report

        write_report(arguments, network_report({**result, "command": arguments.command}))
    return result, passed


def _run(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    common: dict[str, Any] = {
        "inputs": arguments.input,
        "labels": arguments.labels,
        "rtl": arguments.rtl,
        "rtl_samples": arguments.rtl_samples,
        "samples": arguments.samples,
        "seed": arguments.seed,
        "simulator": arguments.simulator,
        "output": arguments.output,
    }
    given = read_set(arguments.set)
    pricing = read_pricing(arguments)
    # Imported late, so that help is quick.
    from tilewright.accelerated import run_accelerated
    from tilewright.running import run

    if arguments.accelerator is None:
        _refuse(arguments, ("trace", "waves", "waves_layer"), "needs --accelerator")
        if arguments.host_fallback:
            raise UserError("--host-fallback needs --accelerator")
        if arguments.mapper != "greedy":
            raise UserError(f"--mapper {arguments.mapper} needs --accelerator")
        engine = arguments.engine or DEFAULT_ENGINE
        network = run(arguments.model, engine=engine, params=given, **common)
        return priced(network.to_json(), pricing, engine, given), network.passed
    if not arguments.rtl:
        _refuse(arguments, ("waves",), "needs --rtl")
    if arguments.waves is None:
        _refuse(arguments, ("waves_layer",), "needs --waves")
    accelerated = run_accelerated(
        arguments.model,
        accelerator=arguments.accelerator,
        changes=given,
        host_fallback=arguments.host_fallback,
        mapper=arguments.mapper,
        time_limit=arguments.time_limit,
        trace=arguments.trace,
        timeline=arguments.report is not None,
        waves=arguments.waves,
        waves_layer=arguments.waves_layer,
        energies=energy_table(pricing),
        **common,
    )
    result = priced(accelerated.to_json(), pricing, arguments.accelerator, given)
    return result, accelerated.passed


def _refuse(arguments: argparse.Namespace, names: tuple[str, ...], why: str) -> None:
    for name in names:
        if getattr(arguments, name) is not None:
            raise UserError(f"--{name.replace('_', '-')} {why}")


def show(result: dict[str, Any]) -> str:
    """Layers, totals, and what the Verilog said."""
    told = show_accelerated(result) if "accelerator" in result else show_engine(result)
    return "\n".join([told, *cost_lines(result)])


def show_accelerated(result: dict[str, Any]) -> str:
    """The report of an accelerator."""
    from tilewright.reports import busy_line, layer_table, mapping_line

    lines = [layer_table(result["layers"], result), "", busy_line(result["counters"])]
    lines.append(mapping_line(result["mapping"]))
    if result["host"]:
        work = ", ".join(
            f"{entry['name']} ({entry['kind']}, {entry['elements']} numbers,"
            f" {entry['seconds'] * 1000:.2f} ms)"
            for entry in result["host"]
        )
        lines.append(f"on the host, not on the accelerator: {work}")
    lines += [f"program: {result['program']}", *_samples(result)]
    if "rtl_cycles" in result:
        lines.append(
            f"Verilog, {_counted(result['rtl_samples'])}: {result['rtl_cycles']} cycles,"
            f" {result['rtl_outputs_checked']} numbers of tensors checked,"
            f" {result['output_mismatches']} mismatches, {result['cycle_mismatches']} cycle"
            f" mismatches, {result['counter_mismatches']} counter mismatches"
        )
        lines += result["failures"][:_SHOWN_FAILURES]
    return "\n".join(lines)


def _counted(samples: int) -> str:
    return f"{samples} sample{'' if samples == 1 else 's'}"


def _samples(result: dict[str, Any]) -> list[str]:
    origin = "" if result["seed"] is None else f", random from seed {result['seed']}"
    lines = [f"{_counted(result['samples'])}{origin}: {result['outputs']}"]
    if result["accuracy"] is not None:
        lines.append(f"accuracy {result['accuracy']:.2%}")
    return lines


def show_engine(result: dict[str, Any]) -> str:
    """The report of a bare engine."""
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
    lines = [table(head, rows), "", *_samples(result)]
    if measured:
        lines.append(
            f"Verilog, {_counted(result['rtl_samples'])}: {result['rtl_outputs_checked']} result"
            f" codes checked, {result['output_mismatches']} mismatches,"
            f" {result['cycle_mismatches']} cycle mismatches"
        )
        failed = dict.fromkeys(failure["name"] for failure in result["failures"])
        if failed:
            lines.append(f"failed: {', '.join(failed)}")
    return "\n".join(lines)

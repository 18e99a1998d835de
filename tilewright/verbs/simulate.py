"""``tilewright simulate``."""

import argparse
from typing import Any

from golden.errors import UserError
from tilewright.verbs.options import (
    DEFAULT_ENGINE,
    add_mapper,
    add_report,
    add_target,
    read_set,
    table,
)
from tilewright.verbs.pricing import add_cost, cost_lines, energy_table, priced, read_pricing
from tilewright.verbs.reporting import check_report, write_report

__all__ = ["configure", "execute", "show"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Workload and engine."""
    parser.add_argument(
        "workload",
        metavar="WORKLOAD",
        help="model file (.onnx, .tflite), SCALE-Sim table (.csv), or gemm:MxKxN",
    )
    add_target(parser)
    add_mapper(parser)
    parser.add_argument(
        "--compat", choices=("scalesim",), help="count as SCALE-Sim does, for comparison"
    )
    add_cost(parser)
    add_report(parser)
    parser.epilog = "example: tilewright simulate gemm:1024x1024x1024 --set rows=128 --set cols=128"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Count."""
    check_report(arguments)
    result = _simulate(arguments)
    if arguments.report is not None:
        from tilewright.report.network import network_report

        write_report(arguments, network_report({**result, "command": arguments.command}))
    return result, True


def _simulate(arguments: argparse.Namespace) -> dict[str, Any]:
    # Imported late, so that help is quick.
    from tilewright.accelerated_simulation import simulate_accelerated
    from tilewright.simulation import simulate

    given = read_set(arguments.set)
    pricing = read_pricing(arguments)
    if pricing is not None and arguments.compat is not None:
        raise UserError("--cost tells the time of exact cycles, not of those of --compat")
    if arguments.accelerator is None:
        if arguments.mapper != "greedy":
            raise UserError(f"--mapper {arguments.mapper} needs --accelerator")
        engine = arguments.engine or DEFAULT_ENGINE
        result = simulate(arguments.workload, engine=engine, params=given, compat=arguments.compat)
        return priced(result, pricing, engine, given)
    if arguments.compat is not None:
        raise UserError("--compat counts for an engine, not for an accelerator")
    result = simulate_accelerated(
        arguments.workload,
        accelerator=arguments.accelerator,
        changes=given,
        mapper=arguments.mapper,
        time_limit=arguments.time_limit,
        timeline=arguments.report is not None,
        energies=energy_table(pricing),
    )
    return priced(result, pricing, arguments.accelerator, given)


def show(result: dict[str, Any]) -> str:
    """A row for each layer, and the total."""
    if "accelerator" in result:
        from tilewright.reports import busy_line, layer_table, layers_line, mapping_line

        lines = [layer_table(result["layers"], result), "", busy_line(result["counters"])]
        if result["mapping"] is not None:
            told = mapping_line if result["lowering"] == "program" else layers_line
            lines.append(told(result["mapping"]))
        return "\n".join([*lines, *cost_lines(result)])
    if result.get("compat"):
        head = ("layer", "SCALE-Sim cycles", "exact cycles", "utilisation")
        rows: list[tuple[object, ...]] = [
            (layer["name"], layer["cycles"], layer["exact_cycles"], _percent(layer["utilisation"]))
            for layer in result["layers"]
        ]
        rows.append(("total", result["total_cycles"], result["exact_total_cycles"], ""))
    else:
        head = ("layer", "cycles", "bytes", "utilisation")
        rows = [
            (layer["name"], layer["cycles"], layer["dram_bytes"], _percent(layer["utilisation"]))
            for layer in result["layers"]
        ]
        rows.append(
            ("total", result["total_cycles"], result["dram_bytes"], _percent(result["utilisation"]))
        )
    return "\n".join([table(head, rows), *cost_lines(result)])


def _percent(fraction: float) -> str:
    return f"{fraction:.1%}"

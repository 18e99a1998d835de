"""``tilewright map``."""

import argparse
from pathlib import Path
from typing import Any

from golden.errors import UserError
from mapper.scheduling.strategies import STRATEGIES
from tilewright.verbs.options import add_report, count, read_set, seconds
from tilewright.verbs.reporting import check_report, write_report

__all__ = ["configure", "execute", "show"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Network, scratchpad, and how to search."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="model file (.onnx, .tflite), or a network by name, such as resnet50; with"
        " --accelerator also a SCALE-Sim table (.csv) or gemm:MxKxN",
    )
    parser.add_argument(
        "--accelerator",
        metavar="A",
        help="name or TOML file of an accelerator to map to; default: a bare scratchpad",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set a field of the accelerator; may be given several times",
    )
    parser.add_argument(
        "--capacity",
        metavar="BYTES",
        help="of the scratchpad; m_r: what the largest operator touches, m_p: the least peak of all"
        " orders, m_h: halfway (default: m_r)",
    )
    parser.add_argument(
        "--tensors",
        choices=("activations", "all"),
        default="activations",
        help="what is in the scratchpad; all: weights too (default: activations)",
    )
    parser.add_argument("--unfused", action="store_true", help="each clamp and factor is a step")
    parser.add_argument("--views", action="store_true", help="views have bytes of their own")
    parser.add_argument(
        "--in-place", action="store_true", help="outputs may take the bytes of inputs"
    )
    parser.add_argument(
        "--keep-order", action="store_true", help="operators run in the order of the model"
    )
    parser.add_argument(
        "--element-bytes",
        type=count,
        metavar="N",
        help="size of every element (default: what a model file says, 1 for names)",
    )
    parser.add_argument(
        "--strategy",
        choices=tuple(STRATEGIES),
        default="optimal",
        help="scheduler (default: optimal)",
    )
    parser.add_argument(
        "--solver", metavar="NAME", help="PuLP's solver of integer programs (default: HiGHS)"
    )
    parser.add_argument(
        "--time-limit",
        type=seconds,
        default=60.0,
        metavar="S",
        help="seconds after which the search ends with what it has (default: 60)",
    )
    parser.add_argument(
        "--check", type=Path, metavar="FILE.json", help="replay a schedule, and search none"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.json", help="write the schedule")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE.svg", help="draw the schedule (.svg, .pdf, .png)"
    )
    add_report(parser)
    parser.epilog = (
        "example: tilewright map resnet50 --tensors all --capacity m_r --picture resnet50.svg"
    )


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Schedule, map, or check."""
    check_report(arguments)
    if arguments.accelerator is not None:
        return _map_to_accelerator(arguments)
    if arguments.set:
        raise UserError("--set changes an accelerator, and needs --accelerator")
    # Imported late, so that help is quick.
    from mapper.scheduling.variants import TensorSet, Variant
    from tilewright.mapping import check_schedule, map_network

    variant = Variant(
        tensors=TensorSet(arguments.tensors),
        fused=not arguments.unfused,
        views=arguments.views,
    )
    if arguments.check is not None:
        for name in ("capacity", "output", "picture", "report"):
            if getattr(arguments, name) is not None:
                raise UserError(f"--check replays a schedule as it is; it takes no --{name}")
        violation, moved = check_schedule(
            arguments.model,
            arguments.check,
            variant=variant,
            element_bytes=arguments.element_bytes,
        )
        problem = None if violation is None else violation.message
        rule = None if violation is None else violation.rule.value
        return {"violation": problem, "rule": rule, **moved}, violation is None
    mapped = map_network(
        arguments.model,
        capacity=_capacity(arguments.capacity or "m_r"),
        variant=variant,
        element_bytes=arguments.element_bytes,
        strategy=arguments.strategy,
        in_place=arguments.in_place,
        keep_order=arguments.keep_order,
        solver=arguments.solver,
        time_limit=arguments.time_limit,
        output=arguments.output,
        picture=arguments.picture,
    )
    result = mapped.to_json()
    if arguments.report is not None:
        from tilewright.report.mapping import schedule_report

        told = {**result, "command": arguments.command}
        write_report(arguments, schedule_report(told, mapped.graph, mapped.outcome.schedule))
    return result, mapped.succeeded


_OF_SCRATCHPADS = (
    *("capacity", "tensors", "unfused", "views", "in_place", "keep_order", "element_bytes"),
    *("strategy", "check", "output", "picture"),
)
"""Options that say nothing about an accelerator."""


def _map_to_accelerator(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    # Imported late, so that help is quick.
    from tilewright.accelerator_mapping import map_to_accelerator

    parser = argparse.ArgumentParser()
    configure(parser)
    for name in _OF_SCRATCHPADS:
        if getattr(arguments, name) != parser.get_default(name):
            option = name.replace("_", "-")
            raise UserError(f"--{option} is about a bare scratchpad, not about an accelerator")
    result = map_to_accelerator(
        arguments.model,
        accelerator=arguments.accelerator,
        changes=read_set(arguments.set),
        solver=arguments.solver,
        time_limit=arguments.time_limit,
    )
    if arguments.report is not None:
        from tilewright.report.mapping import mapping_report

        write_report(arguments, mapping_report({**result, "command": arguments.command}))
    return result, True


def _capacity(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def show(result: dict[str, Any]) -> str:
    """What was found and what is proven of it."""
    if "violation" in result:
        return _checked(result)
    if "accelerator" in result:
        return _mapped(result)
    least = "" if result["m_p_is_optimal"] else " or less"
    budgets = f"m_r {result['m_r_bytes']:,}, m_p {result['m_p_bytes']:,}{least}"
    rows = [
        ("network", f"{result['network']}, {result['operators']} operators"),
        ("scratchpad", f"{result['capacity_bytes']:,} bytes ({budgets})"),
    ]
    if result["objective_bytes"] is not None:
        rows += [
            ("spilled", f"{result['spilled_bytes']:,} bytes"),
            ("retrieved", f"{result['retrieved_bytes']:,} bytes"),
            ("compulsory", f"{result['compulsory_bytes']:,} bytes"),
        ]
    lines = "\n".join(f"{name:<11} {text}" for name, text in rows)
    return f"{lines}\n{_said(result)}"


def _said(result: dict[str, Any]) -> str:
    bound = result["bound_bytes"]
    said = {
        "optimal": "optimal: no schedule moves fewer bytes",
        "feasible": "feasible: nothing is known of a bound"
        if bound is None
        else f"feasible: no schedule spills and retrieves fewer than {bound:,} bytes",
        "infeasible": "infeasible",
        "unknown": "unknown: no schedule was found, nor a proof that there is none",
    }[result["status"]]
    why = result["proof"] if result["status"] == "optimal" else result["reason"]
    return (
        f"{said}{f' ({why})' if why else ''}, by {result['strategy']} in {result['seconds']:.2f} s"
    )


def _mapped(result: dict[str, Any]) -> str:
    from tilewright.reports import layers_line, mapped_table, mapping_line, shares_table

    if result["lowering"] == "streamed":
        told = f"{mapped_table(result['layers'])}\n\n{layers_line(result)}"
    else:
        told = f"{shares_table(result['shares'])}\n\n{mapping_line(result)}"
        told += f"; {result['total_cycles']} cycles"
    return f"{told}; {result['seconds']:.1f} s"


def _checked(result: dict[str, Any]) -> str:
    if result["violation"] is not None:
        return f"the schedule is wrong ({result['rule']}): {result['violation']}"
    return (
        f"the schedule works: {result['objective_bytes']:,} bytes spilled and retrieved,"
        f" {result['total_bytes']:,} in all"
    )

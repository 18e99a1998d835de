"""``tilewright synth``."""

import argparse
from pathlib import Path
from typing import Any

from golden.errors import UserError
from tilewright.verbs.options import add_set, nanoseconds, read_set, table

__all__ = ["configure", "execute", "show"]

_POWER_PARTS = ("internal", "switching", "leakage", "sequential", "combinational")


def configure(parser: argparse.ArgumentParser) -> None:
    """Name, params, library, clock."""
    parser.add_argument(
        "name", metavar="NAME", help="engine, preset, or accelerator (name or TOML file)"
    )
    add_set(parser)
    parser.add_argument(
        "--liberty",
        type=Path,
        metavar="FILE",
        help="library of standard cells, .lib or .lib.gz (default: gates without a library)",
    )
    clock = parser.add_mutually_exclusive_group()
    clock.add_argument(
        "--clock-ns",
        type=nanoseconds,
        metavar="T",
        help="period to size cells for (default: cells as small as can be)",
    )
    clock.add_argument(
        "--sweep-clock", action="store_true", help="area and delay at several periods"
    )
    parser.add_argument(
        "--flatten", action="store_true", help="dissolve all modules, which takes longer"
    )
    parser.add_argument(
        "--map-memories",
        action="store_true",
        help="build memories from flip-flops (default: report their bits)",
    )
    parser.add_argument(
        "--power",
        action="store_true",
        help="power of an engine on random operands, with a library, where OpenSTA is installed",
    )
    parser.add_argument(
        "--fpga",
        metavar="FAMILY",
        help="place and route on an FPGA in place of cells, where nextpnr is installed: ecp5",
    )
    parser.epilog = "example: tilewright synth systolic --set rows=4 --set cols=4"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Synthesize."""
    # Imported late, so that help is quick.
    if arguments.fpga is not None:
        from tilewright.fpga import synth_fpga

        _refuse_cells(arguments)
        given = read_set(arguments.set)
        return synth_fpga(arguments.name, given, family=arguments.fpga), True
    from tilewright.synthesis import synth

    result = synth(
        arguments.name,
        read_set(arguments.set),
        liberty=arguments.liberty,
        clock_ns=arguments.clock_ns,
        sweep_clock=arguments.sweep_clock,
        flatten=arguments.flatten,
        map_memories=arguments.map_memories,
        power=arguments.power,
    )
    return result, True


def _refuse_cells(arguments: argparse.Namespace) -> None:
    """What has no meaning on an FPGA."""
    for name in ("liberty", "clock_ns", "sweep_clock", "flatten", "map_memories", "power"):
        if getattr(arguments, name) not in (None, False):
            raise UserError(f"--{name.replace('_', '-')} is of cells, and has no use with --fpga")


def show(result: dict[str, Any]) -> str:
    """Modules, sums, and the longest path."""
    if result["mode"] == "fpga":
        return _placement(result)
    head = ("module", "instances", "cells", "NAND2", "um2")
    rows = [
        (module["name"], module["instances"], *_sizes(module))
        for module in sorted(result["modules"], key=lambda module: -module["nand2_equivalents"])
    ]
    sums = [
        ("combinational", "", *_sizes(result["combinational"])),
        ("sequential", "", *_sizes(result["sequential"])),
        ("total", "", *_sizes(result)),
    ]
    lines = [table(head, [*rows, *sums]), _bits(result), _delay(result)]
    if result["power"] is not None:
        lines.append(_power(result["power"]))
    if "clocks" in result:
        lines.append(_clocks(result["clocks"]))
    cells = result["library"] or "gates without a library"
    return "\n".join([*lines, f"{cells}; {_tools(result)}"])


def _placement(result: dict[str, Any]) -> str:
    """On an FPGA."""
    head = ("LUTs", "registers", "DSPs", "block RAMs")
    rows = [tuple(result[key] for key in ("luts", "registers", "dsps", "block_rams"))]
    speed = "no path between flip-flops"
    if result["fmax_mhz"] is not None:
        speed = f"{result['fmax_mhz']:.1f} MHz, {result['start']} to {result['end']}"
    return "\n".join([table(head, rows), speed, f"{result['device']}; {_tools(result)}"])


def _tools(result: dict[str, Any]) -> str:
    return ", ".join(f"{tool} {version}" for tool, version in result["tools"].items())


def _sizes(part: dict[str, Any]) -> tuple[object, object, object]:
    area = part["area_um2"]
    cells = part["cells"]
    return cells, round(part["nand2_equivalents"]), "" if area is None else round(area)


def _bits(result: dict[str, Any]) -> str:
    """Flip-flops and memories."""
    memories = ""
    if result["memory_bits"]:
        count = sum(memory["count"] for memory in result["memories"])
        memories = f"; {result['memory_bits']} bits in {count} memories, not part of the area"
    return f"{result['flip_flop_bits']} flip-flops{memories}"


def _delay(result: dict[str, Any]) -> str:
    """What limits the clock."""
    path, deepest = result["critical_path"], result["deepest_path"]
    if path is not None:
        clock = result["clock_ns"]
        told = (
            ""
            if clock is None
            else f", {'meets' if result['meets_clock'] else 'misses'} {clock} ns"
        )
        said = f"{path['delay_ns']:.2f} ns ({1000 / path['delay_ns']:.0f} MHz{told})"
        return f"delay {said} by {path['tool']}, {path['start']} to {path['end']}"
    if result["library"] is not None:
        return "delay not known: the flat netlist is too large, or has no path"
    if deepest is None:
        return "logic depth not known: the flat netlist is too large"
    return f"logic depth {deepest['gates']} gates, {deepest['start']} to {deepest['end']}"


def _power(power: dict[str, Any]) -> str:
    total, period = power["total_mw"], power["clock_ns"]
    parts = ", ".join(f"{power[f'{kind}_mw']:.3g} {kind}" for kind in _POWER_PARTS)
    return (
        f"power {total:.3g} mW at {period:.3g} ns, {total * period:.4g} pJ per cycle ({parts});"
        f" {power['measured']:.1%} of activities measured"
    )


def _clocks(points: list[dict[str, Any]]) -> str:
    rows = [
        (
            f"{point['clock_ns']:.2f}",
            f"{point['delay_ns']:.2f}",
            "yes" if point["meets_clock"] else "no",
            round(point["area_um2"]),
        )
        for point in points
    ]
    return table(("clock ns", "delay ns", "met", "um2"), rows)

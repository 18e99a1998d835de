"""What a run costs, where that is asked for."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.accelerator.energy import EnergyTable
    from sim.technology import Technology

__all__ = ["Pricing", "add_cost", "cost_lines", "energy_table", "priced", "read_pricing"]


@dataclass(frozen=True)
class Pricing:
    """How costs are found.

    Parameters
    ----------
    technology : Technology
    liberty : Path or None
    """

    technology: "Technology"
    liberty: Path | None


def add_cost(parser: argparse.ArgumentParser) -> None:
    """``--cost``, ``--technology`` and ``--liberty``."""
    parser.add_argument(
        "--cost",
        action="store_true",
        help="tell area, clock, time and energy as well; the design is synthesized, once",
    )
    parser.add_argument(
        "--technology",
        metavar="T",
        help="cost: name of a process, or TOML file (default: 45nm)",
    )
    parser.add_argument(
        "--liberty",
        type=Path,
        metavar="FILE",
        help="cost: library of standard cells, .lib or .lib.gz, for area and delay of logic",
    )


def read_pricing(arguments: argparse.Namespace) -> Pricing | None:
    """What of it was given; None where no costs are asked for.

    Raises
    ------
    UserError
        If the technology is none.
    OSError
        If the library can not be read.
    """
    if not arguments.cost and arguments.technology is None and arguments.liberty is None:
        return None
    # Imported late, so that a run without costs is quick.
    from tilewright.synthesis import liberty_text
    from tilewright.technology import DEFAULT_TECHNOLOGY, find_technology

    technology = find_technology(arguments.technology or DEFAULT_TECHNOLOGY)
    # What can go wrong goes wrong before anything takes long.
    liberty_text(arguments.liberty)
    return Pricing(technology, arguments.liberty)


def energy_table(pricing: Pricing | None) -> "EnergyTable":
    """What operations and accesses take: as the technology has it that costs are asked for in."""
    from sim.accelerator.energy import HOROWITZ_45NM

    return HOROWITZ_45NM if pricing is None else pricing.technology.energy


def priced(
    result: dict[str, Any], pricing: Pricing | None, design: str, given: dict[str, str]
) -> dict[str, Any]:
    """A result with ``cost``, from its cycles and energy.

    Parameters
    ----------
    result : dict
        Of `tilewright.run`, `tilewright.simulate` or their like for accelerators.
    pricing : Pricing or None
    design : str
        Engine, preset or accelerator.
    given : dict
        What ``--set`` gave.
    """
    if pricing is None:
        return result
    from tilewright.costs import costs_of

    costs = costs_of(design, given, technology=pricing.technology, liberty=pricing.liberty)
    energy = result.get("energy_pj")
    if energy is None:
        energy = _bare_energy(result["layers"], pricing.technology)
    cost = costs.priced(result["total_cycles"], energy)
    return {**result, "cost": {**cost, "energy_node": pricing.technology.energy.dram.node}}


def _bare_energy(layers: list[dict[str, Any]], technology: "Technology") -> float:
    """Of an engine without local memories."""
    from sim.accelerator.energy import bare_energy

    ports = ("activation_bytes", "weight_bytes", "result_bytes")
    return bare_energy(
        sum(layer["macs"] for layer in layers),
        sum(layer[port] for layer in layers for port in ports),
        technology.energy,
    )


def cost_lines(result: dict[str, Any]) -> list[str]:
    """Area, and what an inference takes; empty where no costs were asked for."""
    if "cost" not in result:
        return []
    cost = result["cost"]
    cells = cost["library"] or "gates without a library"
    area = f"{cost['area_mm2']:.4g} mm2 ({cost['logic_mm2']:.4g} of logic, {cost['memory_mm2']:.4g}"
    lines = [f"area {area} of memories), {cells}, {cost['technology']}"]
    if cost["clock_ns"] is None:
        return [*lines, f"clock {cost['clock_by']}"]
    period, told_by = cost["clock_ns"], cost["clock_by"]
    lines.append(f"clock {period:.3g} ns ({1000 / period:.0f} MHz) by {told_by}")
    energy = f"{cost['energy_pj'] / 1e6:.4g} uJ ({cost['energy_node']}), {cost['power_mw']:.4g} mW"
    rate = f"{cost['inferences_per_second']:.4g} per second"
    return [*lines, f"{cost['time_ns'] / 1000:.4g} us, {rate}, {energy}"]

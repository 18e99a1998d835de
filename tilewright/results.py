"""Results of ``run`` and ``simulate``, read from their JSON for pictures and comparisons."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path, PurePath
from typing import Any

from golden.errors import UserError

__all__ = ["LayerResult", "Result", "Timeline", "load_result", "read_result"]

UNITS = ("load", "execute", "vector", "store")
"""Of an accelerator, in the order in which data meets them."""


@dataclass(frozen=True, kw_only=True)
class LayerResult:
    """Of one layer. What a bare engine does not have is None.

    Parameters
    ----------
    name : str
    cycles : int
    bound_by : str or None
    utilisation : float
        Fraction.
    macs : int or None
    dram_bytes : int or None
    energy_pj : float or None
    busy : mapping of str to float
        Of each unit, fraction of the cycles; empty for a bare engine.
    macs_per_byte : float or None
        None where no byte is moved as well.
    macs_per_cycle, roof : float or None
        What is reached, and what engine and memory together allow.
    """

    name: str
    cycles: int
    bound_by: str | None
    utilisation: float
    macs: int | None
    dram_bytes: int | None
    energy_pj: float | None
    busy: Mapping[str, float]
    macs_per_byte: float | None
    macs_per_cycle: float | None
    roof: float | None


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """How busy units are over time.

    Parameters
    ----------
    edges_cycles : sequence of int
        Where bins begin, and where the last ends.
    busy : mapping of str to sequence of float
        Of each unit, fraction of each bin.
    """

    edges_cycles: Sequence[int]
    busy: Mapping[str, Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What ``run`` or ``simulate`` found.

    Parameters
    ----------
    workload, target : str
        Model or workload, and the engine or accelerator.
    is_accelerator : bool
    command : str or None
        That gives it again.
    total_cycles : int
    utilisation : float or None
    dram_bytes : int or None
    energy_pj : float or None
    accuracy : float or None
    layers : tuple of LayerResult
    peak_macs_per_cycle, memory_bytes_per_cycle : float or None
    timeline : Timeline or None
        None for a bare engine.
    facts : mapping
        The whole JSON.
    """

    workload: str
    target: str
    is_accelerator: bool
    command: str | None
    total_cycles: int
    utilisation: float | None
    dram_bytes: int | None
    energy_pj: float | None
    accuracy: float | None
    layers: tuple[LayerResult, ...]
    peak_macs_per_cycle: float | None
    memory_bytes_per_cycle: float | None
    timeline: Timeline | None
    facts: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Workload, without its folder, and target."""
        return f"{PurePath(self.workload).name} on {self.target}"

    @property
    def ceilings(self) -> tuple[float, float] | None:
        """MACs per cycle and bytes per cycle, None for a bare engine.

        Engines that take narrow weights faster do more than their nominal peak: then it is the
        highest roof of a layer.
        """
        peak, bandwidth = self.peak_macs_per_cycle, self.memory_bytes_per_cycle
        if peak is None or bandwidth is None:
            return None
        return max([peak, *(layer.roof for layer in self.layers if layer.roof)]), bandwidth


def load_result(file: Path | str) -> Result:
    """The result in a file that ``--json`` was redirected to.

    Raises
    ------
    UserError
        If there is none in it.
    OSError
        If it can not be read.
    """
    try:
        plain = json.loads(Path(file).read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{file} is no JSON: {error}") from None
    return read_result(plain, str(file))


def read_result(plain: object, what: str = "this") -> Result:
    """The result that JSON values stand for.

    Parameters
    ----------
    plain : object
        What ``run`` and ``simulate`` write with ``--json``, and their functions return.
    what : str
        Its name in messages.

    Raises
    ------
    UserError
        If it is no result of these.
    """
    try:
        if not isinstance(plain, Mapping) or "total_cycles" not in plain:
            raise TypeError
        layers = tuple(_layer(layer) for layer in plain["layers"])
        return Result(
            workload=str(plain["model"] if "model" in plain else plain["workload"]),
            target=str(plain["accelerator"] if "accelerator" in plain else plain["engine"]),
            is_accelerator="accelerator" in plain,
            command=plain.get("command"),
            total_cycles=int(plain["total_cycles"]),
            utilisation=plain.get("utilisation"),
            dram_bytes=plain["dram_bytes"] if "dram_bytes" in plain else _dram_bytes(layers),
            energy_pj=plain.get("energy_pj"),
            accuracy=plain.get("accuracy"),
            layers=layers,
            peak_macs_per_cycle=plain.get("peak_macs_per_cycle"),
            memory_bytes_per_cycle=plain.get("memory_bytes_per_cycle"),
            timeline=_timeline(plain.get("timeline"), layers),
            facts=plain,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError(
            f"{what} is no result of run or simulate: write one with --json > FILE"
        ) from None


def _layer(plain: Mapping[str, Any]) -> LayerResult:
    roofline = plain.get("roofline", {})
    return LayerResult(
        name=str(plain["name"]),
        cycles=int(plain["cycles"]),
        bound_by=plain.get("bound_by"),
        utilisation=float(plain["utilisation"]),
        macs=plain.get("macs"),
        dram_bytes=_layer_bytes(plain),
        energy_pj=plain.get("energy_pj"),
        busy=plain.get("busy", {}),
        macs_per_byte=roofline.get("macs_per_byte"),
        macs_per_cycle=roofline.get("macs_per_cycle"),
        roof=roofline.get("roof"),
    )


def _layer_bytes(plain: Mapping[str, Any]) -> int | None:
    ports = ("activation_bytes", "weight_bytes", "result_bytes")
    if all(port in plain for port in ports):
        return sum(int(plain[port]) for port in ports)
    moved = plain.get("dram_bytes")
    return None if moved is None else int(moved)


def _dram_bytes(layers: Sequence[LayerResult]) -> int | None:
    known = [layer.dram_bytes for layer in layers if layer.dram_bytes is not None]
    return sum(known) if len(known) == len(layers) else None


def _timeline(plain: Mapping[str, Any] | None, layers: Sequence[LayerResult]) -> Timeline | None:
    """That of instructions, or else of layers, which is known of every run."""
    if plain is not None:
        length, busy = plain["bin_cycles"], plain["busy_cycles"]
        return Timeline(
            edges_cycles=[length * number for number in range(len(busy[UNITS[0]]) + 1)],
            busy={unit: [cycles / length for cycles in busy[unit]] for unit in UNITS},
        )
    if not layers or any(set(UNITS) - set(layer.busy) for layer in layers):
        return None
    return Timeline(
        edges_cycles=list(accumulate((layer.cycles for layer in layers), initial=0)),
        busy={unit: [layer.busy[unit] for layer in layers] for unit in UNITS},
    )

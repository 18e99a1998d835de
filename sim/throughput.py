"""What an engine does and moves in its steady state: full tiles, one behind the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from golden.contract import Dim, GoldenEngine, Job, Jobs, Layout, PortLayout, Width
from golden.errors import UserError
from sim.contract import TimedEngine

__all__ = ["Throughput", "throughput"]

_REPEATS = 64
"""Tiles; long enough that what comes before the steady state is over."""


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """Figures per multiply-accumulate (MAC), exact.

    Parameters
    ----------
    tile : Job
        That is done again and again.
    cycles_per_mac : Fraction
    bits_per_mac : mapping of str to Fraction
        That cross each port, by its name: words with an element, lanes without one left out.
    """

    tile: Job
    cycles_per_mac: Fraction
    bits_per_mac: Mapping[str, Fraction]

    @property
    def macs_per_cycle(self) -> Fraction:
        """Multiply-accumulates per cycle."""
        return 1 / self.cycles_per_mac


def throughput(
    golden: GoldenEngine,
    timed: TimedEngine,
    params: Any,
    *,
    m: int,
    k: int,
    widths: Mapping[Width, int] | None = None,
) -> Throughput:
    """Steady state of tiles with at most ``m`` rows and a K of at most ``k``.

    The difference between the cycles of a list of jobs and of twice that list, sources always
    valid, the sink always ready.

    Parameters
    ----------
    golden, timed : modules of the engine
    params : Params of that engine
    m : int
        Rows of the GEMM: 1 where a network takes one input at a time.
    k : int
        K of the GEMM; tiles are cut where the engine can not take it at one go.
    widths : mapping of Width to int, optional
        Bits of operands, for engines whose jobs say so; default: the widest.

    Raises
    ------
    UserError
        If ``m`` or ``k`` is below 1, or the engine takes no operands of these widths.
    """
    for name, size in (("m", m), ("k", k)):
        if size < 1:
            raise UserError(f"{name} must be at least 1, not {size}")
    ports = golden.layout(params)
    most = {dim: _most(ports, dim) for dim in Dim}
    sizes = min(m, most[Dim.M]), most[Dim.N], min(k, most[Dim.K])
    tiles = golden.jobs(params, *sizes)
    for width, bits in (widths or {}).items():
        _check_width(ports, width, bits)
        tiles = tiles.with_bits(width, bits)
    cycles = [
        timed.timing_sequence(params, tiles.repeated(count)) for count in (_REPEATS, 2 * _REPEATS)
    ]
    macs = tiles.macs
    return Throughput(
        tile=next(iter(tiles)),
        cycles_per_mac=Fraction(cycles[1] - cycles[0], macs * _REPEATS),
        bits_per_mac={
            name: Fraction(_bits(port, tiles), macs) for name, port in ports.streams.items()
        },
    )


def _most(ports: Layout, dim: Dim) -> int:
    """Longest tile along a dimension: as a job may say, or as lanes have room for."""
    told = [field.most for field in ports.job if field.dim is dim]
    lanes = [
        lane.count for port in ports.streams.values() for lane in port.lanes if lane.dim is dim
    ]
    return max(told or lanes)


def _check_width(ports: Layout, width: Width, bits: int) -> None:
    allowed = {field.dim: field.allowed for field in ports.job}
    if width not in allowed:
        raise UserError(f"jobs of this engine do not say {width.value}")
    if bits not in allowed[width]:
        choices = ", ".join(map(str, allowed[width]))
        raise UserError(f"{width.value} of this engine is one of {choices}, not {bits}")


def _bits(port: PortLayout, tiles: Jobs) -> int:
    """In words with an element that a list of jobs moves over a port."""
    return sum(_words(port, job) for job in tiles) * port.word_bits


def _words(port: PortLayout, job: Job) -> int:
    in_a_word = 1 if port.packing is None else port.packing.lanes
    lanes = port.elements(job) >= 0
    if port.tables is not None:
        table = port.tables.table
        return int(lanes.reshape(-1, table.group).any(axis=1).sum()) * table.size
    full = np.pad(lanes, ((0, 0), (0, port.words * in_a_word - port.width)))
    return int(full.reshape(-1, in_a_word).any(axis=1).sum())

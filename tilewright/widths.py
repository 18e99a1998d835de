"""Jobs of engines that are told how many bits operands have."""

from collections.abc import Mapping
from itertools import product

from golden.contract import Jobs, Layout, Width

__all__ = ["Widths", "width_choices", "with_widths"]

Widths = Mapping[Width, int]
"""Bits of operands; empty for engines that are not told."""


def width_choices(ports: Layout) -> list[Widths]:
    """Every combination of widths that a job may have; one that is empty where there are none."""
    told = {field.dim: field.allowed for field in ports.job if isinstance(field.dim, Width)}
    return [dict(zip(told, bits, strict=True)) for bits in product(*told.values())]


def with_widths(jobs: Jobs, widths: Widths) -> Jobs:
    """The same tiles, with operands of these widths."""
    for width, bits in widths.items():
        jobs = jobs.with_bits(width, bits)
    return jobs

"""Jobs of engines that are told how many bits operands have, or how long groups are."""

from collections.abc import Mapping
from itertools import product

from golden.contract import Group, JobField, Jobs, Layout, Width

__all__ = ["Settings", "setting_choices", "with_settings"]

Settings = Mapping[Width | Group, int]
"""Bits of operands and size of groups; empty for engines that are not told."""


def setting_choices(ports: Layout) -> list[Settings]:
    """Combinations of what a job may be told; one that is empty where that is nothing.

    All widths, and of groups the smallest, the largest, and one between them.
    """
    told = {field.dim: _some(field) for field in ports.job if isinstance(field.dim, (Width, Group))}
    return [dict(zip(told, values, strict=True)) for values in product(*told.values())]


def _some(field: JobField) -> list[int]:
    if field.dim is not Group.SIZE:
        return [*field.allowed]
    picked = {0, len(field.allowed) // 3, len(field.allowed) - 1}
    return [field.allowed[index] for index in sorted(picked)]


def with_settings(jobs: Jobs, settings: Settings) -> Jobs:
    """The same tiles, with operands and groups of these sizes."""
    for setting, value in settings.items():
        if isinstance(setting, Group):
            jobs = jobs.with_groups(value)
        else:
            jobs = jobs.with_bits(setting, value)
    return jobs

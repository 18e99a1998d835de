"""Scales and zero points to try on engines that apply them."""

import numpy as np

from golden.contract import Jobs, Layout, PortLayout
from golden.formats import Codes, FloatFormat

__all__ = ["draw_scales"]

_ODD = 0.05
"""Share of scales that are any code: zeros, subnormal and huge numbers, infinities, NaN."""

_EXTREMES = 0.1
_OCTAVES = (-8, 4)


def draw_scales(
    ports: Layout, jobs: Jobs, rng: np.random.Generator
) -> tuple[Codes | None, Codes | None]:
    """Codes for the ports of scales and of zero points.

    Parameters
    ----------
    ports : Layout
    jobs : Jobs
    rng : numpy Generator

    Returns
    -------
    scales, zero_points : ndarray of unsigned, shape (groups, N), or None
        With a row for every group and a column for every column of weights that a job has; None
        where the engine has no such port.
    """
    scales, zero_points = (
        None if port is None else _codes(port, _shape(port, jobs), rng)
        for port in (ports.scales, ports.zero_points)
    )
    return scales, zero_points


def _shape(port: PortLayout, jobs: Jobs) -> tuple[int, int]:
    tiles = [job.tile(port.operand) for job in jobs]
    return max(rows.stop for rows, _ in tiles), max(cols.stop for _, cols in tiles)


def _codes(port: PortLayout, shape: tuple[int, int], rng: np.random.Generator) -> Codes:
    format = port.format
    drawn = format.draw(rng, shape)
    if isinstance(format, FloatFormat):
        # Of numbers of all sizes a sum would show the largest alone.
        octaves = rng.integers(*_OCTAVES, shape)
        near = format.encode(
            rng.choice([-1.0, 1.0], shape) * np.ldexp(1 + rng.random(shape), octaves)
        )
        mixed: Codes = np.where(rng.random(shape) < _ODD, drawn, near)
    else:
        mixed = np.where(rng.random(shape) < _EXTREMES, rng.choice(format.extremes, shape), drawn)
    return mixed

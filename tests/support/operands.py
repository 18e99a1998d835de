"""Matrices for the jobs of any engine."""

import numpy as np

from golden.contract import Job, Jobs, Layout, Operand
from golden.formats import Codes, Format
from golden.quantized import QuantizedTensor
from tilewright.scales import draw_scales
from tilewright.stimulus import Stalls, Stimulus

__all__ = ["mixed_codes", "random_stimulus", "scaled_tensor", "tensor_of"]


def tensor_of(codes: Codes, format: Format) -> QuantizedTensor:
    """Codes that say their format."""
    return QuantizedTensor(codes=codes, format=format)


def scaled_tensor(
    ports: Layout, job: Job, weights: Codes, groups: tuple[Codes | None, Codes | None]
) -> QuantizedTensor:
    """Weights of a job's tile, with their part of the scales and zero points of a GEMM."""
    scales, points = (
        None if port is None or codes is None else port.format.decode(codes[job.tile(Operand.S)])
        for port, codes in zip((ports.scales, ports.zero_points), groups, strict=True)
    )
    return QuantizedTensor(
        codes=weights,
        format=ports.weights.format_of(job),
        group_size=job.group_size or None,
        scales=np.asarray(scales, np.float64),
        zero_points=None if points is None else np.asarray(points, np.int64),
    )


def random_stimulus(
    ports: Layout,
    jobs: Jobs,
    rng: np.random.Generator,
    name: str = "one job",
    stalls: tuple[Stalls, ...] = (Stalls(),),
    *,
    extremes: bool = False,
) -> Stimulus:
    """Mixed codes for jobs, with scales and zero points where the engine takes them."""
    m, n, k = (
        int(np.max(start + size))
        for start, size in ((jobs.m0, jobs.m), (jobs.n0, jobs.n), (jobs.k0, jobs.k))
    )
    first = next(iter(jobs))
    a, w = (
        mixed_codes(port.format_of(first), shape, axis, rng, extremes=extremes).astype(
            port.format.extremes.dtype
        )
        for port, shape, axis in ((ports.activations, (m, k), 0), (ports.weights, (k, n), 1))
    )
    for job in jobs:
        # Tiles of other widths have matrices of their own.
        for port, codes, axis in ((ports.activations, a, 0), (ports.weights, w, 1)):
            format = port.format_of(job)
            if format != port.format_of(first):
                tile = codes[job.tile(port.operand)]
                tile[:] = mixed_codes(format, tile.shape, axis, rng, extremes=extremes)
    scales, zero_points = draw_scales(ports, jobs, rng)
    return Stimulus(
        name=name, jobs=jobs, a=a, w=w, scales=scales, zero_points=zero_points, stalls=stalls
    )


def mixed_codes(
    format: Format,
    shape: tuple[int, int],
    axis: int,
    rng: np.random.Generator,
    *,
    extremes: bool = False,
) -> Codes:
    """Random codes; along ``axis`` some lines, or all, consist of one extreme value alone."""
    low, high = format.extremes
    codes = format.draw(rng, shape)
    lines = codes if axis == 0 else codes.T
    for index, line in enumerate(lines):
        if extremes:
            line[:] = high if index % 2 else low
        elif rng.random() < 0.4:
            line[:] = rng.choice([low, high])
        elif rng.random() < 0.2:
            line[:] = rng.choice([low, high], len(line))
    return codes

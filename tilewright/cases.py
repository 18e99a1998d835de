"""Which GEMMs to try on an engine: corners, extremes, disturbances, and random ones."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from golden.contract import Dim, Jobs, Layout, PortLayout
from golden.formats import Codes, Format
from tilewright.catalog import Engine
from tilewright.scales import draw_scales
from tilewright.settings import Settings, setting_choices, with_settings
from tilewright.stimulus import Stalls, Stimulus

__all__ = ["DISTURBANCES", "busy_stimulus", "choose_stimuli", "random_codes"]

DISTURBANCES = (
    Stalls(job=0.5, activations=0.3, weights=0.3, scales=0.3, zero_points=0.3, results=0.3),
    Stalls(results=0.7),
    Stalls(activations=0.7, zero_points=0.8),
    Stalls(weights=0.7, scales=0.8),
    Stalls(job=0.9),
    Stalls(lazy_sink=True),
    Stalls(activations=0.2, weights=0.2, lazy_sink=True),
)

_BUSY_TILES, _BUSY_LENGTH = 2, 16
"""Of a dimension that tiles have, and of one that they do not have."""

_BUSY_CYCLES = 256

BURST = 3
"""GEMMs of a random case that follow each other without a gap."""


def choose_stimuli(
    engine: Engine, params: Any, *, cases: int, outputs: int, seed: int
) -> list[Stimulus]:
    """The cases of a verification run.

    First the extremes of operands and sums, then every corner of the tile's shape, disturbed and
    undisturbed, a reset in the middle, then random GEMMs in bursts until there are ``cases`` of
    them and ``outputs`` outputs in all.

    Parameters
    ----------
    engine : Engine
    params : Params of that engine
    cases : int
        Random cases at least.
    outputs : int
        Undisturbed outputs at least.
    seed : int
    """
    rng = np.random.default_rng(seed)
    fixed = [*_extremes(engine, params, rng), *_corners(engine, params, rng)]
    stimuli = [*fixed]
    done = sum(_outputs(stimulus) for stimulus in fixed)
    index = 0
    while index < cases or done < outputs:
        index += 1
        stimulus = _burst(engine, params, rng, f"random {index}", index)
        stimuli.append(stimulus)
        done += _outputs(stimulus)
    return stimuli


def busy_stimulus(engine: Engine, params: Any, *, seed: int) -> Stimulus:
    """A GEMM of full tiles along each dimension, undisturbed, that takes a while.

    Settings are the widest.

    Parameters
    ----------
    engine : Engine
    params : Params of that engine
    seed : int
        Of the operands.
    """
    sizes = _tile_sizes(engine, params)
    m, n, k = (_BUSY_TILES * sizes.get(dim, _BUSY_LENGTH) for dim in (Dim.M, Dim.N, Dim.K))
    k = min(k, params.k_max)
    while engine.sim.timing(params, m, n, k) < _BUSY_CYCLES:
        m *= 2
    settings = setting_choices(engine.golden.layout(params))[-1]
    rng = np.random.default_rng(seed)
    return _gemm(engine, params, rng, "busy", (m, k, n), settings, (Stalls(),))


def random_codes(format: Format, shape: tuple[int, int], rng: np.random.Generator) -> Codes:
    """Random codes of a format, an extreme in every tenth place."""
    extremes = rng.choice(format.extremes, shape)
    mixed: Codes = np.where(rng.random(shape) < 0.1, extremes, format.draw(rng, shape))
    return mixed


def _outputs(stimulus: Stimulus) -> int:
    undisturbed = sum(stalls.none for stalls in stimulus.stalls)
    return undisturbed * int(np.sum(stimulus.jobs.m * stimulus.jobs.n))


def _extremes(engine: Engine, params: Any, rng: np.random.Generator) -> Iterator[Stimulus]:
    """The longest K, with rows and columns of smallest and of largest codes."""
    ports = engine.golden.layout(params)
    k = params.k_max
    for settings in setting_choices(ports):
        jobs = with_settings(engine.golden.jobs(params, 2, 2, k), settings)
        formats = _formats(ports, jobs)
        a = np.repeat(formats[0].extremes[:, np.newaxis], k, axis=1)
        w = np.repeat(formats[1].extremes[np.newaxis], k, axis=0)
        scales, zero_points = draw_scales(ports, jobs, rng)
        yield Stimulus(
            name=_named("extremes", settings),
            jobs=jobs,
            a=a,
            w=w,
            scales=scales,
            zero_points=zero_points,
        )


def _formats(ports: Layout, jobs: Jobs) -> tuple[Format, Format]:
    """Of both operands of jobs that are equally wide."""
    job = next(iter(jobs))
    return ports.activations.format_of(job), ports.weights.format_of(job)


def _named(name: str, settings: Settings) -> str:
    return " ".join((name, *(f"{setting.value}={value}" for setting, value in settings.items())))


def _full_tile(ports: PortLayout) -> dict[Dim, int]:
    return {lane.dim: lane.count for lane in ports.lanes if isinstance(lane.dim, Dim)}


def _tile_sizes(engine: Engine, params: Any) -> dict[Dim, int]:
    """Size of a full tile along each dimension that lanes run along."""
    ports = engine.golden.layout(params)
    sizes: dict[Dim, int] = {}
    for port in (ports.activations, ports.weights, ports.results):
        sizes.update(_full_tile(port))
    return sizes


def _corners(engine: Engine, params: Any, rng: np.random.Generator) -> Iterator[Stimulus]:
    """Every mixture of a size of one, a full tile and one beyond it, along each dimension."""
    sizes = _tile_sizes(engine, params)
    limit = {Dim.K: params.k_max}
    choices = []
    for dim in Dim:
        full = sizes.get(dim, 5)
        choices.append(sorted({min(size, limit.get(dim, size)) for size in (1, full, full + 1)}))
    corners = list(product(*choices))
    combinations = setting_choices(engine.golden.layout(params))
    for number, (m, n, k) in enumerate(corners):
        # Where there are fewer corners than disturbances, some get several.
        own = DISTURBANCES[number :: len(corners)] or (DISTURBANCES[number % len(DISTURBANCES)],)
        settings = combinations[number % len(combinations)]
        name = f"corner {m}x{k}x{n}"
        yield _gemm(engine, params, rng, name, (m, k, n), settings, (Stalls(), *own))
    m, n, k = (choice[-1] for choice in choices)
    jobs = engine.golden.jobs(params, m, n, k)
    cycles = engine.sim.timing_sequence(params, jobs)
    resets = sorted({1 + cycles * part // 5 for part in range(1, 5)})
    cut_short = tuple(entry for cycle in resets for entry in (Stalls(reset_after=cycle), Stalls()))
    name = f"reset in {m}x{k}x{n}"
    yield _gemm(engine, params, rng, name, (m, k, n), {}, cut_short)


def _gemm(
    engine: Engine,
    params: Any,
    rng: np.random.Generator,
    name: str,
    shape: tuple[int, int, int],
    settings: Settings,
    stalls: tuple[Stalls, ...],
) -> Stimulus:
    m, k, n = shape
    jobs = with_settings(engine.golden.jobs(params, m, n, k), settings)
    ports = engine.golden.layout(params)
    first, second = _formats(ports, jobs)
    scales, zero_points = draw_scales(ports, jobs, rng)
    return Stimulus(
        name=_named(name, settings),
        jobs=jobs,
        a=random_codes(first, (m, k), rng),
        w=random_codes(second, (k, n), rng),
        scales=scales,
        zero_points=zero_points,
        stalls=stalls,
    )


def _burst(
    engine: Engine, params: Any, rng: np.random.Generator, name: str, index: int
) -> Stimulus:
    """Some GEMMs of random shapes, job after job; every fourth is disturbed once more."""
    sizes = _tile_sizes(engine, params)
    longest = {dim: 3 * sizes.get(dim, 8) + 2 for dim in Dim}
    longest[Dim.K] = min(longest[Dim.K], params.k_max)
    longest[Dim.M] = max(longest[Dim.M], 40)
    ports = engine.golden.layout(params)
    combinations = setting_choices(ports)
    shapes = [
        tuple(int(rng.integers(1, longest[dim] + 1)) for dim in (Dim.M, Dim.N, Dim.K))
        for _ in range(BURST)
    ]
    deepest = max(k for _, _, k in shapes)
    lists, rows, columns = [], [], []
    row, col = 0, 0
    for number, (m, n, k) in enumerate(shapes, start=BURST * index):
        settings = combinations[number % len(combinations)]
        jobs = with_settings(engine.golden.jobs(params, m, n, k), settings)
        first, second = _formats(ports, jobs)
        rows.append(random_codes(first, (m, deepest), rng))
        columns.append(random_codes(second, (deepest, n), rng))
        lists.append(jobs.moved(row, col))
        row, col = row + m, col + n
    every = Jobs.concatenate(*lists)
    scales, zero_points = draw_scales(ports, every, rng)
    return Stimulus(
        name=name,
        jobs=every,
        a=np.concatenate(rows),
        w=np.concatenate(columns, axis=1),
        scales=scales,
        zero_points=zero_points,
        stalls=(Stalls(), DISTURBANCES[index % len(DISTURBANCES)])
        if index % 4 == 0
        else (Stalls(),),
    )

"""The engine contract as functions: each returns the problems that it finds, in words.

An engine passes if every list is empty. Nothing here knows a particular engine: sizes, ports and
formats come from what it publishes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from amaranth.hdl import Value
from amaranth.lib import wiring

from golden.contract import Dim, Group, Job, Jobs, Layout, Operand, Width
from golden.formats import Codes, IntFormat
from tests.support.operands import mixed_codes, random_stimulus, scaled_tensor, tensor_of
from tests.support.pysim import Played, play
from tests.support.schoolbook import plain_product, scaled_product
from tilewright.scales import draw_scales
from tilewright.settings import Settings, setting_choices, with_settings
from tilewright.stimulus import Stalls, Stimulus, build_vectors

__all__ = [
    "DISTURBANCES",
    "EngineParts",
    "Shape",
    "check",
    "check_golden",
    "check_rtl",
    "choose_shapes",
    "tile_limits",
]

Shape = tuple[int, int, int]
"""M, N and K of a GEMM."""

DISTURBANCES = (
    Stalls(job=0.5, activations=0.4, weights=0.4, scales=0.4, zero_points=0.4, results=0.4),
    Stalls(results=0.7),
    Stalls(activations=0.7, scales=0.8),
    Stalls(weights=0.7, zero_points=0.8),
    Stalls(job=0.9),
    Stalls(lazy_sink=True),
    Stalls(job=0.3, activations=0.3, weights=0.3, lazy_sink=True),
)

STREAM = 7
"""Longest tile that is tried along a dimension that only streams."""

TILES = 7
"""Tiles of a list that is not cut from one GEMM."""

WIDTHS = 24
"""Most combinations of widths in one list of jobs."""

RESETS = 12


class EngineParts(Protocol):
    """What is checked: an engine of the catalog, or one that was put together for a test."""

    @property
    def name(self) -> str: ...
    @property
    def golden(self) -> Any: ...
    @property
    def sim(self) -> Any: ...
    def component(self, params: Any) -> wiring.Component: ...


def check(
    engine: EngineParts,
    params: Any,
    rng: np.random.Generator,
    shapes: Sequence[Shape] | None = None,
) -> list[str]:
    """Everything about one design; the RTL only where what it is measured by is sound.

    Parameters
    ----------
    engine : EngineParts
    params : Params of that engine
    rng : numpy Generator
        Of tiles, data and disturbances.
    shapes : sequence of Shape, optional
        GEMMs; default: `choose_shapes`.
    """
    shapes = choose_shapes(engine, params, rng) if shapes is None else shapes
    problems = check_golden(engine, params, rng, shapes)
    return problems or check_rtl(engine, params, rng, shapes)


def choose_shapes(
    engine: EngineParts, params: Any, rng: np.random.Generator, count: int = 2
) -> list[Shape]:
    """A smallest GEMM, one just beyond a full tile in every dimension, and ``count`` others."""
    limits = tile_limits(engine.golden.layout(params))
    full = {dim: min(limit, STREAM) for dim, limit in limits.items()}
    most = {Dim.K: params.k_max}

    def size(dim: Dim, wanted: int) -> int:
        return max(1, min(wanted, most.get(dim, wanted)))

    beyond = tuple(size(dim, full[dim] + 1) for dim in Dim)
    others = [
        tuple(
            size(dim, int(rng.choice([full[dim] - 1, full[dim], 2 * full[dim] + 1]))) for dim in Dim
        )
        for _ in range(count)
    ]
    return [(1, 1, 1), *((m, n, k) for m, n, k in (beyond, *others))]


def tile_limits(ports: Layout) -> dict[Dim, int]:
    """Largest tile along each dimension: what the job port can say and what the lanes can hold."""
    limits: dict[Dim, int] = {}
    for field in ports.job:
        if isinstance(field.dim, (Width, Group)):
            continue
        limits[field.dim] = min(field.most, limits.get(field.dim, field.most))
    for port in ports.streams.values():
        along_beats = {beat.dim for beat in port.beats}
        for lane in port.lanes:
            if isinstance(lane.dim, Dim) and lane.dim not in along_beats:
                limits[lane.dim] = min(lane.count, limits.get(lane.dim, lane.count))
    return limits


def check_golden(
    engine: EngineParts, params: Any, rng: np.random.Generator, shapes: Sequence[Shape]
) -> list[str]:
    """Jobs, layout and arithmetic, and the timing of a GEMM against that of its jobs."""
    ports = engine.golden.layout(params)
    problems = _check_known_sizes(ports)
    combinations = setting_choices(ports)
    for index, (m, n, k) in enumerate(shapes):
        settings = combinations[index % len(combinations)]
        where = f"GEMM {_named((m, n, k), settings)}"
        jobs = with_settings(engine.golden.jobs(params, m, n, k), settings)
        found = [*_check_cover(jobs, (m, n, k)), *_check_limits(jobs, ports)]
        if not found:
            found = [
                *(problem for job in jobs for problem in _check_layout(ports, job)),
                *_check_product(engine, params, jobs, (m, n, k), rng),
                *_check_timing(engine, params, (m, n, k)),
            ]
        problems += [f"{where}: {problem}" for problem in found]
    return problems


def _named(shape: Shape, settings: Settings) -> str:
    m, n, k = shape
    said = (f"{setting.value}={value}" for setting, value in settings.items())
    return " ".join((f"M={m} N={n} K={k}", *said))


def _check_known_sizes(ports: Layout) -> list[str]:
    limits = tile_limits(ports)
    return [f"nothing tells or limits {dim.value} of a job" for dim in Dim if dim not in limits]


def _check_cover(jobs: Jobs, shape: Shape) -> list[str]:
    """Every product belongs to one job, and K of one result runs upwards."""
    m, n, k = shape
    times = np.zeros((m, n, k), dtype=np.int64)
    reached = np.zeros((m, n), dtype=np.int64)
    problems = []
    for job in jobs:
        rows, cols = job.tile(Operand.D)
        depth = job.tile(Operand.A)[1]
        times[rows, cols, depth] += 1
        if np.any(reached[rows, cols] != job.k0):
            problems.append(f"{job} does not continue the sums that it adds to")
        reached[rows, cols] = job.k0 + job.k
        if max(rows.stop - m, cols.stop - n, depth.stop - k) > 0:
            problems.append(f"{job} goes beyond the GEMM")
    if np.any(times != 1):
        problems.append(f"products are computed {times.min()} to {times.max()} times, not once")
    return problems


def _check_limits(jobs: Jobs, ports: Layout) -> list[str]:
    limits = tile_limits(ports)
    return [
        f"{job} has {dim.value} beyond 1 to {limits[dim]}"
        for job in jobs
        for dim in Dim
        if dim in limits and not 1 <= job.size(dim) <= limits[dim]
    ]


def _check_layout(ports: Layout, job: Job) -> list[str]:
    """Each element of a tile is in one lane of one beat, and no beat is empty."""
    problems = []
    for name, port in ports.streams.items():
        elements = port.elements(job)
        digits = -(-port.format_of(job).bits // port.lane_bits)
        size = digits * job.size(port.operand.dims[0]) * job.size(port.operand.dims[1])
        carried = elements * digits + port.digits(job)
        used = np.sort(carried[elements >= 0])
        if elements.ndim != 2 or elements.shape[1] != port.width:
            problems.append(f"{name}: {elements.shape} is not beats of {port.width} lanes")
        if not np.array_equal(used, np.arange(size)):
            problems.append(f"{name} does not carry each of {size} elements once: {used}")
        if np.any(np.all(elements < 0, axis=1)):
            problems.append(f"{name} has a beat that carries nothing")
    code = ports.job_code(job)
    for field in ports.job:
        if code & ((1 << field.bits) - 1) != job.size(field.dim):
            problems.append(f"the job's code does not say {field.dim.value}={job.size(field.dim)}")
        code >>= field.bits
    if code:
        problems.append("the job's code has more bits than its fields")
    return [f"{job}: {problem}" for problem in problems]


def _check_product(
    engine: EngineParts, params: Any, jobs: Jobs, shape: Shape, rng: np.random.Generator
) -> list[str]:
    """The whole product against its tiles, and against the schoolbook."""
    m, n, k = shape
    ports = engine.golden.layout(params)
    job = next(iter(jobs))
    first, second = ports.activations.format_of(job), ports.weights.format_of(job)
    a, w = mixed_codes(first, (m, k), 0, rng), mixed_codes(second, (k, n), 1, rng)
    c = mixed_codes(ports.results.format, (m, n), 0, rng)
    groups = draw_scales(ports, jobs, rng)
    given = a.copy(), w.copy(), c.copy()

    def matmul(job: Job, c: Codes | None = None) -> Codes:
        weights = w[job.tile(Operand.W)]
        activations = a[job.tile(Operand.A)]
        if ports.scales is not None:
            tensor = scaled_tensor(ports, job, weights, groups)
            return engine.golden.matmul(params, tensor_of(activations, first), tensor, c)
        operands = (
            codes if port.format == format else tensor_of(codes, format)
            for codes, port, format in (
                (activations, ports.activations, first),
                (weights, ports.weights, second),
            )
        )
        return engine.golden.matmul(params, *operands, c)

    gemm = replace(job, m=m, n=n, k=k, m0=0, n0=0, k0=0)
    whole, whole_c = (matmul(gemm, start) for start in (None, c))
    problems = []
    if not all(np.array_equal(*pair) for pair in zip(given, (a, w, c), strict=True)):
        problems.append("matmul changes its arguments")
    if whole.dtype != ports.results.format.extremes.dtype or whole.shape != (m, n):
        problems.append(f"matmul gives {whole.dtype} {whole.shape}, not codes of the results")
    chained = {"None": np.zeros_like(whole), "c": c.copy()}
    added = np.zeros((m, n), dtype=np.uint64)
    for job in jobs:
        tile = job.tile(Operand.D)
        for sums in chained.values():
            sums[tile] = matmul(job, sums[tile])
        added[tile] += matmul(job).astype(np.uint64)
    if not (np.array_equal(chained["None"], whole) and np.array_equal(chained["c"], whole_c)):
        problems.append("tiles that continue each other's sums differ from the whole product")
    formats = first, second, ports.results.format
    if isinstance(formats[2], IntFormat):
        ones = np.uint64((1 << formats[2].bits) - 1)
        if not np.array_equal(added & ones, whole):
            problems.append("partial sums added modulo the accumulator differ from the product")
    tables = ports.activations.tables
    if tables is not None and tables.quantized:
        # Sums of rounded entries are not those of products; the engine's own tests have these.
        return problems
    for start, result in ((None, whole), (c, whole_c)):
        if ports.scales is not None:
            tensor = scaled_tensor(ports, gemm, w, groups)
            expected = scaled_product(a, w, start, formats, tensor)
        elif isinstance(formats[2], IntFormat):
            expected = plain_product(a, w, start, (first, second, formats[2]))
        else:
            continue
        if expected != result.tolist():
            problems.append("matmul differs from the schoolbook")
    return problems


def _check_timing(engine: EngineParts, params: Any, shape: Shape) -> list[str]:
    jobs = engine.golden.jobs(params, *shape)
    of_gemm = engine.sim.timing(params, *shape)
    of_jobs = engine.sim.timing_sequence(params, jobs)
    if type(of_gemm) is not int or type(of_jobs) is not int:
        return [f"cycles are int, not {type(of_gemm).__name__} and {type(of_jobs).__name__}"]
    if of_gemm != of_jobs:
        return [f"the GEMM takes {of_gemm} cycles, its jobs {of_jobs}"]
    return []


def check_rtl(
    engine: EngineParts, params: Any, rng: np.random.Generator, shapes: Sequence[Shape]
) -> list[str]:
    """Values, cycles, stream rules and resets of the RTL in Amaranth's simulator."""
    component = engine.component(params)
    ports = engine.golden.layout(params)
    problems = _check_widths(component, ports)
    if problems:
        one = engine.golden.jobs(params, 1, 1, 1)
        play(
            component,
            _vectors(engine, params, [_stimulus(engine, params, one, rng)], rng),
        )
        return problems
    stimuli = [*_stimuli(engine, params, rng, shapes)]
    played = play(component, _vectors(engine, params, stimuli, rng))
    problems = [problem for case in played for problem in case.problems]
    if engine.sim.DATA_INDEPENDENT:
        problems += _check_data_independence(played)
    return problems


def _check_widths(component: wiring.Component, ports: Layout) -> list[str]:
    wanted = {
        "job": sum(field.bits for field in ports.job),
        **{name: port.bits for name, port in ports.streams.items()},
    }
    found = {name: len(Value.cast(getattr(component, name).payload)) for name in wanted}
    return [
        f"port {name} has {found[name]} bits where the layout has {bits}"
        for name, bits in wanted.items()
        if found[name] != bits
    ]


def _check_data_independence(played: Sequence[Played]) -> list[str]:
    """Cases of one name run the same jobs, on other data."""
    cycles: dict[str, set[int | None]] = {}
    for case in played:
        if case.case.cycles is not None and not case.hang:
            cycles.setdefault(case.case.name, set()).add(case.cycles)
    return [
        f"{name}: cycles depend on the data: {sorted(map(str, seen))}"
        for name, seen in cycles.items()
        if len(seen) > 1
    ]


def _vectors(
    engine: EngineParts, params: Any, stimuli: Sequence[Stimulus], rng: np.random.Generator
) -> Any:
    seed = int(rng.integers(1 << 30))
    # A patched engine has the parts of an engine, but is none.
    return build_vectors(engine, params, stimuli, top=engine.name, seed=seed)  # type: ignore[arg-type]


def _stimulus(
    engine: EngineParts,
    params: Any,
    jobs: Jobs,
    rng: np.random.Generator,
    name: str = "one job",
    stalls: tuple[Stalls, ...] = (Stalls(),),
    *,
    extremes: bool = False,
) -> Stimulus:
    ports = engine.golden.layout(params)
    return random_stimulus(ports, jobs, rng, name, stalls, extremes=extremes)


def _stimuli(
    engine: EngineParts, params: Any, rng: np.random.Generator, shapes: Sequence[Shape]
) -> Iterator[Stimulus]:
    combinations = setting_choices(engine.golden.layout(params))
    for index, (m, n, k) in enumerate(shapes):
        settings = combinations[index % len(combinations)]
        jobs = with_settings(engine.golden.jobs(params, m, n, k), settings)
        disturbance = DISTURBANCES[index % len(DISTURBANCES)]
        name = _named((m, n, k), settings)
        yield _stimulus(engine, params, jobs, rng, name, (Stalls(), disturbance))
    longest = engine.golden.jobs(params, 2, 2, params.k_max)
    yield _stimulus(engine, params, longest, rng, f"longest K={params.k_max}", extremes=True)
    if combinations != [{}]:
        yield _stimulus(engine, params, _each_width(engine, params, rng), rng, "widths")
    tiles = _tiles(engine, params, rng)
    for stalls in ((), DISTURBANCES):
        yield _stimulus(engine, params, tiles, rng, "tiles", (Stalls(), *stalls))
    for thin in Dim:
        stalls = (Stalls(), Stalls(results=0.5), DISTURBANCES[0])
        jobs = _tiles(engine, params, rng, thin=thin)
        yield _stimulus(engine, params, jobs, rng, f"tiles with {thin.value}=1", stalls)
    for index in range(RESETS):
        # What a reset may leave behind matters most to short jobs in both places.
        jobs, after = (
            _tiles(engine, params, rng, thin=thin)
            for thin in (rng.permutation([None, *Dim])[index % 2], list(Dim)[index % 3])
        )
        cycle = 1 + int(rng.integers(engine.sim.timing_sequence(params, jobs)))
        cut_short = Stalls(results=0.8 * (index % 2), reset_after=cycle)
        yield _stimulus(engine, params, jobs, rng, f"reset {index}", (cut_short,))
        yield _stimulus(engine, params, after, rng, f"after reset {index}")


def _tiles(
    engine: EngineParts, params: Any, rng: np.random.Generator, *, thin: Dim | None = None
) -> Jobs:
    """Tiles of any sizes, each with matrices of its own; along ``thin`` all have the size 1."""
    ports = engine.golden.layout(params)
    limits = tile_limits(ports)
    limits[Dim.K] = min(limits[Dim.K], params.k_max)
    combinations = setting_choices(ports)
    count = TILES
    sizes = {
        dim: [1 if dim is thin else _some_size(min(limit, STREAM), rng) for _ in range(count)]
        for dim, limit in limits.items()
    }
    below, right = ([0, *np.cumsum(sizes[dim]).tolist()] for dim in (Dim.M, Dim.N))
    return Jobs.of(
        *(
            Job(
                m=sizes[Dim.M][index],
                n=sizes[Dim.N][index],
                k=sizes[Dim.K][index],
                m0=below[index],
                n0=right[index],
                **{width.value: bits for width, bits in rng.choice(combinations).items()},
            )
            for index in range(count)
        )
    )


def _each_width(engine: EngineParts, params: Any, rng: np.random.Generator) -> Jobs:
    """A small product in every combination of widths, one after the other.

    Of very many combinations, the narrowest, the widest and some others.
    """
    combinations = setting_choices(engine.golden.layout(params))
    if len(combinations) > WIDTHS:
        some = 1 + rng.permutation(len(combinations) - 2)[: WIDTHS - 2]
        combinations = [combinations[index] for index in (0, *some, -1)]
    lists = [
        with_settings(engine.golden.jobs(params, 2, 2, min(3, params.k_max)), settings).moved(
            2 * index, 2 * index
        )
        for index, settings in enumerate(combinations)
    ]
    return Jobs.concatenate(*lists)


def _some_size(most: int, rng: np.random.Generator) -> int:
    return int(rng.choice([1, most, int(rng.integers(1, most + 1))]))

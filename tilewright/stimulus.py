"""From matrices to test vectors: what each port of an engine carries, and what must come out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.contract import Dim, Group, Job, Jobs, Layout, Operand, PortLayout
from golden.formats import Codes
from golden.packing import pack
from golden.quantized import QuantizedTensor
from hw.bench.vectors import Case, Plan, Vectors
from tilewright.catalog import Engine

__all__ = ["Stalls", "Stimulus", "build_vectors", "port_bits"]

JOB = "job"
OUTPUT = "results"
MASK = "mask"

ELEMENTS_AT_ONCE = 1 << 20

_Beats: TypeAlias = NDArray[np.uint8]
"""Shape (beats, bytes)."""


@dataclass(frozen=True, kw_only=True)
class Stalls:
    """How a case disturbs the streams.

    Parameters
    ----------
    job, activations, weights, scales, zero_points, results : float
        Probability that the port pauses in a cycle.
    lazy_sink : bool
        The sink is ready only after it has seen a result.
    reset_after : int
        Cycle of a reset that ends the case; 0 for none.
    """

    job: float = 0.0
    activations: float = 0.0
    weights: float = 0.0
    scales: float = 0.0
    zero_points: float = 0.0
    results: float = 0.0
    lazy_sink: bool = False
    reset_after: int = 0

    @property
    def none(self) -> bool:
        """Whether nothing is disturbed, so that cycles can be compared."""
        return self == Stalls()


@dataclass(frozen=True, kw_only=True, eq=False)
class Stimulus:
    """Jobs to run back to back, with their matrices.

    Parameters
    ----------
    name : str
    jobs : Jobs
        Tiles of ``a`` and ``w``.
    a : ndarray of unsigned, shape (M, K)
        Codes of activations.
    w : ndarray of unsigned, shape (K, N)
        Codes of weights.
    scales, zero_points : ndarray of unsigned, shape (groups, N), optional
        Codes, where the engine takes some.
    stalls : tuple of Stalls
        The jobs run once for each entry.
    """

    name: str
    jobs: Jobs
    a: Codes
    w: Codes
    scales: Codes | None = None
    zero_points: Codes | None = None
    stalls: tuple[Stalls, ...] = (Stalls(),)


def build_vectors(
    engine: Engine, params: Any, stimuli: Sequence[Stimulus], *, top: str, seed: int
) -> Vectors:
    """Vectors for the bench.

    Parameters
    ----------
    engine : Engine
    params : Params of that engine
    stimuli : sequence of Stimulus
    top : str
        Name of the Verilog module.
    seed : int
        Of stalls, of unused lanes, and of what idle ports carry.
    """
    rng = np.random.default_rng(seed)
    ports = engine.golden.layout(params)
    bits = port_bits(ports)
    rows: dict[str, list[_Beats]] = {port: [] for port in (*bits, MASK)}
    counts = dict.fromkeys(rows, 0)
    cases: list[Case] = []
    for stimulus in stimuli:
        before = dict(counts)
        for jobs in _blocks(stimulus.jobs):
            for port, beats in _all_beats(engine, params, ports, stimulus, jobs, rng).items():
                rows[port].append(beats)
                counts[port] += len(beats)
        cycles = engine.sim.timing_sequence(params, stimulus.jobs)
        cases.extend(
            Case(
                name=stimulus.name,
                beats={port: (before[port], counts[port]) for port in bits},
                cycles=cycles if stalls.none else None,
                stalls={port: getattr(stalls, port) for port in bits},
                lazy_sink=stalls.lazy_sink,
                reset_after=stalls.reset_after,
            )
            for stalls in stimulus.stalls
        )
    shortest = engine.golden.jobs(params, 1, 1, 1)
    sizes, _ = _sizes(Jobs.concatenate(*(stimulus.jobs for stimulus in stimuli)))
    one_job = max(engine.sim.timing_sequence(params, Jobs.of(size)) for size in sizes)
    return Vectors(
        plan=Plan(
            top=top,
            bits=bits,
            lane_bits=ports.results.format.bits,
            # A job with all its ports stalled moves at least a beat in a fraction of this.
            patience_cycles=20 * one_job + 200,
            # What is still on its way comes within the time of the shortest job.
            listen_cycles=4 * engine.sim.timing_sequence(params, shortest),
            seed=seed,
            cases=tuple(cases),
        ),
        beats={port: np.concatenate(rows[port]) for port in bits},
        mask=np.concatenate(rows[MASK]),
    )


def port_bits(ports: Layout) -> dict[str, int]:
    """Payload bits of every port."""
    return {
        JOB: sum(field.bits for field in ports.job),
        **{name: port.bits for name, port in ports.streams.items()},
    }


def _blocks(jobs: Jobs) -> Iterator[Jobs]:
    """The list in pieces that are worked on at once, to need little memory."""
    volume = np.cumsum(jobs.m * jobs.k + jobs.k * jobs.n + jobs.m * jobs.n)
    cuts = np.flatnonzero(np.diff(volume // ELEMENTS_AT_ONCE)) + 1
    columns = {column.name: getattr(jobs, column.name) for column in fields(jobs)}
    for start, end in pairwise([0, *cuts.tolist(), len(jobs)]):
        yield Jobs(**{name: column[start:end] for name, column in columns.items()})


def _sizes(jobs: Jobs) -> tuple[list[Job], NDArray[np.int64]]:
    """Sizes that occur, and for each job which of them it has."""
    names = ("m", "n", "k", "activation_bits", "weight_bits", "group_size")
    columns = np.stack([getattr(jobs, name) for name in names], axis=1)
    sizes, which = np.unique(columns, axis=0, return_inverse=True)
    return [Job(**dict(zip(names, row, strict=True))) for row in sizes.tolist()], which.ravel()


def _all_beats(
    engine: Engine,
    params: Any,
    ports: Layout,
    stimulus: Stimulus,
    jobs: Jobs,
    rng: np.random.Generator,
) -> dict[str, _Beats]:
    """Beats of every port, and the mask, for some jobs of a stimulus."""
    sizes, which = _sizes(jobs)
    results = _Elements.of(ports.results, sizes, which)
    expected = _results(engine, params, stimulus, jobs)
    starts = np.cumsum(jobs.m * jobs.n) - jobs.m * jobs.n
    values = expected[np.maximum(results.index, 0) + starts[results.job, np.newaxis]]
    bits = ports.results.format.bits
    ones = np.uint64((1 << bits) - 1)
    return {
        JOB: _job_beats(ports, sizes)[which],
        **{
            name: _operand_beats(
                port, _matrix(stimulus, port.operand), _origin(port, jobs), sizes, which, rng
            )
            for name, port in ports.inputs.items()
        },
        OUTPUT: pack(np.where(results.used, values, 0), bits),
        MASK: pack(np.where(results.used, ones, np.uint64(0)), bits),
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class _Elements:
    """What the lanes of a port carry, beat after beat, for some jobs.

    Parameters
    ----------
    index : ndarray of int64, shape (beats, lanes)
        Row-major index into the tile of the job; -1 where a lane carries nothing.
    digit : ndarray of int64, shape (beats, lanes)
        Number of the code's digit.
    job : ndarray of int64, shape (beats,)
        Number of the job that a beat belongs to.
    """

    index: NDArray[np.int64]
    digit: NDArray[np.int64]
    job: NDArray[np.int64]

    @property
    def used(self) -> NDArray[np.bool_]:
        """Where a lane carries something."""
        return self.index >= 0

    @classmethod
    def of(cls, port: PortLayout, sizes: Sequence[Job], which: NDArray[np.int64]) -> "_Elements":
        """For jobs of ``sizes[which]``."""
        elements = [port.elements(size) for size in sizes]
        digits = [port.digits(size) for size in sizes]
        beats = np.array([len(rows) for rows in elements])
        return cls(
            index=np.concatenate([elements[size] for size in which]),
            digit=np.concatenate([digits[size] for size in which]),
            job=np.repeat(np.arange(len(which)), beats[which]),
        )


def _matrix(stimulus: Stimulus, operand: Operand) -> Codes:
    """Codes of an operand.

    Raises
    ------
    ValueError
        If the engine takes one that the stimulus does not have.
    """
    matrix = {
        Operand.A: stimulus.a,
        Operand.W: stimulus.w,
        Operand.S: stimulus.scales,
        Operand.Z: stimulus.zero_points,
    }[operand]
    if matrix is None:
        raise ValueError(f"{stimulus.name}: there is no matrix {operand.value.upper()}")
    return matrix


def _origin(port: PortLayout, jobs: Jobs) -> tuple[NDArray[np.int64], ...]:
    """First row, first column, and columns of each job's tile of the port's matrix."""
    starts = {
        Dim.M: jobs.m0,
        Dim.N: jobs.n0,
        Dim.K: jobs.k0,
        Group.COUNT: jobs.k0 // np.maximum(jobs.group_size, 1),
    }
    row, col = port.operand.dims
    return starts[row], starts[col], jobs.k if col is Dim.K else jobs.n


def _job_beats(ports: Layout, sizes: Sequence[Job]) -> _Beats:
    """The job port's beat for each size."""
    octets = -(-sum(field.bits for field in ports.job) // 8)
    codes = b"".join(ports.job_code(size).to_bytes(octets, "little") for size in sizes)
    return np.frombuffer(codes, dtype=np.uint8).reshape(len(sizes), octets)


def _operand_beats(
    port: PortLayout,
    matrix: Codes,
    tiles: tuple[NDArray[np.int64], ...],
    sizes: Sequence[Job],
    which: NDArray[np.int64],
    rng: np.random.Generator,
) -> _Beats:
    """Beats of an operand; lanes that carry nothing carry random bits, or codes in packed words.

    Of a word that does not hold every mixture of codes, such lanes leave the others their place.

    ``tiles`` are as `_origin` gives them.
    """
    elements = _Elements.of(port, sizes, which)
    row0, col0, cols = (column[elements.job, np.newaxis] for column in tiles)
    row, col = np.divmod(np.maximum(elements.index, 0), cols)
    bits = port.lane_bits
    if port.packing is None or port.digit_bits is not None:
        noise = rng.integers(0, 1 << bits, elements.index.shape, dtype=np.uint64)
    else:
        noise = port.format.draw(rng, elements.index.shape).astype(np.uint64)
    codes = matrix[row0 + row, col0 + col].astype(np.uint64)
    digits = codes >> (elements.digit * bits).astype(np.uint64) & np.uint64((1 << bits) - 1)
    if port.tables is not None:
        return port.pack(np.where(elements.used, digits, 0), elements.job)
    lanes: Codes = np.where(elements.used, digits, noise)
    if port.packing is not None:
        # A neighbour that carries nothing must not spoil what is in the same word.
        alone = np.where(elements.used, digits, 0)
        differs = port.unpack(port.pack(lanes)) != port.unpack(port.pack(alone))
        spoilt = np.any(differs & elements.used, axis=1)
        lanes[spoilt] = alone[spoilt]
    return port.pack(lanes)


def _results(engine: Engine, params: Any, stimulus: Stimulus, jobs: Jobs) -> Codes:
    """Result tiles of the jobs, each in row-major order, one after the other.

    A result depends on nothing but a row of ``a`` and a column of ``w``, so that tiles with an
    operand in common are computed as one product.
    """
    settings = jobs.activation_bits, jobs.weight_bits, jobs.group_size
    same_a, same_w = (
        _groups(np.stack(columns, axis=1))
        for columns in (
            (jobs.m0, jobs.m, jobs.k0, jobs.k, *settings),
            (jobs.n0, jobs.n, jobs.k0, jobs.k, *settings),
        )
    )
    ports = engine.golden.layout(params)
    every = list(jobs)
    tiles: list[Codes] = [np.empty(0, np.uint8)] * len(every)
    along = 1 if len(same_a) <= len(same_w) else 0
    for group in same_a if along else same_w:
        members = [every[number] for number in group]
        # Whichever operand is common is the same for every member.
        rows, cols = (members[:1], members) if along else (members, members[:1])
        ends = np.cumsum([job.n for job in cols] if along else [job.m for job in rows])
        a = np.concatenate([stimulus.a[job.tile(Operand.A)] for job in rows])
        first = _operand(ports.activations, a, members[0])
        product = engine.golden.matmul(params, first, _weights(ports, stimulus, cols))
        for number, tile in zip(group, np.split(product, ends[:-1], axis=along), strict=True):
            tiles[number] = tile.ravel()
    return np.concatenate(tiles)


def _operand(port: PortLayout, codes: Codes, job: Job) -> Codes | QuantizedTensor:
    """Codes, with their format where the job says how many bits they have."""
    format = port.format_of(job)
    return codes if format == port.format else QuantizedTensor(codes=codes, format=format)


def _weights(ports: Layout, stimulus: Stimulus, jobs: Sequence[Job]) -> Codes | QuantizedTensor:
    """Weights of tiles beside each other, with scales and zero points where there are any."""

    def beside(port: PortLayout) -> Codes:
        matrix = _matrix(stimulus, port.operand)
        return np.concatenate([matrix[job.tile(port.operand)] for job in jobs], axis=1)

    codes = beside(ports.weights)
    if ports.scales is None:
        return _operand(ports.weights, codes, jobs[0])
    points = ports.zero_points
    return QuantizedTensor(
        codes=codes,
        format=ports.weights.format_of(jobs[0]),
        group_size=jobs[0].group_size or None,
        scales=np.asarray(ports.scales.format.decode(beside(ports.scales)), np.float64),
        zero_points=None
        if points is None
        else np.asarray(points.format.decode(beside(points)), np.int64),
    )


def _groups(keys: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Numbers of the rows that are equal, for each row that occurs."""
    _, which, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    return np.split(np.argsort(which.ravel(), kind="stable"), np.cumsum(counts)[:-1])

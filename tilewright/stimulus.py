"""From matrices to test vectors: what each port of an engine carries, and what must come out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.contract import Job, Jobs, Layout, Operand, PortLayout
from golden.formats import Codes
from golden.packing import pack
from hw.bench.vectors import Case, Plan, Vectors
from tilewright.catalog import Engine

__all__ = ["INPUTS", "PORTS", "Stalls", "Stimulus", "build_vectors", "port_bits"]

INPUTS = ("job", "activations", "weights")
OUTPUT = "results"
PORTS = (*INPUTS, OUTPUT)


@dataclass(frozen=True, kw_only=True)
class Stalls:
    """How a case disturbs the streams.

    Parameters
    ----------
    job, activations, weights, results : float
        Probability that the port pauses in a cycle.
    lazy_sink : bool
        The sink is ready only after it has seen a result.
    reset_after : int
        Cycle of a reset that ends the case; 0 for none.
    """

    job: float = 0.0
    activations: float = 0.0
    weights: float = 0.0
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
    stalls : tuple of Stalls
        The jobs run once for each entry.
    """

    name: str
    jobs: Jobs
    a: Codes
    w: Codes
    stalls: tuple[Stalls, ...] = (Stalls(),)


@dataclass
class _Rows:
    """Beats of all ports, gathered case by case."""

    beats: dict[str, list[NDArray[np.uint8]]] = field(
        default_factory=lambda: {port: [] for port in (*PORTS, "mask")}
    )
    count: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*PORTS, "mask"), 0))

    def add(self, port: str, rows: NDArray[np.uint8]) -> None:
        self.beats[port].append(rows)
        self.count[port] += len(rows)


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
    rows = _Rows()
    cases: list[Case] = []
    longest = 0
    for stimulus in stimuli:
        before = dict(rows.count)
        for job in stimulus.jobs:
            _add_job(engine, params, ports, job, stimulus, rows, rng)
        beats = {port: (before[port], rows.count[port]) for port in PORTS}
        cycles = engine.sim.timing_sequence(params, stimulus.jobs)
        longest = max(longest, cycles)
        cases.extend(
            Case(
                name=stimulus.name,
                beats=beats,
                cycles=cycles if stalls.none else None,
                stalls={port: getattr(stalls, port) for port in PORTS},
                lazy_sink=stalls.lazy_sink,
                reset_after=stalls.reset_after,
            )
            for stalls in stimulus.stalls
        )
    one_job = max(
        engine.sim.timing_sequence(params, Jobs.of(job))
        for job in {_sizes(job) for stimulus in stimuli for job in stimulus.jobs}
    )
    return Vectors(
        plan=Plan(
            top=top,
            bits=port_bits(ports),
            lane_bits=ports.results.format.bits,
            # A job with all its ports stalled moves at least a beat in a fraction of this.
            patience_cycles=20 * one_job + 200,
            seed=seed,
            cases=tuple(cases),
        ),
        beats={port: np.concatenate(rows.beats[port]) for port in PORTS},
        mask=np.concatenate(rows.beats["mask"]),
    )


def port_bits(ports: Layout) -> dict[str, int]:
    """Payload bits of every port."""
    return {
        "job": sum(field.bits for field in ports.job),
        "activations": ports.activations.bits,
        "weights": ports.weights.bits,
        "results": ports.results.bits,
    }


def _sizes(job: Job) -> Job:
    return Job(m=job.m, n=job.n, k=job.k)


def _add_job(
    engine: Engine,
    params: Any,
    ports: Layout,
    job: Job,
    stimulus: Stimulus,
    rows: _Rows,
    rng: np.random.Generator,
) -> None:
    code, code_bits = ports.job_code(job), sum(field.bits for field in ports.job)
    octets = code.to_bytes(-(-code_bits // 8), "little")
    a, w = stimulus.a[job.tile(Operand.A)], stimulus.w[job.tile(Operand.W)]
    d = engine.golden.matmul(params, a, w)
    rows.add("job", np.frombuffer(octets, dtype=np.uint8)[np.newaxis])
    rows.add("activations", _operand_beats(ports.activations, a, job, rng))
    rows.add("weights", _operand_beats(ports.weights, w, job, rng))
    elements = ports.results.elements(job)
    bits = ports.results.format.bits
    used = elements >= 0
    ones = np.uint64((1 << bits) - 1)
    rows.add(OUTPUT, pack(np.where(used, d.ravel()[elements], 0), bits))
    rows.add("mask", pack(np.where(used, ones, np.uint64(0)), bits))


def _operand_beats(
    port: PortLayout, tile: Codes, job: Job, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Beats of an operand; lanes that carry nothing carry random codes."""
    elements = port.elements(job)
    noise = rng.integers(0, 1 << port.format.bits, elements.shape, dtype=np.uint64)
    return pack(np.where(elements >= 0, tile.ravel()[elements], noise), port.format.bits)

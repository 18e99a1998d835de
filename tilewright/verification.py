"""Verification of an engine's Verilog against its golden model and its timing."""

import json
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from golden.errors import UserError
from golden.params import to_plain
from hw.bench.simulators import TRACE_FORMATS, Simulator, find_simulator
from hw.bench.vectors import Vectors, read_vectors, write_vectors
from hw.bench.verdict import CaseReport, judge
from hw.emit import emit_verilog
from hw.simulate import play_vectors, port_names
from tilewright.building import built_verilog
from tilewright.caching import Cache, cache_key, default_cache
from tilewright.cases import choose_stimuli
from tilewright.catalog import Engine, find_design
from tilewright.emission import emitted_engine
from tilewright.files import as_path
from tilewright.stimulus import build_vectors, port_bits

__all__ = [
    "BenchRun",
    "CaseReport",
    "Verification",
    "built_bench",
    "play",
    "verify",
    "verify_vectors",
]

OUTPUTS = 10_000
"""Undisturbed outputs that a run checks at least."""

CASES = 24


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Result of a verification run.

    Parameters
    ----------
    engine : str
    params : mapping
    level : str
        What ran: ``rtl`` or ``gates``.
    simulator, simulator_version : str
    seed : int
    cases : int
        Runs of jobs, disturbed ones included.
    outputs_checked : int
        Results compared with the golden model.
    mismatches : int
        Wrong and missing results, and broken stream rules.
    cycle_mismatches : int
        Undisturbed cases whose cycles differ from the timing.
    cycles : int
        Clock cycles simulated.
    seconds, build_seconds : float
        Of wall time: all of it, and building the simulator (0 when it was cached).
    cycles_per_second : float
        Checked cycles per second of the bench.
    failures : tuple of CaseReport
    saved : str or None
        File that replays the failed cases.
    replay : str or None
        Command that does so.
    """

    engine: str
    params: Mapping[str, Any]
    level: str
    simulator: str
    simulator_version: str
    seed: int
    cases: int
    outputs_checked: int
    mismatches: int
    cycle_mismatches: int
    cycles: int
    seconds: float
    build_seconds: float
    cycles_per_second: float
    failures: tuple[CaseReport, ...] = ()
    saved: str | None = None
    replay: str | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing was wrong."""
        return not (self.mismatches or self.cycle_mismatches)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "passed": self.passed}


def verify(
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    simulator: str = "verilator",
    gate_level: bool = False,
    cases: int = CASES,
    outputs: int = OUTPUTS,
    seed: int = 0,
    waves: Path | str | None = None,
    replay: Path | str | None = None,
    save_failures: Path | str = Path(),
    cache: Cache | None = None,
) -> Verification:
    """Generate an engine, run its Verilog, and compare values and cycles.

    Parameters
    ----------
    name : str
        Engine or preset.
    params : mapping, optional
        Params to set, as text or values.
    simulator : {"verilator", "icarus"}
    gate_level : bool
        Run what synthesis makes of the Verilog: gates without a library, all modules kept.
    cases : int
        Random cases at least, beside extremes, corners and resets.
    outputs : int
        Undisturbed outputs at least.
    seed : int
        Of everything random.
    waves : path, optional
        Where to write a trace, named ``.fst`` or ``.vcd``.
    replay : path, optional
        Vectors that an earlier run saved; they are played instead of chosen ones.
    save_failures : path
        Folder where failed cases are saved.
    cache : Cache, optional
        Where builds lie.

    Raises
    ------
    ValueError
        If the engine, a param or the replayed file is wrong.
    SimulatorError
        If the simulator is missing or too old.
    """
    begun = time.perf_counter()
    engine, design = find_design(name, params or {})
    waves, replay = as_path(waves), as_path(replay)
    _trace_format(waves)
    found = find_simulator(simulator)
    if replay is None:
        stimuli = choose_stimuli(engine, design, cases=cases, outputs=outputs, seed=seed)
        vectors = build_vectors(engine, design, stimuli, top=engine.name, seed=seed)
    else:
        vectors = _read_replay(replay, engine, design)
    result, failed = verify_vectors(
        engine, design, vectors, found, gate_level=gate_level, waves=waves, cache=cache
    )
    result = replace(result, seconds=time.perf_counter() - begun)
    if result.passed:
        return result
    digest = cache_key(json.dumps(to_plain(design)))[:8]
    saved = Path(save_failures, f"{engine.name}-{digest}-{seed}.npz")
    write_vectors(saved, failed)
    command = ["tilewright", "verify", engine.name]
    for key, value in to_plain(design).items():
        if value is not None:
            command += ["--set", f"{key}={value}"]
    command += [*(["--gate-level"] if gate_level else []), "--simulator", simulator]
    command += ["--replay", str(saved)]
    return replace(result, saved=str(saved), replay=shlex.join(command))


def built_bench(
    engine: Engine,
    params: Any,
    simulator: Simulator,
    *,
    gate_level: bool = False,
    waves: str | None = None,
    cache: Cache,
) -> Path:
    """Folder of the simulator built for this engine's Verilog, from the cache if it is there.

    Parameters
    ----------
    engine : Engine
    params : Params of that engine
    simulator : Simulator
    gate_level : bool
        Of its gates, in place of its RTL.
    waves : {"fst", "vcd"}, optional
        Format of the traces that it will be able to write.
    cache : Cache
    """
    if gate_level:
        # Imported late: most runs need none of it.
        from tilewright.synthesis import gate_verilog

        verilog = gate_verilog(emitted_engine(engine, params, cache), cache)
    else:
        verilog = emit_verilog(engine.component(params), engine.name)
    return built_verilog(
        verilog,
        engine.name,
        port_names([*port_bits(engine.golden.layout(params))]),
        simulator,
        waves=waves,
        cache=cache,
    )


@dataclass(frozen=True, kw_only=True)
class BenchRun:
    """What the bench said to some vectors.

    Parameters
    ----------
    reports : tuple of CaseReport
        One for each case of the plan.
    cycles : int
        Clock cycles simulated.
    seconds : float
        That they took.
    """

    reports: tuple[CaseReport, ...]
    cycles: int
    seconds: float

    @property
    def outputs_checked(self) -> int:
        """Results compared."""
        return sum(report.outputs_checked for report in self.reports)

    @property
    def mismatches(self) -> int:
        """Wrong and missing results, and broken stream rules."""
        return sum(report.mismatches + len(report.problems) for report in self.reports)

    @property
    def cycle_mismatches(self) -> int:
        """Undisturbed cases whose cycles differ from the timing."""
        return sum(report.cycle_mismatch for report in self.reports)


def play(
    simulator: Simulator, folder: Path, vectors: Vectors, *, waves: Path | None = None
) -> BenchRun:
    """Play ``vectors`` to the build in ``folder`` and judge what comes out."""
    record = play_vectors(simulator, vectors.plan.top, folder, vectors, trace=waves)
    return BenchRun(
        reports=judge(vectors.plan, record),
        cycles=sum(result["simulated_cycles"] for result in record["cases"]),
        seconds=record["seconds"],
    )


def verify_vectors(
    engine: Engine,
    params: Any,
    vectors: Vectors,
    simulator: Simulator,
    *,
    gate_level: bool = False,
    waves: Path | None = None,
    cache: Cache | None = None,
) -> tuple[Verification, Vectors]:
    """Play ``vectors`` to the engine's Verilog, or to its gates, and judge what comes out.

    Returns
    -------
    Verification
    Vectors
        Those of the failed cases.
    """
    begun = time.perf_counter()
    folder = built_bench(
        engine,
        params,
        simulator,
        gate_level=gate_level,
        waves=_trace_format(waves),
        cache=cache or default_cache(),
    )
    built = time.perf_counter()
    bench = play(simulator, folder, vectors, waves=waves)
    failed = {index for index, report in enumerate(bench.reports) if report.failed}
    verification = Verification(
        engine=engine.name,
        params=to_plain(params),
        level="gates" if gate_level else "rtl",
        simulator=simulator.name,
        simulator_version=simulator.version,
        seed=vectors.plan.seed,
        cases=len(bench.reports),
        outputs_checked=bench.outputs_checked,
        mismatches=bench.mismatches,
        cycle_mismatches=bench.cycle_mismatches,
        cycles=bench.cycles,
        seconds=time.perf_counter() - begun,
        build_seconds=built - begun,
        cycles_per_second=bench.cycles / bench.seconds,
        failures=tuple(bench.reports[index] for index in sorted(failed)),
    )
    plan = vectors.plan
    kept = tuple(case for index, case in enumerate(plan.cases) if index in failed)
    return verification, replace(vectors, plan=replace(plan, cases=kept))


def _trace_format(waves: Path | None) -> str | None:
    """Format of a trace by its file's name, checked before anything takes long."""
    if waves is None:
        return None
    suffix = waves.suffix.removeprefix(".")
    if suffix not in TRACE_FORMATS:
        raise UserError(f"a trace is named .fst or .vcd, not {waves.name!r}")
    if waves.is_dir() or not waves.resolve().parent.is_dir():
        raise UserError(f"a trace can not be written to {waves}: its folder must exist")
    return suffix


def _read_replay(path: Path, engine: Engine, params: Any) -> Vectors:
    """Saved vectors, if they are of this design."""
    try:
        vectors = read_vectors(path)
    except ValueError as error:
        raise UserError(str(error)) from None
    ports = engine.golden.layout(params)
    if vectors.plan.top != engine.name or vectors.plan.bits != port_bits(ports):
        raise UserError(f"{path} is of another design than {engine.name} with these params")
    return vectors

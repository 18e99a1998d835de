"""GEMMs on an engine's RTL, for tests of one engine."""

from collections.abc import Mapping

from golden.contract import Jobs
from golden.formats import Codes
from tests.support.pysim import play
from tilewright.catalog import find_engine
from tilewright.stimulus import Stimulus, build_vectors

__all__ = ["gemm", "run"]


def run(
    name: str,
    given: Mapping[str, str],
    jobs: Jobs,
    a: Codes,
    w: Codes,
    *,
    scales: Codes | None = None,
    zero_points: Codes | None = None,
) -> tuple[list[str], int | None]:
    """What is wrong when the RTL does the jobs, and the cycles that it took."""
    engine = find_engine(name)
    params = engine.params(given)
    stimulus = Stimulus(name=name, jobs=jobs, a=a, w=w, scales=scales, zero_points=zero_points)
    vectors = build_vectors(engine, params, [stimulus], top=name, seed=1)
    (played,) = play(engine.component(params), vectors)
    return played.problems, played.cycles


def gemm(name: str, given: Mapping[str, str], a: Codes, w: Codes) -> list[str]:
    """What is wrong when the RTL multiplies two matrices."""
    engine = find_engine(name)
    jobs = engine.golden.jobs(engine.params(given), len(a), w.shape[1], len(w))
    return run(name, given, jobs, a, w)[0]

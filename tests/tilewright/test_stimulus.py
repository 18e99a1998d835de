"""Vectors against the layout, read lane by lane."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.contract import Job, Jobs, Operand, PortLayout
from golden.formats import Codes
from golden.packing import unpack
from hw.bench.vectors import Vectors
from tests.support.designs import corner_params, drawn_params
from tilewright.cases import random_codes
from tilewright.catalog import find_engine
from tilewright.stimulus import Stalls, Stimulus, build_vectors, port_bits

ENGINE = find_engine("systolic")
CORNERS = corner_params(ENGINE.params_type)


def gemms(
    params: Any, shapes: Sequence[tuple[int, int, int]], *, seed: int = 0, **changes: Any
) -> Stimulus:
    """Products of (M, N, K) along the diagonal of a large one."""
    rng = np.random.default_rng(seed)
    ports = ENGINE.golden.layout(params)
    lists, row, col = [], 0, 0
    for m, n, k in shapes:
        lists.append(ENGINE.golden.jobs(params, m, n, min(k, params.k_max)).moved(row, col))
        row, col = row + m, col + n
    deepest = max(min(k, params.k_max) for _, _, k in shapes)
    return Stimulus(
        name=f"{len(shapes)} products",
        jobs=Jobs.concatenate(*lists),
        a=random_codes(ports.activations.format, (row, deepest), rng),
        w=random_codes(ports.weights.format, (deepest, col), rng),
        **changes,
    )


def vectors(params: Any, stimuli: Sequence[Stimulus], *, seed: int = 0) -> Vectors:
    return build_vectors(ENGINE, params, stimuli, top="top", seed=seed)


class Reader:
    """Reads the beats of one case, job by job."""

    def __init__(self, params: Any, built: Vectors, case: int) -> None:
        self.ports = ENGINE.golden.layout(params)
        self.built = built
        self.beats = built.plan.cases[case].beats
        self.position = {port: first for port, (first, _) in self.beats.items()}

    def read(self, name: str, job: Job) -> tuple[Codes, Codes, NDArray[np.int64]]:
        """Codes of a port's lanes, the mask's, and which element each lane has."""
        port: PortLayout = getattr(self.ports, name)
        elements = port.elements(job)
        rows = slice(self.position[name], self.position[name] + len(elements))
        self.position[name] = rows.stop
        codes = unpack(self.built.beats[name][rows], port.format.bits, port.width)
        mask = codes
        if name == "results":
            mask = unpack(self.built.mask[rows], port.format.bits, port.width)
        return codes, mask, elements

    def read_job(self) -> int:
        row = self.built.beats["job"][self.position["job"]]
        self.position["job"] += 1
        return int.from_bytes(row.tobytes(), "little")

    @property
    def at_end(self) -> bool:
        return self.position == {port: end for port, (_, end) in self.beats.items()}


def check_case(params: Any, built: Vectors, case: int, stimulus: Stimulus) -> None:
    """Every lane of every beat carries what the layout says."""
    reader = Reader(params, built, case)
    ones = (1 << reader.ports.results.format.bits) - 1
    for job in stimulus.jobs:
        assert reader.read_job() == reader.ports.job_code(job)
        a, w = stimulus.a[job.tile(Operand.A)], stimulus.w[job.tile(Operand.W)]
        for name, tile in (("activations", a), ("weights", w)):
            codes, _, elements = reader.read(name, job)
            used = elements >= 0
            assert np.array_equal(codes[used], tile.ravel()[elements[used]])
        codes, mask, elements = reader.read("results", job)
        used = elements >= 0
        expected = ENGINE.golden.matmul(params, a, w).ravel()
        assert np.array_equal(codes[used], expected[elements[used]])
        assert np.array_equal(mask, np.where(used, ones, 0))
    assert reader.at_end


@pytest.mark.parametrize("params", CORNERS, ids=range(len(CORNERS)))
def test_lanes_carry_what_the_layout_says(params: Any) -> None:
    stimuli = [
        gemms(params, [(1, 1, 1)]),
        gemms(params, [(7, 9, 5), (1, 2, 3), (6, 1, 9)]),
        gemms(params, [(2, 3, 4)], seed=1),
    ]
    built = vectors(params, stimuli)
    for case, stimulus in enumerate(stimuli):
        check_case(params, built, case, stimulus)
    assert len(built.mask) == len(built.beats["results"])
    ends = [case.beats[port] for case in built.plan.cases for port in built.plan.bits]
    assert max(end for _, end in ends) == max(len(rows) for rows in built.beats.values())


@settings(max_examples=40)
@given(
    params=drawn_params(ENGINE.params_type),
    shapes=st.lists(
        st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=3
    ),
    seed=st.integers(0, 99),
)
def test_any_design_and_any_jobs(
    params: Any, shapes: list[tuple[int, int, int]], seed: int
) -> None:
    stimulus = gemms(params, shapes, seed=seed)
    check_case(params, vectors(params, [stimulus], seed=seed), 0, stimulus)


def test_jobs_in_any_order_from_anywhere() -> None:
    """Tiles that repeat, overlap, and share an operand with others that are far from them."""
    params = CORNERS[0]
    whole = gemms(params, [(7, 9, 5)])
    order = np.random.default_rng(0).integers(0, len(whole.jobs), 3 * len(whole.jobs))
    every = list(whole.jobs)
    jobs = Jobs.of(*(every[number] for number in order))
    stimulus = Stimulus(name="shuffled", jobs=jobs, a=whole.a, w=whole.w)
    check_case(params, vectors(params, [stimulus]), 0, stimulus)


def test_pieces_that_are_worked_on_at_once_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    params = CORNERS[1]
    stimulus = gemms(params, [(7, 9, 5), (4, 4, 4)])
    whole = vectors(params, [stimulus])
    monkeypatch.setattr("tilewright.stimulus.ELEMENTS_AT_ONCE", 7)
    pieces = vectors(params, [stimulus])
    check_case(params, pieces, 0, stimulus)
    assert pieces.plan == whole.plan
    for port in ("job", "results"):
        assert np.array_equal(pieces.beats[port], whole.beats[port])


def test_the_plan() -> None:
    params = CORNERS[0]
    disturbed = Stalls(job=0.5, activations=0.25, weights=0.125, results=0.75, lazy_sink=True)
    stalls = (Stalls(), disturbed, Stalls(reset_after=3))
    stimulus = gemms(params, [(4, 4, 4)], stalls=stalls)
    plan = vectors(params, [stimulus], seed=17).plan
    assert (plan.top, plan.seed) == ("top", 17)
    assert plan.bits == port_bits(ENGINE.golden.layout(params))
    cycles = ENGINE.sim.timing_sequence(params, stimulus.jobs)
    assert [case.cycles for case in plan.cases] == [cycles, None, None]
    assert [case.reset_after for case in plan.cases] == [0, 0, 3]
    assert [case.lazy_sink for case in plan.cases] == [False, True, False]
    assert plan.cases[1].stalls == {
        "job": 0.5,
        "activations": 0.25,
        "weights": 0.125,
        "results": 0.75,
    }
    assert plan.cases[0].stalls == dict.fromkeys(plan.bits, 0.0)
    assert plan.cases[0].beats == plan.cases[1].beats
    assert plan.patience_cycles > cycles


def test_unused_lanes_carry_noise_of_the_seed() -> None:
    """The first column of tiles of one row leaves three of four lanes free."""
    params = ENGINE.params({"rows": 4, "cols": 4, "dataflow": "os"})
    stimulus = gemms(params, [(1, 1, 200)])
    same, again, other = (vectors(params, [stimulus], seed=seed) for seed in (1, 1, 2))
    job = next(iter(stimulus.jobs))
    for name in ("activations", "weights"):
        codes, _, elements = Reader(params, same, 0).read(name, job)
        free = codes[elements < 0]
        assert len(free) == 3 * 200
        assert len(np.unique(free)) > 200
        assert np.array_equal(same.beats[name], again.beats[name])
        assert not np.array_equal(same.beats[name], other.beats[name])


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_tiles_with_an_operand_in_common_are_computed_at_once(
    dataflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of jobs take few products, so that they cost microseconds each."""
    params = ENGINE.params({"rows": 1, "cols": 1, "k_max": 64, "dataflow": dataflow})
    stimulus = gemms(params, [(40, 40, 40)])
    matmul, calls = ENGINE.golden.matmul, []

    def counted(*arguments: Any) -> Codes:
        calls.append(arguments)
        return matmul(*arguments)

    monkeypatch.setattr(ENGINE.golden, "matmul", counted)
    vectors(params, [stimulus])
    assert len(stimulus.jobs) == 1600
    assert len(calls) <= 40

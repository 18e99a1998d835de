"""What the cases of a verification run must have, for any design."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.contract import Operand
from tests.support.designs import corner_params, drawn_params
from tilewright.cases import DISTURBANCES, choose_stimuli, random_codes
from tilewright.catalog import find_engine
from tilewright.stimulus import Stalls, Stimulus

ENGINE = find_engine("systolic")
CORNERS = corner_params(ENGINE.params_type)


def undisturbed_outputs(stimuli: Sequence[Stimulus]) -> int:
    return sum(
        job.m * job.n
        for stimulus in stimuli
        for stalls in stimulus.stalls
        for job in stimulus.jobs
        if stalls == Stalls()
    )


def check(params: Any, stimuli: Sequence[Stimulus], cases: int, outputs: int) -> None:
    ports = ENGINE.golden.layout(params)
    assert undisturbed_outputs(stimuli) >= outputs
    assert sum(stimulus.name.startswith("random") for stimulus in stimuli) >= cases
    for port, operand in ((ports.activations, Operand.A), (ports.weights, Operand.W)):
        matrices = [s.a if operand is Operand.A else s.w for s in stimuli]
        seen = np.unique(np.concatenate([matrix.ravel() for matrix in matrices]))
        assert set(port.format.extremes) <= set(seen)
        assert int(seen.max()) < 1 << port.format.bits
    for stimulus in stimuli:
        for job in stimulus.jobs:
            for matrix, operand in ((stimulus.a, Operand.A), (stimulus.w, Operand.W)):
                rows, cols = job.tile(operand)
                assert rows.stop <= matrix.shape[0]
                assert cols.stop <= matrix.shape[1]
            ports.job_code(job)
    tried = {stalls for stimulus in stimuli for stalls in stimulus.stalls}
    assert set(DISTURBANCES) <= tried
    assert sum(bool(stalls.reset_after) for stalls in tried) >= 2


def check_sums(params: Any, stimuli: Sequence[Stimulus]) -> None:
    """Whole products reach the smallest and the largest sum that there is."""
    sums = [
        params.activation.decode(s.a[:, : params.k_max]) @ params.weight.decode(s.w)
        for s in stimuli
        if s.a.shape[1] == params.k_max
    ]
    reached = np.concatenate([matrix.ravel() for matrix in sums])
    assert (reached.min(), reached.max()) == params.sum_range(params.k_max)


@pytest.mark.parametrize("params", CORNERS, ids=range(len(CORNERS)))
def test_corners_of_the_params(params: Any) -> None:
    stimuli = choose_stimuli(ENGINE, params, cases=3, outputs=400, seed=1)
    check(params, stimuli, 3, 400)
    check_sums(params, stimuli)


@settings(max_examples=20)
@given(
    params=drawn_params(ENGINE.params_type),
    cases=st.integers(1, 5),
    outputs=st.integers(1, 900),
    seed=st.integers(0, 99),
)
def test_any_design(params: Any, cases: int, outputs: int, seed: int) -> None:
    stimuli = choose_stimuli(ENGINE, params, cases=cases, outputs=outputs, seed=seed)
    check(params, stimuli, cases, outputs)
    check_sums(params, stimuli)


def test_every_tile_corner_is_tried_with_and_without_disturbance() -> None:
    params = ENGINE.params({"rows": 3, "cols": 4, "dataflow": "ws", "k_max": 16})
    stimuli = choose_stimuli(ENGINE, params, cases=1, outputs=1, seed=0)
    corners = [s for s in stimuli if s.name.startswith("corner")]
    shapes = {(s.a.shape[0], s.a.shape[1], s.w.shape[1]) for s in corners}
    # K lies along the rows, N along the columns; M streams, where 5 stands for a full tile.
    assert shapes == {(m, k, n) for m in (1, 5, 6) for k in (1, 3, 4) for n in (1, 4, 5)}
    assert all(len(s.stalls) == 2 and s.stalls[0] == Stalls() for s in corners)


def test_the_largest_k_limits_the_corners() -> None:
    params = ENGINE.params({"rows": 4, "cols": 4, "dataflow": "ws", "k_max": 2})
    stimuli = choose_stimuli(ENGINE, params, cases=4, outputs=1, seed=0)
    assert max(s.a.shape[1] for s in stimuli) == 2


def test_random_cases_are_bursts_of_products_back_to_back() -> None:
    params = ENGINE.params({"rows": 3, "cols": 4, "k_max": 16})
    stimuli = choose_stimuli(ENGINE, params, cases=6, outputs=1, seed=0)
    bursts = [s for s in stimuli if s.name.startswith("random")]
    assert len(bursts) == 6
    for burst in bursts:
        starts = {(m0, n0) for m0, n0 in zip(burst.jobs.m0, burst.jobs.n0, strict=True)}
        assert len(starts) >= 3
    assert sum(len(burst.stalls) == 2 for burst in bursts) == 1


def test_a_reset_is_followed_by_the_same_jobs_undisturbed() -> None:
    params = ENGINE.params({"rows": 3, "cols": 4, "k_max": 16})
    (reset,) = (
        s
        for s in choose_stimuli(ENGINE, params, cases=1, outputs=1, seed=0)
        if s.name.startswith("reset")
    )
    cycles = ENGINE.sim.timing_sequence(params, reset.jobs)
    assert reset.stalls[1::2] == (Stalls(),) * 4
    assert all(0 < stalls.reset_after < cycles for stalls in reset.stalls[::2])


def test_the_seed_decides_everything() -> None:
    params = CORNERS[0]
    first, again, other = (
        choose_stimuli(ENGINE, params, cases=3, outputs=1, seed=seed) for seed in (4, 4, 5)
    )
    for one, two in zip(first, again, strict=True):
        assert (one.name, list(one.jobs), one.stalls) == (two.name, list(two.jobs), two.stalls)
        assert np.array_equal(one.a, two.a)
        assert np.array_equal(one.w, two.w)
    assert not all(np.array_equal(one.a, two.a) for one, two in zip(first, other, strict=True))


@pytest.mark.parametrize("bits", [1, 2, 8, 16])
def test_random_codes_are_of_the_format_and_often_extreme(bits: int) -> None:
    params = ENGINE.params({"rows": 1, "cols": 1, "activation": f"int{bits}"})
    port = ENGINE.golden.layout(params).activations
    codes = random_codes(port.format, (100, 100), np.random.default_rng(0))
    assert codes.dtype == port.format.extremes.dtype
    assert int(codes.max()) >> bits == 0
    for extreme in port.format.extremes:
        assert np.count_nonzero(codes == extreme) > 400

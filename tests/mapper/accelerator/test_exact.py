"""Parts of the compiled search, each against what it stands for."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sim.engines.systolic
from golden.accelerator.instructions import Gemm, Load, Requantize, Store
from golden.errors import UserError
from mapper.accelerator.streaming import exact, problem
from mapper.accelerator.streaming.exact.numbers import new_memo, record_of
from mapper.accelerator.streaming.exact.products import gemm_cycles, scaling_cycles
from mapper.accelerator.streaming.exact.transfers import load_cost, store_cost
from mapper.accelerator.streaming.problem import pace_of, problem_of
from mapper.accelerator.streaming.sweep import sweep_of
from sim.accelerator.execute import gemm_cycles as simulated_gemm
from sim.accelerator.load import load_beats, load_cycles
from sim.accelerator.store import store_beats, store_cycles
from sim.accelerator.vector import vector_cycles
from sim.workload import GemmLayer
from tests.mapper.accelerator.machines import EDGE
from tests.mapper.accelerator.operators import random_machine


def random_load(rng, lanes):
    octets = int(rng.integers(1, 40))
    groups = int(rng.integers(1, 30))
    step = int(rng.integers(1, octets + 1)) if octets <= lanes else octets
    return Load(
        address=int(rng.integers(5000)),
        rows=int(rng.integers(1, 6)),
        row_step=int(rng.integers(3000)),
        row_bytes=int(rng.integers(1, groups * octets + 50)),
        pad_left=int(rng.integers(0, 60)),
        groups=groups,
        group_step=step,
        group_bytes=octets,
    )


def record(design):
    return record_of(problem_of(sweep_of(GemmLayer(name="g", m=1, k=1, n=1), 4), design))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 1 << 32))
def test_loads(seed):
    rng = np.random.default_rng(seed)
    design = random_machine(rng)
    load = random_load(rng, design.lanes)
    block = design.burst_beats * design.bus_bytes
    found = load_cost(
        record(design),
        new_memo(),
        load.address % block,
        load.rows,
        load.row_step % block,
        load.row_bytes,
        load.pad_left,
        load.groups,
        load.group_step,
        load.group_bytes,
    )
    assert found == (load_cycles(design, load), load_beats(design, load))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 1 << 32))
def test_stores(seed):
    rng = np.random.default_rng(seed)
    design = random_machine(rng)
    block = design.burst_beats * design.bus_bytes
    store = Store(
        address=int(rng.integers(4 * block)),
        rows=int(rng.integers(1, 5)),
        row_step=block * int(rng.integers(1, 9)),
        groups=int(rng.integers(1, 40)),
        group_bytes=int(rng.integers(1, 70)),
    )
    found = store_cost(
        record(design),
        new_memo(),
        store.address % block,
        store.rows,
        store.groups,
        store.group_bytes,
    )
    assert found == (store_cycles(design, store), store_beats(design, store))


@settings(max_examples=100, deadline=None)
@given(
    depth=st.integers(1, 200),
    pixels=st.integers(1, 60),
    taps=st.integers(1, 12),
    blocks=st.integers(1, 8),
)
def test_products_and_scaling(depth, pixels, taps, blocks):
    sweep = sweep_of(GemmLayer(name="g", m=64, k=depth, n=1), EDGE.lanes)
    p, pace = record_of(problem_of(sweep, EDGE)), pace_of(sweep, EDGE)
    words, last = -(-depth // 16), (depth - 1) % 16 + 1
    product = Gemm(out_width=pixels, taps_x=taps, blocks_k=words, last_lanes=last, blocks_n=blocks)
    found = gemm_cycles(p, pace, int(last < 16), words, taps * blocks, pixels)
    assert found == simulated_gemm(EDGE, product)
    scaling = Requantize(out_width=pixels, blocks=blocks)
    assert scaling_cycles(p, blocks, pixels) == vector_cycles(EDGE, scaling)


def test_an_engine_whose_jobs_wait_for_more_than_the_one_before(monkeypatch):
    monkeypatch.setattr(
        sim.engines.systolic, "timing_sequence", lambda params, jobs: len(jobs) ** 2
    )
    problem._pace.cache_clear()
    sweep = sweep_of(GemmLayer(name="g", m=4, k=4, n=4), EDGE.lanes)
    with pytest.raises(UserError, match="no mapping can be proven best for engine 'systolic'"):
        pace_of(sweep, EDGE)


def test_stale_code_is_forgotten(tmp_path):
    cache = tmp_path / "__pycache__"
    cache.mkdir()
    source, old, new = tmp_path / "a.py", cache / "a.old.nbi", cache / "a.new.nbi"
    for age, file in ((20, old), (10, source), (0, new)):
        file.touch()
        os.utime(file, (2e9 - age, 2e9 - age))
    exact._forget_stale(tmp_path)
    assert not old.exists()
    assert new.exists()
    assert source.exists()

"""The contract that every engine keeps, checked on whatever engines are found."""

import dataclasses
import importlib
import importlib.util
import os
import pkgutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import golden.engines
import hw.engines
import sim.engines
from golden.discovery import find_modules
from golden.params import parse_params, to_plain
from hw.bench.simulators import Simulator
from hw.emit import emit_verilog
from tests.support.contract import check, check_golden, tile_limits
from tests.support.designs import corner_params, drawn_params, value_designs
from tests.support.refusals import check_refusals, check_text_refusals
from tests.support.verilog import lint, repeated_modules
from tilewright.catalog import Engine, find_engine

ROOT = Path(__file__).parents[2]

ENGINES = tuple(find_modules())
OWN_ENGINES = tuple(
    sorted(
        {
            info.name
            for package in (golden.engines, hw.engines, sim.engines)
            for info in pkgutil.iter_modules(package.__path__)
        }
    )
)
CORNERS = tuple(
    (name, params) for name in ENGINES for params in corner_params(find_engine(name).params_type)
)
QUICK = frozenset(
    (name, params) for name in ENGINES for params in value_designs(find_engine(name).params_type)
)
"""Corners with every value of every param; the others have the pairs of values."""

EMITTED = 4
"""Corners of an engine whose Verilog is looked at."""

LONG = 1024

EMIT = """
import sys
from hw.emit import emit_verilog
from tilewright.catalog import find_engine
engine = find_engine(sys.argv[1])
for pair in sys.argv[2:]:
    params = engine.params(dict(item.split("=") for item in pair.split()))
    sys.stdout.write(emit_verilog(engine.component(params), engine.name))
"""


def describe(value: object) -> str:
    if not dataclasses.is_dataclass(value):
        return str(value)
    return "-".join(str(entry) for entry in to_plain(value).values())


def emitted_corners(name: str) -> list[Any]:
    corners = [params for engine, params in CORNERS if engine == name]
    return corners[:: -(-len(corners) // EMITTED)]


@cache
def emitted(name: str, params: Any) -> str:
    engine = find_engine(name)
    return emit_verilog(engine.component(params), engine.name)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return find_engine(request.param)


@pytest.mark.parametrize("name", OWN_ENGINES)
@pytest.mark.parametrize("room", ["golden", "hw", "sim"])
def test_every_room_has_its_part(name: str, room: str) -> None:
    assert importlib.util.find_spec(f"{room}.engines.{name}"), f"{room}/engines/{name} is missing"


@pytest.mark.parametrize("name", OWN_ENGINES)
def test_every_engine_has_a_page_in_the_manual(name: str) -> None:
    page = ROOT / "docs" / "engines" / f"{name}.md"
    assert page.is_file(), f"{page.relative_to(ROOT)} is missing"


def test_every_part_offers_what_the_contract_names(engine: Engine) -> None:
    parts = {
        "golden": ("Params", "PRESETS", "jobs", "layout", "matmul"),
        "hw": ("Engine",),
        "sim": ("DATA_INDEPENDENT", "timing", "timing_sequence"),
    }
    for part, names in parts.items():
        module = importlib.import_module(getattr(engine.modules, part))
        assert [name for name in names if not hasattr(module, name)] == [], module.__name__
    assert engine.summary
    assert isinstance(engine.sim.DATA_INDEPENDENT, bool)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        pytest.param(*corner, marks=[] if corner in QUICK else pytest.mark.slow)
        for corner in CORNERS
    ],
    ids=describe,
)
def test_corner_designs_keep_the_contract(name: str, params: Any) -> None:
    assert check(find_engine(name), params, np.random.default_rng(1)) == []


def check_drawn_design(name: str, data: st.DataObject) -> None:
    drawn = find_engine(name)
    params = data.draw(drawn_params(drawn.params_type))
    limits = tile_limits(drawn.golden.layout(params))
    sizes = {
        dim.value: st.integers(1, min(2 * limit + 2, 9, params.k_max if dim.value == "k" else 9))
        for dim, limit in limits.items()
    }
    shapes = data.draw(st.lists(st.tuples(*(sizes[dim] for dim in "mnk")), min_size=1, max_size=3))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    assert check(drawn, params, rng, shapes) == []


@pytest.mark.parametrize("name", ENGINES)
@given(data=st.data())
@settings(max_examples=5, deadline=None, derandomize=True, database=None)
def test_drawn_designs_keep_the_contract(name: str, data: st.DataObject) -> None:
    check_drawn_design(name, data)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
@given(data=st.data())
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_many_drawn_designs_keep_the_contract(name: str, data: st.DataObject) -> None:
    check_drawn_design(name, data)


def test_presets_keep_the_contract_outside_the_rtl(engine: Engine) -> None:
    for params in engine.presets.values():
        assert check_golden(engine, params, np.random.default_rng(0), [(3, 5, 4)]) == []


def test_full_tiles_keep_the_array_busy(engine: Engine) -> None:
    params = engine.params({})
    size = min(LONG, params.k_max)
    cycles = engine.sim.timing(params, size, size, size)
    assert size**3 / (cycles * params.macs_per_cycle) >= 0.99


def test_params_are_values(engine: Engine) -> None:
    params, same = engine.params({}), engine.params({})
    assert params == same
    assert hash(params) == hash(same)
    assert len({entry.name for entry in engine.describe()}) == len(dataclasses.fields(params))
    name = dataclasses.fields(params)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(params, name, getattr(params, name))
    with pytest.raises(TypeError, match="positional"):
        engine.params_type(*(getattr(params, entry.name) for entry in dataclasses.fields(params)))


@pytest.mark.parametrize(("name", "params"), CORNERS, ids=describe)
def test_params_survive_being_written_down(name: str, params: Any) -> None:
    params_type = find_engine(name).params_type
    plain = to_plain(params)
    assert parse_params(params_type, plain) == params
    assert parse_params(params_type, {key: str(value) for key, value in plain.items()}) == params


def test_every_param_is_described(engine: Engine) -> None:
    assert [entry.name for entry in engine.describe() if not entry.doc] == []


def test_wrong_params_are_refused_in_a_sentence(engine: Engine) -> None:
    assert check_refusals(engine.params_type) == []


def test_wrong_text_is_refused_in_a_sentence(engine: Engine) -> None:
    assert check_text_refusals(engine.params_type) == []


def test_verilog_is_the_same_in_every_process(engine: Engine) -> None:
    corners = emitted_corners(engine.name)[:2]
    arguments = [
        " ".join(f"{key}={value}" for key, value in to_plain(params).items()) for params in corners
    ]
    elsewhere = [
        subprocess.run(
            [sys.executable, "-c", EMIT, engine.name, *arguments],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    here = "".join(emitted(engine.name, params) for params in corners)
    assert elsewhere == [here, here]


def test_verilog_has_one_module_for_each_distinct_part(engine: Engine) -> None:
    for params in emitted_corners(engine.name):
        assert repeated_modules(emitted(engine.name, params)) == [], params


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_verilog_is_free_of_warnings(
    engine: Engine, simulator: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    found: Simulator = request.getfixturevalue(simulator)
    problems = {}
    for params in emitted_corners(engine.name):
        file = tmp_path / f"{engine.name}.v"
        file.write_text(emitted(engine.name, params))
        if said := lint(found, file):
            problems[describe(params)] = said
    assert problems == {}

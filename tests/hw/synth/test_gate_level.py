"""Gates do what the RTL does, bit for bit and cycle for cycle, on the vectors of `verify`."""

import re
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from hw.bench.simulators import Simulator
from hw.emit import emit_verilog
from hw.simulate import port_names
from hw.synth.options import Options
from hw.synth.process import synthesize
from tests.support.designs import corner_params
from tilewright.building import built_verilog
from tilewright.caching import Cache
from tilewright.cases import choose_stimuli
from tilewright.catalog import Engine, find_engine, list_engines
from tilewright.emission import emitted_engine
from tilewright.stimulus import build_vectors, port_bits
from tilewright.synthesis import gate_verilog
from tilewright.verification import BenchRun, play, verify

CORNERS = 3
"""Of each engine, in the slow tests."""


def gates_of(engine: Engine, params: Any, folder: Path, *, flatten: bool = False) -> str:
    verilog = emit_verilog(engine.component(params), engine.name)
    synthesize(verilog, engine.name, folder, options=Options(flatten=flatten))
    return (folder / "gates.v").read_text()


def play_gates(
    engine: Engine, params: Any, gates: str, simulator: Simulator, cache: Cache
) -> BenchRun:
    ports = port_names([*port_bits(engine.golden.layout(params))])
    build = built_verilog(gates, engine.name, ports, simulator, cache=cache)
    stimuli = choose_stimuli(engine, params, cases=2, outputs=100, seed=1)
    return play(simulator, build, build_vectors(engine, params, stimuli, top=engine.name, seed=1))


def agree(bench: BenchRun) -> None:
    assert bench.outputs_checked >= 50
    assert (bench.mismatches, bench.cycle_mismatches) == (0, 0)


@pytest.mark.parametrize("flatten", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_gates_of_a_systolic_array(
    flatten: bool, tmp_path: Path, icarus: Simulator, cache: Cache
) -> None:
    engine = find_engine("systolic")
    params = engine.params({"rows": 2, "cols": 2, "k_max": 9, "activation": "int4"})
    gates = gates_of(engine, params, tmp_path, flatten=flatten)
    assert not re.search("[-+*<]", re.sub(r"/\*.*?\*/|<=", "", gates))
    agree(play_gates(engine, params, gates, icarus, cache))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("ternary", {"m": "1", "n": "1", "k": "2", "activation": "int4", "k_max": "9"}),
        (
            "dot",
            {"m": "1", "n": "1", "k": "2", "activation": "int3", "weight": "int2", "k_max": "9"},
        ),
    ],
)
def test_verify_runs_gates(
    name: str, given: dict[str, str], icarus: Simulator, cache: Cache, tmp_path: Path
) -> None:
    del icarus  # by name
    found = verify(
        name,
        given,
        simulator="icarus",
        gate_level=True,
        cases=1,
        outputs=100,
        save_failures=tmp_path,
        cache=cache,
    )
    assert found.passed
    assert found.level == "gates"
    assert found.outputs_checked >= 100


def test_gates_that_are_wrong_are_reported_with_their_replay(
    icarus: Simulator, cache: Cache, tmp_path: Path
) -> None:
    del icarus
    params = find_engine("ternary").params({"m": 1, "n": 1, "k": 2, "activation": "int4"})
    gates = gate_verilog(emitted_engine(find_engine("ternary"), params, cache), cache)
    wrong = gates.replace(" ^ ", " | ", 1)
    assert wrong != gates
    with mock.patch("tilewright.synthesis.gate_verilog", return_value=wrong):
        found = verify(
            "ternary",
            {"m": 1, "n": 1, "k": 2, "activation": "int4"},
            simulator="icarus",
            gate_level=True,
            cases=1,
            outputs=100,
            save_failures=tmp_path,
            cache=cache,
        )
    assert found.mismatches
    assert "--gate-level" in str(found.replay)


@pytest.mark.slow
@pytest.mark.parametrize("corner", range(CORNERS))
@pytest.mark.parametrize("name", [engine.name for engine in list_engines()])
def test_gates_of_every_engine(
    name: str, corner: int, tmp_path: Path, icarus: Simulator, cache: Cache
) -> None:
    engine = find_engine(name)
    params = corner_params(engine.params_type)[corner]
    gates = gates_of(engine, params, tmp_path, flatten=corner == 1)
    agree(play_gates(engine, params, gates, icarus, cache))

"""Design spaces as Gymnasium environments."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from golden.errors import UserError
from tests.tilewright.sweeps.studies import engines_study, engines_text
from tilewright.gym import PENALTY, DesignEnvironment
from tilewright.simulation import simulate
from tilewright.sweeps.reading import read_study


@pytest.fixture
def environment() -> DesignEnvironment:
    return DesignEnvironment(engines_study(sampler="grid"), weights={"cycles": 2.0}, steps=3)


# Bounds of a metric are not known; Gymnasium would like them to be.
@pytest.mark.filterwarnings("ignore:.*Box observation space m(in|ax)imum value is")
def test_gymnasium_accepts_it(environment: DesignEnvironment) -> None:
    check_env(environment, skip_render_check=True)


def test_steps_measure(environment: DesignEnvironment) -> None:
    assert environment.dimensions == (
        "design", "systolic/rows", "systolic/cols", "systolic/dataflow", "lut/m",
    )  # fmt: skip
    assert environment.metrics == ("cycles", "dram_bytes")
    observation, info = environment.reset(seed=1)
    assert (observation.tolist(), info) == ([0, 0, 0], {})
    observation, reward, terminated, truncated, info = environment.step(np.array([0, 2, 1, 1, 0]))
    params = {"rows": 16, "cols": 8, "dataflow": "os"}
    alone = simulate("gemm:96x64x48", engine="systolic", params=params)
    assert observation.tolist() == [1, alone["total_cycles"], alone["dram_bytes"]]
    assert reward == -2 * alone["total_cycles"] - alone["dram_bytes"]
    assert (info["design"], info["params"]) == ("systolic", params)
    assert not terminated
    assert not truncated
    # The other design's dimensions are ignored.
    first, *_ = environment.step(np.array([1, 0, 0, 0, 2]))
    second, _, _, truncated, info = environment.step(np.array([1, 2, 1, 1, 2]))
    assert first.tolist() == second.tolist()
    assert (info["params"], truncated) == ({"m": 6}, True)


def test_points_that_fail_are_punished() -> None:
    text = engines_text(sampler="grid").replace("k_max = 64", "k_max = 64\nk = 6")
    environment = DesignEnvironment(read_study(text, "a.toml", Path()))
    environment.reset()
    observation, reward, *_, info = environment.step(np.array([1, 0, 0, 0, 0]))
    assert observation.tolist() == [0, 0, 0]
    assert reward == PENALTY
    assert info["reason"] == "k must be a multiple of group=4, not 6"


def test_constraints_are_punished() -> None:
    text = engines_text(sampler="grid") + "[constraints]\ncycles = { most = 1 }\n"
    environment = DesignEnvironment(read_study(text, "a.toml", Path()), penalty=-5.0)
    environment.reset()
    observation, reward, *_ = environment.step(environment.action_space.sample())
    assert observation[0] == 1
    assert reward == -5.0


def test_weights_are_of_objectives() -> None:
    with pytest.raises(UserError, match=r"there is no objective 'cycle' \(did you mean cycles\?\)"):
        DesignEnvironment(engines_study(sampler="grid"), weights={"cycle": 1.0})


@pytest.mark.parametrize(
    "action",
    [[-1, 0, 0, 0, 0], [0, 3, 0, 0, 0], [1], [0.5, 0, 0, 0, 0], [[0], [0, 0]], 0, None, ["0"] * 5],
)
def test_actions_that_can_not_be(environment: DesignEnvironment, action: Any) -> None:
    environment.reset()
    with pytest.raises(
        UserError,
        match=r"an action is 5 whole numbers, each from 0 to below \[2, 3, 2, 2, 3\], not ",
    ):
        environment.step(action)
    # It was no step.
    for _ in range(3):
        *_, truncated, _ = environment.step([0] * 5)  # type: ignore[arg-type]
    assert truncated


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1, not 0"),
        ({"steps": -1}, "steps must be a whole number of at least 1, not -1"),
        ({"steps": 1.5}, "steps must be a whole number of at least 1, not 1.5"),
        ({"weights": {"cycles": np.nan}}, "the weight of cycles must be a finite number, not nan"),
        ({"weights": {"cycles": "a"}}, "the weight of cycles must be a finite number, not 'a'"),
        ({"penalty": np.inf}, "penalty must be a finite number, not inf"),
        ({"penalty": None}, "penalty must be a finite number, not None"),
    ],
)
def test_options_that_can_not_be(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(sentence)}$"):
        DesignEnvironment(engines_study(sampler="grid"), **options)

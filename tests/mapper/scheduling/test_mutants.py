"""The checker accepts random schedules that work, and names what is wrong with their mutants."""

import subprocess
import sys
from itertools import count, islice

import numpy as np
import pytest

from mapper.scheduling.checker import Rule, check
from tests.mapper.scheduling.cases import draw_case
from tests.mapper.scheduling.drawn_schedules import draw_schedule
from tests.mapper.scheduling.mutants import BREAKERS, mutants

EACH = 30
"""Mutants of each kind."""

KINDS = [(rule, breaker) for rule, breakers in BREAKERS.items() for breaker in breakers]


def drawn():
    for seed in count():
        net = draw_case(seed).graph
        yield seed, net, draw_schedule(np.random.default_rng(seed), net)


@pytest.fixture(scope="module")
def schedules():
    return list(islice(drawn(), 300))


def test_schedules_that_work(schedules):
    for _, net, schedule in schedules:
        assert check(net, schedule) is None


@pytest.mark.parametrize(
    ("rule", "breaker"), KINDS, ids=[f"{rule.name}-{breaker.__name__}" for rule, breaker in KINDS]
)
def test_mutants(rule, breaker, schedules):
    found = 0
    for net, mutant, step in islice(mutants(breaker, iter(schedules)), EACH):
        violation = check(net, mutant)
        assert violation is not None
        assert (violation.rule, violation.step) == (rule, step), violation.message
        assert violation.message.startswith(f"step {step}: ")
        found += 1
    assert found == EACH


def test_there_are_a_thousand_mutants_and_fifty_for_each_rule():
    assert EACH * len(KINDS) >= 1000
    assert all(EACH * len(BREAKERS[rule]) >= 50 for rule in Rule)


def test_the_checker_loads_no_solver_and_no_model():
    program = (
        "import sys; import mapper.scheduling.checker;print(*sorted(name for name in sys.modules))"
    )
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        ).stdout.split()
    )
    assert not loaded & {"pulp", "highspy", "ortools", "scipy", "numba"}
    assert {name for name in loaded if name.partition(".")[0] == "mapper"} == {
        "mapper",
        "mapper.scheduling",
        "mapper.scheduling.checker",
        "mapper.scheduling.graph",
        "mapper.scheduling.schedule",
    }

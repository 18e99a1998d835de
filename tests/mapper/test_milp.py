"""Integer programs: statuses, bounds and missing solvers."""

import itertools
import time

import numpy as np
import pulp
import pytest

from golden.errors import UserError
from mapper import milp
from mapper.milp import find_solver, installed_solvers, solve
from mapper.status import Status

SOLVERS = ["HiGHS", "PULP_CBC_CMD"]


def knapsack(seed, count=9, sense=pulp.LpMaximize):
    """Things of given worth in a bag; the model, worths, weights and the room."""
    rng = np.random.default_rng(seed)
    worths, weights = rng.integers(1, 30, (2, count))
    room = int(weights.sum() // 2)
    problem = pulp.LpProblem("knapsack", sense)
    taken = [problem.add_variable(f"x{i}", 0, 1, cat=pulp.LpInteger) for i in range(count)]
    problem += pulp.lpSum(int(worths[i]) * taken[i] for i in range(count)) + 7
    problem += pulp.lpSum(int(weights[i]) * taken[i] for i in range(count)) <= room
    return problem, worths, weights, room


def hard_problem():
    """Which of 40 numbers sum up to exactly half of all: takes longer than any patience."""
    rng = np.random.default_rng(1)
    numbers = [int(number) for number in rng.integers(10**8, 10**9, 60)]
    problem = pulp.LpProblem("halves", pulp.LpMinimize)
    taken = [problem.add_variable(f"x{i}", 0, 1, cat=pulp.LpInteger) for i in range(len(numbers))]
    over = problem.add_variable("over", 0, sum(numbers), cat=pulp.LpInteger)
    chosen = pulp.lpSum(n * x for n, x in zip(numbers, taken, strict=True))
    problem += over + 1
    problem += chosen - sum(numbers) // 2 <= over
    problem += chosen - sum(numbers) // 2 >= -over
    return problem


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("seed", range(5))
def test_optimum_is_that_of_all_subsets(solver, seed):
    problem, worths, weights, room = knapsack(seed)
    best = max(
        int(worths @ chosen)
        for chosen in itertools.product([0, 1], repeat=len(worths))
        if weights @ chosen <= room
    )
    solution = solve(problem, solver=solver)
    assert solution.status is Status.OPTIMAL
    assert solution.objective == solution.bound == best + 7
    assert all(isinstance(value, int) for value in solution.values.values())
    assert solution.solver == solver


@pytest.mark.parametrize("solver", SOLVERS)
def test_infeasible_is_said_of_integers_too(solver):
    problem = pulp.LpProblem("odd", pulp.LpMinimize)
    x, y = (problem.add_variable(name, 0, 5, cat=pulp.LpInteger) for name in "xy")
    problem += x + y
    problem += 2 * x + 2 * y == 3
    solution = solve(problem, solver=solver)
    assert solution.status is Status.INFEASIBLE
    assert solution.objective is None
    assert not solution.values


@pytest.mark.parametrize("solver", SOLVERS)
def test_time_out_is_never_optimal(solver):
    problem = hard_problem()
    begin = time.monotonic()
    solution = solve(problem, solver=solver, time_limit=1)
    assert time.monotonic() - begin < 20
    assert solution.status in (Status.FEASIBLE, Status.UNKNOWN)
    if solver == "HiGHS":
        assert solution.bound is not None
        assert solution.objective is None or solution.bound < solution.objective
    else:
        assert solution.bound is None


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_time_is_unknown(solver):
    problem, *_ = knapsack(0)
    solution = solve(problem, solver=solver, time_limit=0)
    assert solution.status is Status.UNKNOWN
    assert solution.bound is None


@pytest.mark.parametrize("solver", SOLVERS)
def test_start_is_kept_when_time_is_short(solver):
    problem = hard_problem()
    first = solve(problem, solver=solver, time_limit=1)
    if first.status is Status.UNKNOWN:
        pytest.skip(
            f"{solver} found no values within a second here, so that there is no start to keep"
        )
    again = solve(hard_problem(), solver=solver, time_limit=0.5, start=first.values)
    assert again.objective is not None
    assert again.objective <= first.objective


def test_a_linear_program_is_solved():
    problem = pulp.LpProblem("line", pulp.LpMinimize)
    x = problem.add_variable("x", 0, 9)
    problem += 2 * x + 1
    problem += 4 * x >= 2
    solution = solve(problem)
    assert solution.status is Status.OPTIMAL
    assert solution.objective == pytest.approx(2)


def test_highs_is_the_default_and_any_case_will_do():
    assert find_solver() == "HiGHS"
    assert find_solver("highs") == "HiGHS"


def test_cbc_where_highs_is_missing(monkeypatch):
    monkeypatch.setattr(milp._QuietHighs, "available", lambda self: False)
    assert find_solver() == "PULP_CBC_CMD"


@pytest.mark.parametrize("name", ["GLPK_CMD", "nonsense"])
def test_missing_solver_lists_those_installed(name):
    with pytest.raises(UserError, match=f"solver '{name}' is not installed; .*HiGHS"):
        find_solver(name)
    with pytest.raises(UserError):
        solve(knapsack(0)[0], solver=name)


def test_installed_solvers():
    assert set(SOLVERS) <= set(installed_solvers())


def test_nothing_is_printed(capfd):
    for solver in SOLVERS:
        solve(knapsack(1)[0], solver=solver)
    assert capfd.readouterr().out == ""


def test_values_that_break_a_row_are_refused(monkeypatch):
    problem, *_ = knapsack(2)
    monkeypatch.setattr(milp, "_rounded", lambda _: {v.name: 1 for v in problem.variables()})
    solution = solve(problem)
    assert solution.status is Status.UNKNOWN
    assert solution.objective is None

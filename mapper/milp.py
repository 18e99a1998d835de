"""Integer programs: PuLP's models, any of its solvers, and answers that are taken with care.

PuLP's ``status`` says "Optimal" of whatever a solver held when its time was over; only
``sol_status`` tells the difference. A solver's bound it does not pass on at all. And solvers take
for whole, and for within a limit, what is so up to a tolerance: answers are rounded here and put
into the constraints once more.
"""

import inspect
import math
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pulp

from golden.errors import UserError
from mapper.status import Status

__all__ = ["Solution", "find_solver", "installed_solvers", "solve"]

_PREFERRED = ("HiGHS", "PULP_CBC_CMD", "COIN_CMD")
"""Solvers that are taken where none is named, the first that is installed."""

_INTEGRALITY = 1e-5
"""How far from whole a solver's value of an integer variable may be."""

_FEASIBILITY = 1e-6
"""How far a constraint may be missed, as a part of the largest term, and at least 1."""


@dataclass(frozen=True, kw_only=True)
class Solution:
    """An answer to an integer program.

    Parameters
    ----------
    status : Status
        OPTIMAL and INFEASIBLE only where the solver has proven it.
    objective : float, optional
        Of the values; None where there are none.
    bound : float, optional
        No values have a smaller objective (larger, where it is maximised), up to the solver's
        tolerance; None where the solver does not say.
    values : mapping of str to (int or float)
        Of each variable by name, whole where the variable is; empty where there are none.
    solver : str
        PuLP's name of the solver.
    seconds : float
        That it took.
    """

    status: Status
    objective: float | None
    bound: float | None
    values: Mapping[str, int | float]
    solver: str
    seconds: float


def installed_solvers() -> tuple[str, ...]:
    """PuLP's names of the solvers that can be used here."""
    return tuple(pulp.listSolvers(onlyAvailable=True))


def find_solver(name: str | None = None) -> str:
    """PuLP's name of the solver to be used.

    Parameters
    ----------
    name : str, optional
        In any case; None for HiGHS, or CBC where HiGHS is missing.

    Raises
    ------
    UserError
        If it is not installed; the message lists those that are.
    """
    if name is None:
        for preferred in _PREFERRED:
            if _made(preferred).available():
                return preferred
    else:
        for known in pulp.listSolvers():
            if known.lower() == name.lower() and _made(known).available():
                return str(known)
    installed = ", ".join(installed_solvers()) or "none"
    wanted = "a solver of integer programs" if name is None else f"solver {name!r}"
    raise UserError(f"{wanted} is not installed; PuLP finds here: {installed}")


def solve(
    problem: pulp.LpProblem,
    *,
    solver: str | None = None,
    time_limit: float = math.inf,
    start: Mapping[str, int | float] | None = None,
) -> Solution:
    """Solve an integer program on one thread, to the end or until its time is over.

    Parameters
    ----------
    problem : pulp.LpProblem
        Its integer variables must be bounded.
    solver : str, optional
        As for `find_solver`.
    time_limit : float
        Seconds; solvers look at the clock now and then, and may take a little longer.
    start : mapping of str to (int or float), optional
        A value for each variable, to begin from. Solvers that take none do without.

    Raises
    ------
    UserError
        If the solver is not installed, or breaks off.
    """
    name = find_solver(solver)
    begin = time.monotonic()
    if time_limit <= 0:
        return _answer(problem, name, begin, status=Status.UNKNOWN, bound=None)
    if start is not None:
        for variable in problem.variables():
            variable.setInitialValue(start[variable.name], check=False)
    made = _made(
        name,
        threads=1,
        timeLimit=time_limit if math.isfinite(time_limit) else None,
        gapRel=0,
        warmStart=start is not None,
    )
    try:
        problem.solve(made)
    except pulp.PulpSolverError as error:
        raise UserError(f"solver {name} broke off: {error}") from error
    return _read(problem, name, begin)


class _QuietHighs(pulp.HiGHS):  # type: ignore[misc]  # PuLP has no types
    """HiGHS through highspy, without its greeting, and with a start."""

    def __init__(self, *, warmStart: bool = False, **rest: Any) -> None:
        super().__init__(**rest)
        self._is_started = warmStart

    def createAndConfigureSolver(self, lp: pulp.LpProblem) -> None:
        # Its constructor greets on standard output before any option can be set.
        from highspy import Highs

        class Quiet(Highs):
            def enableCallbacks(self) -> None:
                self.setOptionValue("output_flag", False)
                super().enableCallbacks()  # type: ignore[no-untyped-call]  # has no types

        lp.solverModel = Quiet()  # type: ignore[no-untyped-call]  # has no types
        options = {
            "output_flag": False,
            "threads": self.threads,
            "mip_rel_gap": self.gapRel,
            "time_limit": self.timeLimit,
            # Numbers here are whole: no row may be missed by what a small tensor weighs.
            "mip_feasibility_tolerance": 1e-9,
            "primal_feasibility_tolerance": 1e-9,
        }
        for option, value in options.items():
            if value is not None:
                lp.solverModel.setOptionValue(option, value)

    def callSolver(self, lp: pulp.LpProblem) -> None:
        if self._is_started:
            from highspy import HighsSolution

            start = HighsSolution()
            start.col_value = [float(variable.varValue) for variable in lp.variables()]
            lp.solverModel.setSolution(start)
        lp.solverModel.run()


def _made(name: str, **options: Any) -> pulp.LpSolver:
    """The solver with those options that it has."""
    if name == "HiGHS":
        return _QuietHighs(msg=False, **options)
    kind = type(_by_name(name))
    known = inspect.signature(kind.__init__).parameters
    return _by_name(name, **{key: value for key, value in options.items() if key in known})


def _by_name(name: str, **options: Any) -> pulp.LpSolver:
    with warnings.catch_warnings():
        # PuLP 4 will not bring CBC along; PuLP 3 does, and says so at every use.
        warnings.simplefilter("ignore", DeprecationWarning)
        return pulp.getSolver(name, msg=False, **options)


def _read(problem: pulp.LpProblem, name: str, begin: float) -> Solution:
    bound = _highs_bound(problem) if name == "HiGHS" else None
    match problem.sol_status:
        case pulp.LpSolutionOptimal:
            return _answer(problem, name, begin, status=Status.OPTIMAL, bound=bound)
        case pulp.LpSolutionIntegerFeasible:
            return _answer(problem, name, begin, status=Status.FEASIBLE, bound=bound)
        case pulp.LpSolutionInfeasible:
            status = Status.INFEASIBLE
        # Of an infeasible integer program whose relaxation is feasible, CBC tells only here.
        case _ if problem.status == pulp.LpStatusInfeasible:
            status = Status.INFEASIBLE
        case _:
            status = Status.UNKNOWN
    return _answer(problem, name, begin, status=status, bound=bound)


def _answer(
    problem: pulp.LpProblem, name: str, begin: float, *, status: Status, bound: float | None
) -> Solution:
    """The answer with its values, or with none where they do not hold."""
    values: dict[str, int | float] = {}
    objective = None
    if status in (Status.OPTIMAL, Status.FEASIBLE):
        values = _rounded(problem)
        if values and _holds(problem, values):
            objective = _value(problem.objective, values)
        else:
            values = {}
            status = Status.UNKNOWN
    if status is Status.OPTIMAL:
        bound = objective
    return Solution(
        status=status,
        objective=objective,
        bound=bound,
        values=MappingProxyType(values),
        solver=name,
        seconds=time.monotonic() - begin,
    )


def _rounded(problem: pulp.LpProblem) -> dict[str, int | float]:
    """The values; none at all where one that must be whole is not."""
    values: dict[str, int | float] = {}
    for variable in problem.variables():
        value = variable.varValue
        if value is None:
            # Variables that occur nowhere are not told.
            value = variable.lowBound or 0
        if variable.cat == pulp.LpInteger:
            if abs(value - round(value)) > _INTEGRALITY:
                return {}
            value = round(value)
        values[variable.name] = value
    return values


def _holds(problem: pulp.LpProblem, values: Mapping[str, int | float]) -> bool:
    for constraint in problem.constraints():
        terms = [factor * values[variable.name] for variable, factor in constraint.items()]
        total = sum(terms) + constraint.constant
        slack = _FEASIBILITY * max(1.0, *(abs(term) for term in terms), abs(constraint.constant))
        is_missed = {
            pulp.LpConstraintLE: total > slack,
            pulp.LpConstraintGE: total < -slack,
            pulp.LpConstraintEQ: abs(total) > slack,
        }[constraint.sense]
        if is_missed:
            return False
    return True


def _value(expression: pulp.LpAffineExpression, values: Mapping[str, int | float]) -> float:
    total = sum(factor * values[variable.name] for variable, factor in expression.items())
    return float(total + expression.constant)


def _highs_bound(problem: pulp.LpProblem) -> float | None:
    """The bound that HiGHS has proven, of which PuLP says nothing."""
    if not any(variable.cat == pulp.LpInteger for variable in problem.variables()):
        return None
    bound = float(problem.solverModel.getInfo().mip_dual_bound)
    if not math.isfinite(bound):
        return None
    # PuLP gives the objective without its constant, and as one to be minimised.
    sign = -1 if problem.sense == pulp.LpMaximize else 1
    return sign * bound + float(problem.objective.constant)

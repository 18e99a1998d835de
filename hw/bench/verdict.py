"""The verdict on what a bench saw: what was expected against what came."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .vectors import Case, Plan

__all__ = ["CaseReport", "describe", "judge"]


@dataclass(frozen=True, kw_only=True)
class CaseReport:
    """What came out of one case.

    Parameters
    ----------
    name : str
        Of the case.
    outputs_checked : int
        Results compared.
    mismatches : int
        Wrong ones.
    cycle_mismatch : bool
        Whether cycles were compared and differ.
    expected_cycles, cycles : int or None
        None where stalls, a reset or a hang make them meaningless.
    problems : tuple of str
        Broken stream rules, missing and surplus beats.
    examples : tuple of mapping
        The first wrong results: ``beat``, ``lane``, ``got``, ``expected``.
    """

    name: str
    outputs_checked: int
    mismatches: int
    cycle_mismatch: bool
    expected_cycles: int | None
    cycles: int | None
    problems: tuple[str, ...]
    examples: tuple[Mapping[str, Any], ...]

    @property
    def failed(self) -> bool:
        """Whether anything was wrong."""
        return bool(self.mismatches or self.cycle_mismatch or self.problems)


def judge(plan: Plan, report: Mapping[str, Any]) -> tuple[CaseReport, ...]:
    """The verdict on every case.

    Parameters
    ----------
    plan : Plan
        What was played.
    report : mapping
        What `engine_tb` wrote.

    Raises
    ------
    ValueError
        If the report is of another plan.
    """
    records = report["cases"]
    if [record["name"] for record in records] != [case.name for case in plan.cases]:
        raise ValueError("the results are not those of these vectors")
    cases = [_judge_case(case, record) for case, record in zip(plan.cases, records, strict=True)]
    if cases and report["trailing_beats"]:
        problems = (*cases[-1].problems, "results came after the last expected one")
        cases[-1] = replace(cases[-1], problems=problems)
    return tuple(cases)


def _judge_case(case: Case, record: Mapping[str, Any]) -> CaseReport:
    problems = list(record["violations"])
    if record["hang"]:
        problems.append("hang: nothing moved any more")
    if record["unused_beats"] and not case.reset_after:
        problems.append("results were complete before every input beat was taken")
    complete = not record["hang"] and case.cycles is not None and not case.reset_after
    return CaseReport(
        name=case.name,
        outputs_checked=record["outputs_checked"],
        mismatches=record["mismatches"],
        cycle_mismatch=complete and record["cycles"] != case.cycles,
        expected_cycles=case.cycles,
        cycles=record["cycles"],
        problems=tuple(problems),
        examples=tuple(record["examples"]),
    )


def describe(case: CaseReport) -> str:
    """What was wrong with a case, in one line."""
    parts = list(case.problems)
    if case.mismatches:
        first = case.examples[0]
        parts.append(
            f"{case.mismatches} wrong results, first in beat {first['beat']}, lane"
            f" {first['lane']}: got code {first['got']}, expected {first['expected']}"
        )
    if case.cycle_mismatch:
        parts.append(f"{case.cycles} cycles, expected {case.expected_cycles}")
    return f"{case.name}: {'; '.join(parts)}"

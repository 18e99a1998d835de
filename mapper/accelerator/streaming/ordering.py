"""Tokens instead of buffers."""

from collections.abc import Sequence
from dataclasses import replace

from golden.accelerator.instructions import Instruction, Unit, Units
from sim.accelerator.steps import Step

__all__ = ["ordered"]

_FLAGS = {Unit.LOAD: Units.LOAD, Unit.EXECUTE: Units.EXECUTE, Unit.STORE: Units.STORE}


def ordered(steps: Sequence[Step]) -> list[Instruction]:
    """Instructions with tokens that order them as their buffers do, and no others.

    An order that follows from others gets no token, so that only few are ever unused.

    Parameters
    ----------
    steps : sequence of Step
        In program order, outside of loops.
    """
    waits = [Units.NONE] * len(steps)
    signals = [Units.NONE] * len(steps)
    written: dict[str, dict[Unit, int]] = {}
    touched: dict[str, dict[Unit, int]] = {}
    # For each unit, how many instructions of the program each unit has ended, at least, before it
    # begins its next one.
    known = {unit: dict.fromkeys(Unit, 0) for unit in Unit}
    after: list[dict[Unit, int]] = []
    for number, step in enumerate(steps, start=1):
        unit = step.instruction.UNIT
        needed: dict[Unit, int] = {}
        for names, table in ((step.reads, written), (step.writes, touched)):
            for name in names:
                for other, count in table.get(name, {}).items():
                    needed[other] = max(needed.get(other, 0), count)
        needed.pop(unit, None)
        clock = known[unit]
        for giver, count in sorted(needed.items(), key=lambda entry: -entry[1]):
            if count > clock[giver]:
                signals[count - 1] |= _FLAGS[unit]
                waits[number - 1] |= _FLAGS[giver]
                for other, ended in after[count - 1].items():
                    clock[other] = max(clock[other], ended)
        clock[unit] = number
        after.append(dict(clock))
        for name in step.reads:
            touched.setdefault(name, {})[unit] = number
        for name in step.writes:
            written[name] = touched[name] = {unit: number}
    return [
        replace(step.instruction, wait=wait, signal=signal)
        for step, wait, signal in zip(steps, waits, signals, strict=True)
    ]

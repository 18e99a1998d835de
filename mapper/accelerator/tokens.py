"""Synchronisation: tokens for whatever two units do to the same words or ports."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from golden.accelerator.accesses import Access, Space, accesses
from golden.accelerator.banks import Port, ports
from golden.accelerator.checker import TOKENS, Regions
from golden.accelerator.feeding import Feeding
from golden.accelerator.instructions import Instruction, Unit, Units
from golden.accelerator.places import Places

__all__ = ["synchronised"]

_FLAGS = {Unit.LOAD: Units.LOAD, Unit.EXECUTE: Units.EXECUTE, Unit.STORE: Units.STORE}
_UNITS = tuple(Unit)


def synchronised(instructions: Sequence[Instruction], regions: Regions) -> list[Instruction]:
    """The program with tokens that order all that must be in program order, and no others.

    An order that follows from others gets no token.

    Parameters
    ----------
    instructions : sequence of Instruction
        Without tokens.
    regions : Regions
        Of the accelerator.
    """
    waits = [Units.NONE] * len(instructions)
    signals = [Units.NONE] * len(instructions)
    for (giver_unit, taker_unit), edges in _edges(instructions, regions).items():
        for giver, taker in _few(edges):
            signals[giver] |= _FLAGS[taker_unit]
            waits[taker] |= _FLAGS[giver_unit]
    return [
        replace(instruction, wait=wait, signal=signal)
        for instruction, wait, signal in zip(instructions, waits, signals, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Touched:
    accesses: Sequence[Access]
    ports: Sequence[Port]


@lru_cache(maxsize=4096)
def _touched(
    instruction: Instruction,
    lanes: int,
    feeding: Feeding,
    bank_words: tuple[tuple[Space, int], ...],
) -> _Touched:
    """What an instruction touches; programs that differ a little have most of them in common."""
    found = [access for access in accesses(instruction, lanes, feeding) if not access.empty]
    return _Touched(found, ports(instruction, found, dict(bank_words)))


def _edges(
    instructions: Sequence[Instruction], regions: Regions
) -> dict[tuple[Unit, Unit], list[tuple[int, int]]]:
    """Pairs of giver and taker for each pair of units, both in increasing order."""
    bank_words = tuple(regions.bank_words.items())
    touched = [
        _touched(instruction, regions.lanes, regions.feeding, bank_words)
        for instruction in instructions
    ]
    last = _Last(Places(access for touches in touched for access in touches.accesses))
    edges: dict[tuple[Unit, Unit], list[tuple[int, int]]] = {
        (giver, taker): [] for giver in _UNITS for taker in _UNITS if giver is not taker
    }
    # For each unit, how many instructions of the program each unit has ended, at least, before it
    # begins its next one: those of its own, those that it waited for, and what they waited for.
    known = {unit: dict.fromkeys(_UNITS, 0) for unit in _UNITS}
    after: list[dict[Unit, int]] = []
    for number, (instruction, touches) in enumerate(zip(instructions, touched, strict=True)):
        unit = instruction.UNIT
        clock = known[unit]
        needed = last.before(touches, unit)
        for giver, count in sorted(needed.items(), key=lambda entry: -entry[1]):
            if count <= clock[giver]:
                continue
            edges[giver, unit].append((count - 1, number))
            for other, ended in after[count - 1].items():
                clock[other] = max(clock[other], ended)
        clock[unit] = number + 1
        after.append(dict(clock))
        last.enter(touches, unit, number + 1)
    return edges


class _Last:
    """Who touched each place and port last: numbers of instructions, counted from 1."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._tables = {
            (key, unit, writes): np.zeros(count, dtype=np.int64)
            for key, count in places.counts.items()
            for unit in _UNITS
            for writes in (False, True)
        }
        self._used: set[object] = set()
        self._ports: dict[Port, dict[Unit, int]] = {}

    def before(self, touches: _Touched, unit: Unit) -> dict[Unit, int]:
        """For each other unit the last instruction that must have ended."""
        needed = dict.fromkeys((other for other in _UNITS if other is not unit), 0)
        for access in touches.accesses:
            places = self._places.of(access)
            for other in needed:
                for writes in (False, True) if access.writes else (True,):
                    key = ((access.space, access.base), other, writes)
                    if key in self._used:
                        newest = int(self._tables[key][places].max())
                        needed[other] = max(needed[other], newest)
        for port in touches.ports:
            for other, number in self._ports.get(port, {}).items():
                if other is not unit:
                    needed[other] = max(needed[other], number)
        return needed

    def enter(self, touches: _Touched, unit: Unit, number: int) -> None:
        """Note what an instruction touches."""
        for access in touches.accesses:
            key = ((access.space, access.base), unit, access.writes)
            self._tables[key][self._places.of(access)] = number
            self._used.add(key)
        for port in touches.ports:
            self._ports.setdefault(port, {})[unit] = number


def _few(edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Edges that never leave more tokens unused than there may be.

    Where there would be more, one token stands for two: the earlier taker waits for the later
    giver.
    """
    result = list(edges)
    first = 0
    while first + TOKENS < len(result):
        if result[first + TOKENS][0] < result[first][1]:
            result[first : first + 2] = [(result[first + 1][0], result[first][1])]
        else:
            first += 1
    return result

"""Is a program legal? An independent look at it before it runs.

Legal means: every field in range, every address inside its memory, no local word read before it
was written, every token that is waited for was given by an earlier instruction, every token that is
given is waited for, never too many are unused, and whatever two units do to the same word is
ordered by tokens. Such a program never hangs, and leaves the same
however its units overlap.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.accesses import Access, Space, accesses
from golden.accelerator.encoding import encode_instruction
from golden.accelerator.instructions import (
    BASES,
    Add,
    Gemm,
    Instruction,
    LocalMemory,
    Unit,
    Units,
)
from golden.accelerator.interpreter import MemorySizes

__all__ = ["TOKENS", "Regions", "check_program"]

TOKENS = 31
"""Tokens from one unit to another that may be unused at a time, in program order."""

_ADD_LANES = 3
_UNITS = tuple(Unit)
_FLAGS = {Unit.LOAD: Units.LOAD, Unit.EXECUTE: Units.EXECUTE, Unit.STORE: Units.STORE}


@dataclass(frozen=True, kw_only=True)
class Regions:
    """What a program may reach.

    Parameters
    ----------
    lanes : int
    sizes : MemorySizes
        Of local memories.
    dram_bytes : sequence of int
        Bytes behind each base register.
    """

    lanes: int
    sizes: MemorySizes
    dram_bytes: Sequence[int]


def check_program(instructions: Sequence[Instruction], regions: Regions) -> list[str]:
    """What is wrong with a program, one sentence each; nothing for a legal one."""
    errors: list[str] = []
    orders = _Order()
    memories = _Memories(regions)
    for number, instruction in enumerate(instructions):
        name = f"instruction {number} ({type(instruction).__name__})"
        problems = _field_problems(instruction, regions.lanes)
        if not problems:
            problems = orders.enter(instruction)
            problems += memories.enter(instruction, orders)
        errors += [f"{name}: {problem}" for problem in problems]
    errors += orders.leftovers()
    return errors


def _field_problems(instruction: Instruction, lanes: int) -> list[str]:
    try:
        encode_instruction(instruction)
    except ValueError as error:
        return [str(error)]
    problems = []
    if (instruction.wait | instruction.signal) & _FLAGS[instruction.UNIT]:
        problems.append("a unit exchanges no tokens with itself")
    if isinstance(instruction, Gemm):
        if instruction.last_lanes > lanes:
            problems.append(f"last_lanes={instruction.last_lanes} exceeds the {lanes} lanes")
        if instruction.diagonal and instruction.blocks_k != 1:
            problems.append(f"a diagonal product has blocks_k=1, not {instruction.blocks_k}")
    if isinstance(instruction, Add) and lanes < _ADD_LANES:
        problems.append(f"an addition takes the parameters of {_ADD_LANES} lanes, not of {lanes}")
    if getattr(instruction, "memory", 0) not in tuple(LocalMemory):
        problems.append("memory must be 0, 1 or 2")
    if getattr(instruction, "base", 0) >= BASES:
        problems.append(f"there are {BASES} base registers")
    return problems


class _Order:
    """Which instructions are known to have ended when another one begins.

    A clock holds for each unit how many of its instructions have ended.
    """

    def __init__(self) -> None:
        self._entered = dict.fromkeys(_UNITS, 0)
        self._clock = {unit: dict.fromkeys(_UNITS, 0) for unit in _UNITS}
        self._tokens: dict[tuple[Unit, Unit], deque[dict[Unit, int]]] = {
            (giver, taker): deque() for giver in _UNITS for taker in _UNITS if giver is not taker
        }

    def enter(self, instruction: Instruction) -> list[str]:
        """Take the next instruction in program order; what is wrong with its tokens."""
        problems = []
        unit = instruction.UNIT
        clock = self._clock[unit]
        for giver in _UNITS:
            if giver is unit or not instruction.wait & _FLAGS[giver]:
                continue
            queue = self._tokens[giver, unit]
            if not queue:
                problems.append(f"waits for a token that {giver.value} has not given before")
                continue
            for other, count in queue.popleft().items():
                clock[other] = max(clock[other], count)
        self._entered[unit] += 1
        ended = {**clock, unit: self._entered[unit]}
        for taker in _UNITS:
            if taker is not unit and instruction.signal & _FLAGS[taker]:
                queue = self._tokens[unit, taker]
                queue.append(ended)
                if len(queue) > TOKENS:
                    problems.append(f"gives {taker.value} more than {TOKENS} unused tokens")
        # What this unit does next begins after this instruction has ended.
        self._before = dict(clock)
        self._before[unit] = self._entered[unit] - 1
        self.stamp = (unit, self._entered[unit])
        return problems

    def before(self, unit: Unit) -> int:
        """Instructions of ``unit`` that have ended when the last entered one begins."""
        return self._before[unit]

    def leftovers(self) -> list[str]:
        """Tokens that nobody takes."""
        return [
            f"{len(queue)} of the tokens from {giver.value} to {taker.value} are never waited for"
            for (giver, taker), queue in self._tokens.items()
            if queue
        ]


class _History:
    """For each word of a memory, the last instruction of each unit that wrote and that read it."""

    def __init__(self, words: int) -> None:
        self.words = words
        self.written = {unit: np.zeros(words, dtype=np.int64) for unit in _UNITS}
        self.read = {unit: np.zeros(words, dtype=np.int64) for unit in _UNITS}

    def never_written(self, index: NDArray[np.int64]) -> bool:
        """Whether some of these words hold nothing yet."""
        return bool(np.any(sum(self.written[unit][index] for unit in _UNITS) == 0))


class _Memories:
    """Histories of all memories."""

    def __init__(self, regions: Regions) -> None:
        self._lanes = regions.lanes
        sizes = regions.sizes
        self._histories: Mapping[tuple[Space, int], _History] = {
            (Space.ACTIVATIONS, 0): _History(sizes.activations),
            (Space.WEIGHTS, 0): _History(sizes.weights),
            (Space.PARAMETERS, 0): _History(sizes.parameters),
            (Space.ACCUMULATORS, 0): _History(sizes.accumulators),
            **{
                (Space.DRAM, base): _History(octets)
                for base, octets in enumerate(regions.dram_bytes)
            },
        }

    def enter(self, instruction: Instruction, order: _Order) -> list[str]:
        """Take the next instruction; what is wrong with what it touches."""
        problems: list[str] = []
        found = accesses(instruction, self._lanes)
        for access in found:
            problems += self._problems(access, order)
        if not problems:
            unit, number = order.stamp
            for access in found:
                if access.empty:
                    continue
                history = self._histories[access.space, access.base]
                table = history.written if access.writes else history.read
                table[unit][access.index] = number
        return problems

    def _problems(self, access: Access, order: _Order) -> list[str]:
        if access.empty:
            return []
        history = self._histories.get((access.space, access.base))
        if history is None:
            return [f"there is no memory behind base register {access.base}"]
        space = access.space.value
        if access.low < 0 or access.high >= history.words:
            reached = f"reaches {space} {access.low} to {access.high}"
            return [f"{reached}, of which there are {history.words}"]
        local_read = not access.writes and access.space is not Space.DRAM
        if local_read and history.never_written(access.index):
            return [f"reads {space} that nothing has written"]
        earlier = [history.written] + ([history.read] if access.writes else [])
        for table in earlier:
            for unit in _UNITS:
                if np.any(table[unit][access.index] > order.before(unit)):
                    did = "written" if table is history.written else "read"
                    does = "writes" if access.writes else "reads"
                    other = f"{space} that {unit.value} may not have {did} yet"
                    return [f"{does} {other}: no token orders them"]
        return []

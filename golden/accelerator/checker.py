"""Is a program legal? An independent look at it before it runs.

Legal means: every field in range, every address inside its memory, no local word read before it
was written, every token that is waited for was given by an earlier instruction, every token that is
given is waited for, never too many are unused, and whatever two units do to the same word, or
through the same port of a bank, is ordered by tokens. Such a program never hangs, and leaves the
same however its units overlap.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.accesses import Access, Space, accesses
from golden.accelerator.banks import Port, ports
from golden.accelerator.description import Accelerator
from golden.accelerator.encoding import encode_instruction
from golden.accelerator.feeding import RESTING, Feeding
from golden.accelerator.instructions import (
    BASES,
    Add,
    Gemm,
    Instruction,
    Load,
    LocalMemory,
    Pool,
    Table,
    Unit,
    Units,
)
from golden.accelerator.interpreter import MemorySizes
from golden.accelerator.places import Places

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
    activation_banks, accumulator_banks : int
        Equal parts of these memories that have ports of their own.
    feeding : Feeding
        How the engine is fed.
    """

    lanes: int
    sizes: MemorySizes
    dram_bytes: Sequence[int]
    activation_banks: int = 1
    accumulator_banks: int = 1
    feeding: Feeding = RESTING

    @classmethod
    def of(cls, accelerator: Accelerator, dram_bytes: Sequence[int]) -> "Regions":
        """What programs for an accelerator may reach.

        Parameters
        ----------
        accelerator : Accelerator
        dram_bytes : sequence of int
            Bytes behind each base register.
        """
        return cls(
            lanes=accelerator.lanes,
            sizes=accelerator.sizes,
            dram_bytes=dram_bytes,
            activation_banks=accelerator.activation_banks,
            accumulator_banks=accelerator.accumulator_banks,
            feeding=accelerator.feeding,
        )

    @property
    def bank_words(self) -> dict[Space, int]:
        """Words of a bank of each local memory."""
        return {
            Space.ACTIVATIONS: -(-self.sizes.activations // self.activation_banks),
            Space.WEIGHTS: self.sizes.weights,
            Space.PARAMETERS: self.sizes.parameters,
            Space.ACCUMULATORS: -(-self.sizes.accumulators // self.accumulator_banks),
        }


def check_program(instructions: Sequence[Instruction], regions: Regions) -> list[str]:
    """What is wrong with a program, one sentence each; nothing for a legal one."""
    touched = [_touched(instruction, regions) for instruction in instructions]
    errors: list[str] = []
    orders = _Order()
    memories = _Memories(touched)
    for number, (instruction, touches) in enumerate(zip(instructions, touched, strict=True)):
        name = f"instruction {number} ({type(instruction).__name__})"
        problems = list(touches.problems)
        if touches.encodable:
            problems += orders.enter(instruction)
        if not touches.problems:
            problems += memories.enter(touches, orders)
        errors += [f"{name}: {problem}" for problem in problems]
    errors += orders.leftovers()
    return errors


@dataclass(frozen=True, kw_only=True, eq=False)
class _Touched:
    """What an instruction touches, if nothing is wrong with it alone."""

    problems: Sequence[str]
    encodable: bool = True
    accesses: Sequence[Access] = ()
    ports: Sequence[Port] = ()


def _touched(instruction: Instruction, regions: Regions) -> _Touched:
    problems = _field_problems(instruction, regions)
    if problems:
        return _Touched(problems=problems, encodable=False)
    found = accesses(instruction, regions.lanes, regions.feeding)
    problems = [problem for access in found for problem in _range_problems(access, regions)]
    if not problems and isinstance(instruction, Add | Table | Pool):
        problems = _overlap_problems(instruction, found)
    if problems:
        return _Touched(problems=problems)
    return _Touched(
        problems=[], accesses=found, ports=ports(instruction, found, regions.bank_words)
    )


def _field_problems(instruction: Instruction, regions: Regions) -> list[str]:
    lanes = regions.lanes
    try:
        encode_instruction(instruction)
    except ValueError as error:
        return [str(error)]
    problems = []
    if (instruction.wait | instruction.signal) & _FLAGS[instruction.UNIT]:
        problems.append("a unit exchanges no tokens with itself")
    if isinstance(instruction, Gemm):
        problems += _gemm_problems(instruction, regions)
    if isinstance(instruction, Add) and lanes < _ADD_LANES:
        problems.append(f"an addition takes the parameters of {_ADD_LANES} lanes, not of {lanes}")
    if isinstance(instruction, Load) and instruction.groups > 1:
        step, octets = instruction.group_step, instruction.group_bytes
        if step > octets:
            problems.append(f"several groups leave no gaps: group_step is at most {octets}")
        elif step < octets and octets > lanes:
            problems.append(f"groups overlap only if they have at most {lanes} bytes")
    if getattr(instruction, "memory", 0) not in tuple(LocalMemory):
        problems.append("memory must be 0, 1 or 2")
    if getattr(instruction, "base", 0) >= BASES:
        problems.append(f"there are {BASES} base registers")
    return problems


def _gemm_problems(gemm: Gemm, regions: Regions) -> list[str]:
    problems, feeding = [], regions.feeding
    if gemm.last_lanes > regions.lanes:
        problems.append(f"last_lanes={gemm.last_lanes} exceeds the {regions.lanes} lanes")
    if gemm.diagonal and gemm.blocks_k != 1:
        problems.append(f"a diagonal product has blocks_k=1, not {gemm.blocks_k}")
    if gemm.weight_bits not in feeding.weight_bits:
        allowed = ", ".join(map(str, feeding.weight_bits))
        problems.append(f"weight_bits must be one of {allowed}, not {gemm.weight_bits}")
    if gemm.weights % feeding.alignment:
        problems.append(
            f"weights must begin at a multiple of {feeding.alignment} words, not at {gemm.weights}"
        )
    blocks = gemm.taps_y * gemm.taps_x * gemm.blocks_k
    if feeding.most_blocks is not None and blocks > feeding.most_blocks:
        problems.append(
            f"a product has at most {feeding.most_blocks} blocks of input lanes in all taps, not"
            f" {blocks}"
        )
    return problems


def _range_problems(access: Access, regions: Regions) -> list[str]:
    if access.empty:
        return []
    if access.space is Space.DRAM:
        if access.base >= len(regions.dram_bytes):
            return [f"there is no memory behind base register {access.base}"]
        size = regions.dram_bytes[access.base]
    else:
        size = getattr(regions.sizes, access.space.value)
    if access.low < 0 or access.high >= size:
        reached = f"reaches {access.space.value} {access.low} to {access.high}"
        return [f"{reached}, of which there are {size}"]
    return []


def _overlap_problems(instruction: Add | Table | Pool, found: Sequence[Access]) -> list[str]:
    activations = [access for access in found if access.space is Space.ACTIVATIONS]
    (target,) = (access for access in activations if access.writes)
    for source in activations:
        if (
            source.writes
            or source.empty
            or max(source.low, target.low) > min(source.high, target.high)
        ):
            continue
        equal = (source.low, source.high) == (target.low, target.high)
        if isinstance(instruction, Pool):
            if np.intersect1d(source.index, target.index, assume_unique=True).size:
                return ["writes what it reads: a pool's result lies apart from its source"]
        elif not equal:
            return ["the result must lie exactly where an operand does, or apart from it"]
    return []


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
    """For each place, the last instruction of each unit that wrote to it and that read it."""

    def __init__(self, places: int) -> None:
        self.written = {unit: np.zeros(places, dtype=np.int64) for unit in _UNITS}
        self.read = {unit: np.zeros(places, dtype=np.int64) for unit in _UNITS}

    def never_written(self, places: slice | NDArray[np.int64]) -> bool:
        """Whether some of these hold nothing yet."""
        return bool(np.any(sum(self.written[unit][places] for unit in _UNITS) == 0))


class _Memories:
    """Histories of all memories and of their ports."""

    def __init__(self, touched: Sequence[_Touched]) -> None:
        self._places = Places(access for touches in touched for access in touches.accesses)
        self._histories = {key: _History(count) for key, count in self._places.counts.items()}
        self._ports: dict[Port, dict[Unit, int]] = {}

    def enter(self, touches: _Touched, order: _Order) -> list[str]:
        """Take the next instruction; what is wrong with what it touches."""
        problems: list[str] = []
        found = [access for access in touches.accesses if not access.empty]
        for access in found:
            problems += self._races(access, order)
        if not problems:
            problems = self._port_races(touches.ports, order)
        if not problems:
            unit, number = order.stamp
            for access in found:
                history = self._histories[access.space, access.base]
                table = history.written if access.writes else history.read
                table[unit][self._places.of(access)] = number
            for port in touches.ports:
                self._ports.setdefault(port, {})[unit] = number
        return problems

    def _races(self, access: Access, order: _Order) -> list[str]:
        history = self._histories[access.space, access.base]
        places = self._places.of(access)
        space = access.space.value
        local_read = not access.writes and access.space is not Space.DRAM
        if local_read and history.never_written(places):
            return [f"reads {space} that nothing has written"]
        earlier = [history.written] + ([history.read] if access.writes else [])
        for table in earlier:
            for unit in _UNITS:
                if np.any(table[unit][places] > order.before(unit)):
                    did = "written" if table is history.written else "read"
                    does = "writes" if access.writes else "reads"
                    other = f"{space} that {unit.value} may not have {did} yet"
                    return [f"{does} {other}: no token orders them"]
        return []

    def _port_races(self, used: Sequence[Port], order: _Order) -> list[str]:
        for port in used:
            for unit, number in self._ports.get(port, {}).items():
                if number > order.before(unit):
                    name = f"the {'write' if port.writes else 'read'} port of bank {port.bank}"
                    what = f"{name} of {port.space.value} that {unit.value} may still be using"
                    return [f"uses {what}: no token orders them"]
        return []

"""What an instruction costs, once for all that take equally long."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol

from golden.accelerator.description import Accelerator, MemoryKind
from golden.accelerator.fields import operand_fields
from golden.accelerator.instructions import BASES, INSTRUCTIONS, Gemm, Instruction, Load, Store
from sim.accelerator.execute import gemm_cycles
from sim.accelerator.load import load_beats, load_cycles
from sim.accelerator.store import store_beats, store_cycles
from sim.accelerator.vector import vector_cycles

__all__ = ["Cost", "Costs", "UnitCosts"]

_PLACES = {
    "source",
    "target",
    "weights",
    "parameters",
    "first",
    "second",
    "local",
    "local_row_step",
    "pad_value",
    "zero_point",
    "low",
    "high",
    "base",
    "address",
    "row_step",
}
"""Fields that no duration depends on, or not as they are."""


@dataclass(frozen=True)
class Cost:
    """Of one instruction.

    Parameters
    ----------
    busy : int
        Cycles of its unit; 0 where that depends on what else uses the memory.
    read_bytes, written_bytes : int
        Over the data port, whole beats.
    """

    busy: int
    read_bytes: int = 0
    written_bytes: int = 0


class Costs(Protocol):
    """Where costs come from."""

    def signature(self, instruction: Instruction) -> Hashable:
        """All that the cost and the traffic of an instruction depend on."""

    def cost(self, instruction: Instruction) -> Cost:
        """Of an instruction; asked once for each signature."""


class UnitCosts:
    """Costs from the timing of each unit of an accelerator.

    Parameters
    ----------
    accelerator : Accelerator
    bases : sequence of int
        Base registers.
    """

    def __init__(self, accelerator: Accelerator, bases: Sequence[int] = (0,) * BASES) -> None:
        self._accelerator = accelerator
        self._bases = tuple(bases)
        self._shared_memory = accelerator.memory.kind is MemoryKind.BANKED
        self._block = accelerator.burst_beats * accelerator.bus_bytes
        self._fields: dict[type, Callable[[Any], Any]] = {
            kind: attrgetter(
                *(field.name for field in operand_fields(kind) if field.name not in _PLACES)
            )
            for kind in INSTRUCTIONS
        }

    def signature(self, instruction: Instruction) -> Hashable:
        """Where no one else uses the memory, addresses count as far as they cut bursts."""
        kind = type(instruction)
        fields = self._fields[kind](instruction)
        if not isinstance(instruction, Load | Store):
            return kind.OPCODE, fields
        address = self._bases[instruction.base] + instruction.address
        step = instruction.row_step if instruction.rows > 1 else 0
        if not self._shared_memory:
            address %= self._block
            step %= self._block
        return kind.OPCODE, fields, address, step

    def cost(self, instruction: Instruction) -> Cost:
        """From the unit that executes it."""
        accelerator = self._accelerator
        if isinstance(instruction, Load):
            base = self._bases[instruction.base]
            busy = 0 if self._shared_memory else load_cycles(accelerator, instruction, base)
            beats = load_beats(accelerator, instruction, base)
            return Cost(busy, read_bytes=beats * accelerator.bus_bytes)
        if isinstance(instruction, Store):
            base = self._bases[instruction.base]
            busy = 0 if self._shared_memory else store_cycles(accelerator, instruction, base)
            beats = store_beats(accelerator, instruction, base)
            return Cost(busy, written_bytes=beats * accelerator.bus_bytes)
        if isinstance(instruction, Gemm):
            return Cost(gemm_cycles(accelerator, instruction))
        return Cost(vector_cycles(accelerator, instruction))

"""Scripts for the accelerator's test benches.

A script is text, one command a line, which the native harness and the cocotb bench both play:

====================================  =========================================================
``size BYTES``                        make DRAM, all zeros
``image ADDRESS FILE``                copy a file into it
``memory BANKED LATENCY INTERVAL``    timing of the data port from the next start on; then
``OUTSTANDING BANKS ROW …``           ``ACTIVATE PRECHARGE COLUMN REFRESH_INTERVAL REFRESH``
``program_latency CYCLES``            timing of the program port
``stalls SEED PERMILLE``              stop each AXI channel in so many of 1000 cycles
``errors read|write|program N …``     answer the bursts of these numbers with an error
``write OFFSET VALUE``                write a register
``read OFFSET``                       read one; prints ``read OFFSET VALUE``
``start``                             start the program
``wait CYCLES``                       until it has ended; prints ``cycles N``, 0 if it has not
``step CYCLES``, ``reset CYCLES``     let time pass, with reset held or not
``watch N MEMORY FILE``               write a local memory when N instructions of the store queue
                                      are done; prints ``reached N CYCLE``
``checkpoint N FILE``                 then write all that is needed to go on from there
``restore FILE``                      go on from there; in place of ``start``
``trace FROM TO``                     cycles of the program that a trace has (default: all)
``save ADDRESS BYTES FILE``           write part of DRAM to a file
``local MEMORY FILE``                 write a local memory to a file
====================================  =========================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from golden.accelerator.description import Accelerator, MemoryKind
from golden.accelerator.registers import REGISTERS, Control, find_register

__all__ = ["Results", "Script", "parse_results"]

_UNLIMITED = 1 << 32
_NAMES = frozenset(register.name for register in REGISTERS)


@dataclass
class Script:
    """A script that is being written.

    Attributes
    ----------
    lines : list of str
    """

    lines: list[str] = field(default_factory=list)

    def add(self, *words: object) -> None:
        """Append a command."""
        self.lines.append(" ".join(map(str, words)))

    def memory(self, accelerator: Accelerator) -> None:
        """Timing of both ports, as the accelerator's description has it."""
        memory = accelerator.memory
        if memory.kind is MemoryKind.IDEAL:
            timing, latency = [0, 1, 1, _UNLIMITED], 1
        else:
            banked = int(memory.kind is MemoryKind.BANKED)
            timing = [banked, memory.latency_cycles, accelerator.interval, memory.outstanding]
            latency = memory.latency_cycles
        self.add(
            "memory",
            *timing,
            memory.banks,
            memory.row_bytes,
            memory.activate_cycles,
            memory.precharge_cycles,
            memory.column_cycles,
            memory.refresh_interval_cycles,
            memory.refresh_cycles,
        )
        self.add("program_latency", latency)

    def write_register(self, name: str, value: int) -> None:
        """Write a register, or both of a pair that is named without its ending."""
        if f"{name}_LOW" in _NAMES:
            self.add("write", find_register(f"{name}_LOW").offset, value & 0xFFFFFFFF)
            self.add("write", find_register(f"{name}_HIGH").offset, value >> 32)
        else:
            self.add("write", find_register(name).offset, value)

    def read_register(self, name: str) -> None:
        """Read a register, or both of a pair."""
        for part in (f"{name}_LOW", f"{name}_HIGH") if f"{name}_LOW" in _NAMES else (name,):
            self.add("read", find_register(part).offset)

    def run(self, program: int, bases: Sequence[int], limit_cycles: int) -> None:
        """Start the program at address ``program`` and wait for its end."""
        self.prepare(program, bases)
        self.add("start")
        self.add("wait", limit_cycles)

    def prepare(self, program: int, bases: Sequence[int]) -> None:
        """Set the registers that a start needs."""
        self.write_register("INTERRUPT_ENABLE", 1)
        self.write_register("INTERRUPT_STATUS", 1)
        self.write_register("PROGRAM", program)
        for number, base in enumerate(bases):
            self.write_register(f"BASE{number}", base)

    def abort(self) -> None:
        """Stop the program that runs."""
        self.write_register("CONTROL", int(Control.ABORT))

    def write_file(self, path: Path) -> None:
        """Write the script."""
        path.write_text("".join(f"{line}\n" for line in self.lines))


@dataclass(frozen=True)
class Results:
    """What a bench printed.

    Parameters
    ----------
    cycles : tuple of int
        Of each ``wait``.
    registers : tuple of (str, int)
        Each ``read``, in order; pairs of 32 bits are put together under their common name.
    """

    cycles: tuple[int, ...]
    registers: tuple[tuple[str, int], ...]

    def last(self, name: str) -> int:
        """The value of a register when it was last read.

        Raises
        ------
        KeyError
            If it was not read.
        """
        for found, value in reversed(self.registers):
            if found == name:
                return value
        raise KeyError(name)


def parse_results(text: str) -> Results:
    """Results from what a bench printed."""
    offsets = {find_register(name).offset: name for name in _NAMES}
    cycles: list[int] = []
    registers: list[tuple[str, int]] = []
    for line in text.splitlines():
        verb, *numbers = line.split()
        if verb == "cycles":
            cycles.append(int(numbers[0]))
        elif verb == "read":
            name, value = offsets[int(numbers[0])], int(numbers[1])
            if name.endswith("_HIGH"):
                _, low = registers.pop()
                value = value << 32 | low
            registers.append((name.removesuffix("_HIGH"), value))
    merged = [(name.removesuffix("_LOW"), value) for name, value in registers]
    return Results(tuple(cycles), tuple(merged))

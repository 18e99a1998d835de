"""cocotb bench: plays a script to an accelerator and writes down what came out.

The environment names the files: ``TILEWRIGHT_VECTORS``, the script, and ``TILEWRIGHT_RESULTS``.
Scripts are text, one command a line:

====================================  =========================================================
``size BYTES``                        make DRAM, all zeros
``image ADDRESS FILE``                copy a file into it
``memory BANKED LATENCY INTERVAL``    timing of the data port from the next start on; then
``OUTSTANDING BANKS ROW …``           ``ACTIVATE PRECHARGE COLUMN REFRESH_INTERVAL REFRESH``
``program_latency CYCLES``            timing of the program port
``stalls SEED PERMILLE``              stop each AXI channel in so many of 1000 cycles
``errors read|write|program N …``     answer the bursts of these numbers with an error
``write OFFSET VALUE``                write a register
``read OFFSET``                       read one; writes ``read OFFSET VALUE``
``start``                             start the program
``wait CYCLES``                       until it has ended; writes ``cycles N``, 0 if it has not
``step CYCLES``, ``reset CYCLES``     let time pass, with reset held or not
``watch N MEMORY FILE``               write a local memory when N instructions of the store queue
                                      are done; writes ``reached N CYCLE``
``save ADDRESS BYTES FILE``           write part of DRAM to a file
``local MEMORY FILE``                 write a local memory to a file
====================================  =========================================================

Files are named from the folder of the script. Each cycle begins with its inputs; when these have
settled the bench looks at the outputs, checks the rules of AXI, and lets the clock rise.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import Timer

from .banked import Timing
from .local import local_memory
from .ports import ReadPort, WritePort
from .signals import Inputs, read_bit, read_bits

HALF_NS = 5
RESET_CYCLES = 2

CONTROL_OFFSET = 0x10
START = 1

ALL_STROBES = 0xF
STORE_UNIT = 2
"""Bit of ``units_done``."""


@cocotb.test()
async def play_script(dut: Any) -> None:
    """Play every command; the verdict is up to whoever reads the results."""
    script = Path(os.environ["TILEWRIGHT_VECTORS"])
    player = Player(dut, script.parent)
    await player.reset(RESET_CYCLES)
    for line in script.read_text().splitlines():
        verb, *words = line.split()
        await player.command(verb, words)
    Path(os.environ["TILEWRIGHT_RESULTS"]).write_text(
        "".join(f"{line}\n" for line in player.results)
    )


class Player:
    """Plays commands.

    Parameters
    ----------
    dut : cocotb handle
    folder : Path
        Where files are.
    """

    def __init__(self, dut: Any, folder: Path) -> None:
        self.results: list[str] = []
        self._dut = dut
        self._folder = folder
        self._random = Random(0)
        self._stall_permille = 0
        self._inputs = Inputs(dut)
        self._data = ReadPort(dut, self._inputs, "m_axi", self._random)
        self._written = WritePort(dut, self._inputs, "m_axi")
        self._program = ReadPort(dut, self._inputs, "m_axi_program", self._random)
        self._timing = Timing()
        self._program_timing = Timing()
        self._errors: dict[str, frozenset[int]] = defaultdict(frozenset)
        self._dram = bytearray()
        self._cycle = 0
        self._started = 0
        self._stores_done = 0
        self._watches: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for name in ("awvalid", "awaddr", "wvalid", "wdata", "bready", "arvalid", "araddr"):
            self._inputs.drive(f"s_axil_{name}", 0)
        self._inputs.drive("s_axil_rready", 0)
        self._inputs.drive("s_axil_wstrb", ALL_STROBES)
        self._renew()

    async def command(self, verb: str, words: Sequence[str]) -> None:
        """Play a command.

        Raises
        ------
        ValueError
            If there is no such command.
        RuleError
            If the design broke a rule of AXI.
        """
        if verb == "errors":
            self._errors[words[0]] = frozenset(map(int, words[1:]))
        elif verb == "memory":
            self._timing = Timing.of(words)
        elif verb in ("image", "save", "local", "watch"):
            self._move(verb, *words)
        else:
            await self._simple(verb, *map(int, words))

    def _move(self, verb: str, *words: str) -> None:
        """Commands with files."""
        *others, name = words
        if verb == "image":
            octets = (self._folder / name).read_bytes()
            address = int(others[0])
            if address + len(octets) > len(self._dram):
                raise ValueError(f"{name} is beyond DRAM")
            self._dram[address : address + len(octets)] = octets
        elif verb == "save":
            address, length = map(int, others)
            (self._folder / name).write_bytes(self._dram[address : address + length])
        elif verb == "local":
            self._save_local(others[0], name)
        else:
            self._watches[int(others[0])].append((others[1], name))

    async def _simple(self, verb: str, *numbers: int) -> None:
        """Commands with numbers alone."""
        if verb == "size":
            self._dram[:] = bytes(numbers[0])
        elif verb == "program_latency":
            self._program_timing = Timing(latency_cycles=numbers[0])
        elif verb == "stalls":
            seed, self._stall_permille = numbers
            self._random.seed(seed)
        elif verb == "write":
            await self._write(*numbers)
        elif verb == "read":
            self.results.append(f"read {numbers[0]} {await self._read(numbers[0])}")
        elif verb == "start":
            await self._start()
        elif verb == "wait":
            await self._wait(numbers[0])
        elif verb == "step":
            for _ in range(numbers[0]):
                await self._step()
        elif verb == "reset":
            await self.reset(numbers[0])
        else:
            raise ValueError(f"this bench has no command {verb}")

    async def reset(self, cycles: int) -> None:
        """Hold the reset for some cycles."""
        self._inputs.drive("rst", 1)
        for _ in range(cycles):
            await self._step()
        self._inputs.drive("rst", 0)
        self._renew()

    def _renew(self) -> None:
        """Memories without anything under way; time begins in the next cycle."""
        errors = self._errors
        data = self._timing.memory(
            self._dram, self._data.bus_bytes, errors["read"], errors["write"]
        )
        program = self._program_timing.memory(
            self._dram, self._program.bus_bytes, errors["program"], frozenset()
        )
        self._memories = (data, program)
        self._data.renew(data)
        self._written.renew(data)
        self._program.renew(program)

    async def _write(self, offset: int, value: int) -> None:
        drive = self._inputs.drive
        for name in ("awvalid", "wvalid", "bready"):
            drive(f"s_axil_{name}", 1)
        drive("s_axil_awaddr", offset)
        drive("s_axil_wdata", value)
        while "aw" not in await self._step():
            pass
        drive("s_axil_awvalid", 0)
        drive("s_axil_wvalid", 0)

    async def _read(self, offset: int) -> int:
        drive = self._inputs.drive
        drive("s_axil_arvalid", 1)
        drive("s_axil_rready", 1)
        drive("s_axil_araddr", offset)
        while "ar" not in await self._step():
            pass
        drive("s_axil_arvalid", 0)
        while "r" not in (moved := await self._step()):
            pass
        return moved["r"]

    async def _start(self) -> None:
        # What the last program asked for may still be coming.
        while not all(memory.idle for memory in self._memories):
            await self._step()
        await self._write(CONTROL_OFFSET, START)
        self._renew()
        self._started = self._cycle
        self._stores_done = 0

    async def _wait(self, limit: int) -> None:
        end = self._cycle + limit
        while self._cycle < end and not read_bit(self._dut.irq):
            await self._step()
        ended = read_bit(self._dut.irq)
        self.results.append(f"cycles {self._cycle - self._started if ended else 0}")

    def _stalls(self) -> bool:
        return self._stall_permille > 0 and self._random.randrange(1000) < self._stall_permille

    async def _step(self) -> dict[str, int]:
        """A cycle; channels of the register port with a transfer in it, ``r`` with its data."""
        ports = (self._data, self._written, self._program)
        self._inputs.drive("clk", 0)
        for port in ports:
            port.drive(self._stalls)
        await Timer(HALF_NS, "ns")
        moved: dict[str, int] = {}
        store_done = False
        if not self._inputs.driven("rst"):
            for port in ports:
                port.transfer()
            moved = self._register_transfers()
            if self._watches:
                store_done = bool(read_bits(self._dut.core.units_done) >> STORE_UNIT & 1)
        self._inputs.drive("clk", 1)
        await Timer(HALF_NS, "ns")
        for memory in self._memories:
            memory.tick()
        self._cycle += 1
        if store_done:
            self._look()
        return moved

    def _register_transfers(self) -> dict[str, int]:
        """What is transferred on the register port, and its data."""
        moved = {}
        for channel, data in (("aw", "awaddr"), ("ar", "araddr")):
            ready = read_bit(self._dut[f"s_axil_{channel}ready"])
            if ready and self._inputs.driven(f"s_axil_{channel}valid"):
                moved[channel] = self._inputs.driven(f"s_axil_{data}")
        for channel in ("b", "r"):
            valid = read_bit(self._dut[f"s_axil_{channel}valid"])
            if valid and self._inputs.driven(f"s_axil_{channel}ready"):
                moved[channel] = read_bits(self._dut["s_axil_rdata"]) if channel == "r" else 0
        return moved

    def _look(self) -> None:
        """Write what was asked for when so many instructions of the store queue are done."""
        self._stores_done += 1
        for memory, name in self._watches.get(self._stores_done, ()):
            self._save_local(memory, name)
            self.results.append(f"reached {self._stores_done} {self._cycle - self._started}")

    def _save_local(self, memory: str, name: str) -> None:
        (self._folder / name).write_bytes(local_memory(self._dut, memory))

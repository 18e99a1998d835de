"""The description of an accelerator: everything that RTL, simulator and lowering share.

Frozen data. `Accelerator.supported` says whether the accelerator can be built around an engine.
"""

import hashlib
import importlib
import json
from dataclasses import dataclass, fields
from enum import Enum
from functools import cached_property
from typing import Any

from golden.accelerator.feeding import Feeding, feeding_of
from golden.accelerator.interpreter import MemorySizes
from golden.contract import Layout
from golden.discovery import close_names, find_modules
from golden.errors import UserError
from golden.formats import IntFormat
from golden.params import to_plain

__all__ = ["Accelerator", "Memory", "MemoryKind"]

_BUS_BYTES = (8, 16, 32, 64)
_SUM_BITS = 32
_KIB = 1024
_MOST = 1_000_000
"""Of numbers that describe memory."""
_LONGEST_INTERVAL = 4
"""Cycles from beat to beat: up to here no instruction finds the bus still occupied by the last."""


class MemoryKind(Enum):
    """Model of the memory behind the AXI ports."""

    IDEAL = "ideal"
    FIXED = "fixed"
    BANKED = "banked"


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The memory behind the AXI ports; see the manual for what the numbers mean.

    Parameters
    ----------
    kind : MemoryKind
    latency_cycles : int
        From the acceptance of a read burst to its first beat, of a write burst to its answer.
    bytes_per_cycle : int
        At most the bytes of the bus, which it divides.
    outstanding : int
        Bursts of a direction that may be under way.
    banks, row_bytes : int
        ``banked``: banks, and bytes of a row of a bank.
    activate_cycles, precharge_cycles, column_cycles : int
        ``banked``: tRCD, tRP and CL.
    refresh_interval_cycles, refresh_cycles : int
        ``banked``: tREFI and tRFC.
    """

    kind: MemoryKind = MemoryKind.FIXED
    latency_cycles: int = 50
    bytes_per_cycle: int = 16
    outstanding: int = 16
    banks: int = 8
    row_bytes: int = 2048
    activate_cycles: int = 14
    precharge_cycles: int = 14
    column_cycles: int = 14
    refresh_interval_cycles: int = 3900
    refresh_cycles: int = 208

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is int and (not isinstance(value, int) or not 1 <= value <= _MOST):
                raise UserError(
                    f"memory.{field.name} must be an integer from 1 to {_MOST}, not {value!r}"
                )


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """An engine, its local memories, and the memory behind it.

    Parameters
    ----------
    name : str
    engine : str
        Name of the engine.
    params : object
        Its params.
    activation_bytes, weight_bytes, parameter_bytes, accumulator_bytes : int
        Sizes of the local memories.
    activation_banks, accumulator_banks : int
    bus_bytes : int
        Of the data port.
    burst_beats : int
        Longest burst.
    outstanding_reads : int
        Read bursts that may be under way or waiting to be written to a local memory.
    queue_depth : int
        Instructions that wait for a unit.
    memory : Memory

    Raises
    ------
    UserError
        If a number is out of range, or the engine does not fit.
    """

    name: str
    engine: str
    params: Any
    activation_bytes: int = 128 * _KIB
    weight_bytes: int = 120 * _KIB
    parameter_bytes: int = 8 * _KIB
    accumulator_bytes: int = 64 * _KIB
    activation_banks: int = 4
    accumulator_banks: int = 2
    bus_bytes: int = 16
    burst_beats: int = 16
    outstanding_reads: int = 8
    queue_depth: int = 8
    memory: Memory = Memory()

    def __post_init__(self) -> None:
        if self.bus_bytes not in _BUS_BYTES:
            raise UserError(f"bus_bytes must be 8, 16, 32 or 64, not {self.bus_bytes!r}")
        for name, low, high in (
            ("burst_beats", 2, 256),
            ("outstanding_reads", 2, 64),
            ("queue_depth", 2, 32),
            ("activation_banks", 1, 16),
            ("accumulator_banks", 1, 4),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high or value & (value - 1):
                raise UserError(
                    f"{name} must be a power of two from {low} to {high}, not {value!r}"
                )
        if self.burst_beats * self.bus_bytes > 4 * _KIB:
            raise UserError(
                f"a burst has at most 4096 bytes, not {self.burst_beats} x {self.bus_bytes}"
            )
        self._check_engine()
        if self.lanes > self.burst_beats * self.bus_bytes:
            raise UserError(
                f"a burst of {self.burst_beats} x {self.bus_bytes} bytes is shorter than a word of"
                f" {self.lanes}; raise burst_beats"
            )
        self._check_sizes()
        rate = self.memory.bytes_per_cycle
        if self.memory.kind is not MemoryKind.IDEAL and self.bus_bytes % rate:
            raise UserError(
                f"memory.bytes_per_cycle must divide bus_bytes={self.bus_bytes}, not be {rate}"
            )
        if self.interval > _LONGEST_INTERVAL:
            raise UserError(
                f"memory.bytes_per_cycle must be at least bus_bytes / {_LONGEST_INTERVAL} ="
                f" {self.bus_bytes // _LONGEST_INTERVAL}, not {rate}; use a narrower bus"
            )

    def _check_engine(self) -> None:
        what = f"an accelerator can not be built around {self.engine} with these params"
        _ = self.feeding
        sums, lanes = self.layout.results.format, self.lanes
        if not isinstance(sums, IntFormat) or not sums.signed or sums.bits > _SUM_BITS:
            raise UserError(f"{what}: sums must be signed integers of at most {_SUM_BITS} bits")
        if lanes < 4:
            raise UserError(f"{what}: at least 4 lanes are needed, not {lanes}")

    def _check_sizes(self) -> None:
        limits = {"activation": 20, "weight": 20, "parameter": 16, "accumulator": 16}
        for name, bits in limits.items():
            octets = getattr(self, f"{name}_bytes")
            word = self.lanes * (_SUM_BITS // 8 if name == "accumulator" else 1)
            banks = getattr(self, f"{name}_banks", 1)
            read = word * (self.feeding.alignment if name == "weight" else 1)
            if not isinstance(octets, int) or octets < 1 or octets % (read * banks):
                raise UserError(
                    f"{name}_bytes must be a multiple of {read * banks}, not {octets!r}:"
                    f" {banks} bank(s) with words of {read} bytes"
                )
            words = octets // word
            if words > 1 << bits:
                raise UserError(f"{name}_bytes must be at most {word << bits}, not {octets}")
            if banks > 1 and words & (words - 1):
                raise UserError(
                    f"{name}_bytes must be {word} times a power of two where there are banks,"
                    f" not {octets}"
                )

    @cached_property
    def layout(self) -> Layout:
        """Ports of the engine."""
        modules = find_modules()
        if self.engine not in modules:
            raise UserError(
                f"there is no engine {self.engine!r}{close_names(self.engine, list(modules))}"
            )
        golden = importlib.import_module(modules[self.engine].golden)
        layout: Layout = golden.layout(self.params)
        return layout

    @cached_property
    def lanes(self) -> int:
        """Bytes of a word of the byte memories."""
        return self.layout.results.width

    @cached_property
    def feeding(self) -> Feeding:
        """How the engine is fed."""
        return feeding_of(self.engine, self.layout)

    @cached_property
    def sizes(self) -> MemorySizes:
        """Words of the local memories."""
        return MemorySizes(
            activations=self.activation_bytes // self.lanes,
            weights=self.weight_bytes // self.lanes,
            parameters=self.parameter_bytes // self.lanes,
            accumulators=self.accumulator_bytes // (self.lanes * _SUM_BITS // 8),
        )

    @property
    def interval(self) -> int:
        """Cycles from beat to beat of the memory."""
        if self.memory.kind is MemoryKind.IDEAL:
            return 1
        return max(1, self.bus_bytes // self.memory.bytes_per_cycle)

    @cached_property
    def target(self) -> bytes:
        """Eight bytes that change with what a program depends on."""
        facts = {
            "engine": self.engine,
            "params": to_plain(self.params),
            **{
                field.name: getattr(self, field.name)
                for field in fields(self)
                if field.name.endswith(("_bytes", "_banks"))
            },
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).digest()[:8]

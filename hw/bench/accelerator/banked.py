"""Timing of the memory behind the data port, as a script gives it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from .memory import AxiMemory

__all__ = ["Banks", "Timing"]


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Numbers of a memory model, in the order in which a script has them.

    Parameters
    ----------
    banked : int
        1 for banks and rows, 0 for a fixed latency.
    latency_cycles, interval : int
        From a burst's acceptance to its service; from beat to beat.
    outstanding : int
        Bursts of a direction that may be under way.
    banks, row_bytes : int
    activate_cycles, precharge_cycles, column_cycles : int
    refresh_interval_cycles, refresh_cycles : int
    """

    banked: int = 0
    latency_cycles: int = 1
    interval: int = 1
    outstanding: int = 1 << 32
    banks: int = 1
    row_bytes: int = 1
    activate_cycles: int = 0
    precharge_cycles: int = 0
    column_cycles: int = 0
    refresh_interval_cycles: int = 1
    refresh_cycles: int = 0

    @classmethod
    def of(cls, words: Iterable[str]) -> "Timing":
        """From the numbers of a script's command.

        Raises
        ------
        ValueError
            If there are more or fewer.
        """
        names = (entry.name for entry in fields(cls))
        return cls(**{name: int(word) for name, word in zip(names, words, strict=True)})

    def memory(
        self,
        octets: bytearray,
        bus_bytes: int,
        read_errors: frozenset[int],
        write_errors: frozenset[int],
    ) -> AxiMemory:
        """A memory of this timing; see `AxiMemory`."""
        return AxiMemory(
            octets,
            bus_bytes,
            latency_cycles=self.latency_cycles,
            interval=self.interval,
            outstanding=self.outstanding,
            serve=Banks(self).serve if self.banked else None,
            read_errors=read_errors,
            write_errors=write_errors,
        )


@dataclass
class _Bank:
    """Its open row, the refresh period in which it was opened, and when its last beat is over."""

    row: int = -1
    period: int = -1
    free: int = 0


@dataclass
class Banks:
    """When a DRAM serves bursts, which both directions bring to one queue.

    Parameters
    ----------
    timing : Timing
    """

    timing: Timing
    _next_start: int = 0
    _bus_free: int = 0
    _banks: dict[int, _Bank] = field(default_factory=dict)

    def serve(self, arrival: int, address: int, beats: int) -> int:
        """Cycle of the first beat of a burst; bursts come in the order of their arrivals.

        Parameters
        ----------
        arrival : int
            Cycle in which a read's address, or a write's last beat, was accepted.
        address : int
            Of the first byte.
        beats : int
        """
        timing = self.timing
        row, number = divmod(address // timing.row_bytes, timing.banks)
        bank = self._banks.setdefault(number, _Bank())
        start = self._after_refresh(max(arrival + timing.latency_cycles, self._next_start))
        if not self._is_open(bank, start, row):
            # Another row has to wait for what is still under way in the one that is open.
            start = self._after_refresh(max(start, bank.free))
        ready = start + timing.column_cycles
        if not self._is_open(bank, start, row):
            ready += timing.activate_cycles
            # What a refresh has closed needs no precharge.
            ready += timing.precharge_cycles * (bank.period == self._period(start))
        first = max(ready, self._bus_free)
        self._next_start = start + 1
        self._bus_free = bank.free = first + beats * timing.interval
        bank.row, bank.period = row, self._period(start)
        return first

    def _period(self, cycle: int) -> int:
        return cycle // self.timing.refresh_interval_cycles

    def _is_open(self, bank: _Bank, cycle: int, row: int) -> bool:
        return (bank.row, bank.period) == (row, self._period(cycle))

    def _after_refresh(self, cycle: int) -> int:
        """The first cycle from ``cycle`` on that is not in a refresh.

        Each period begins with one, but for the first.
        """
        begun = self._period(cycle) * self.timing.refresh_interval_cycles
        return max(cycle, begun + self.timing.refresh_cycles) if begun else cycle

"""When a DRAM with banks and rows serves bursts: the ``banked`` memory model."""

from dataclasses import dataclass, field

from golden.accelerator.description import Memory

__all__ = ["BankedTiming"]


@dataclass
class BankedTiming:
    """State of the memory controller and of the banks.

    Bursts of both directions are served in the order in which they arrive. A burst is started
    ``latency_cycles`` after its arrival or later, one a cycle; its row is then closed and opened as
    needed; its beats take the data bus, which both directions share, one after the other. Every
    ``refresh_interval_cycles`` all rows are closed, and for ``refresh_cycles`` nothing is started.
    Time is 0 in the first cycle of a run.

    Parameters
    ----------
    memory : Memory
    interval : int
        Cycles from beat to beat.
    """

    memory: Memory
    interval: int
    _start: int = -1
    _bus_free: int = 0
    _epoch: int = 0
    _rows: dict[int, int] = field(default_factory=dict)
    _busy_until: dict[int, int] = field(default_factory=dict)

    def serve(self, arrival: int, address: int, beats: int) -> int:
        """Cycle of the first beat of a burst; bursts are given in the order of their arrivals.

        Parameters
        ----------
        arrival : int
            Cycle in which a read's address, or a write's last beat, was accepted.
        address : int
            Of the first byte.
        beats : int
        """
        memory = self.memory
        block = address // memory.row_bytes
        bank, row = block % memory.banks, block // memory.banks
        start = max(arrival + memory.latency_cycles, self._start + 1)
        start = self._refreshed(start)
        hit = self._rows.get(bank) == row
        if not hit and self._busy_until.get(bank, 0) > start:
            start = self._refreshed(self._busy_until[bank])
            hit = self._rows.get(bank) == row
        wait = memory.column_cycles
        if not hit:
            wait += memory.activate_cycles
            wait += memory.precharge_cycles if bank in self._rows else 0
        first = max(start + wait, self._bus_free)
        self._start = start
        self._rows[bank] = row
        self._bus_free = self._busy_until[bank] = first + beats * self.interval
        return first

    def _refreshed(self, start: int) -> int:
        """The first cycle from ``start`` on without a refresh; rows are closed by those before."""
        epoch, phase = divmod(start, self.memory.refresh_interval_cycles)
        if epoch and phase < self.memory.refresh_cycles:
            start += self.memory.refresh_cycles - phase
        if epoch != self._epoch:
            self._epoch = epoch
            self._rows.clear()
        return start

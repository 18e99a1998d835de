"""Widths of the load unit."""

from dataclasses import dataclass
from functools import cached_property

from amaranth.utils import ceil_log2, exact_log2

from golden.accelerator.description import Accelerator

__all__ = ["ROW_BYTES_BITS", "LoadSizes"]

ROW_BYTES_BITS = 21
"""Of the number of bytes of a row that are fetched: 0 to 2 ** 20."""


@dataclass(frozen=True)
class LoadSizes:
    """What an accelerator's load unit counts, and with how many bits.

    Parameters
    ----------
    accelerator : Accelerator
    """

    accelerator: Accelerator

    @property
    def lanes(self) -> int:
        """Bytes of a word."""
        return self.accelerator.lanes

    @property
    def bus_bytes(self) -> int:
        """Bytes of a beat."""
        return self.accelerator.bus_bytes

    @property
    def bursts(self) -> int:
        """Bursts that may be unretired."""
        return self.accelerator.outstanding_reads

    @cached_property
    def beat_bits(self) -> int:
        """Bits of an address within a beat."""
        return exact_log2(self.accelerator.bus_bytes)

    @cached_property
    def cut_bits(self) -> int:
        """Bits of a beat's number within the longest burst."""
        return exact_log2(self.accelerator.burst_beats)

    @property
    def burst_bits(self) -> int:
        """Bits of an address within the longest burst."""
        return self.beat_bits + self.cut_bits

    @cached_property
    def ring_beats(self) -> int:
        """Beats that may be fetched and needed still; at least two for each bank."""
        return max(self.bursts * self.accelerator.burst_beats, 2 * self.banks)

    @property
    def ring_bits(self) -> int:
        """Bits of a byte's place in the ring of beats."""
        return exact_log2(self.ring_beats) + self.beat_bits

    @cached_property
    def banks(self) -> int:
        """Banks of the ring, a power of two: any word lies in that many beats."""
        beats = -(-(self.lanes - 1) // self.bus_bytes) + 1
        return 1 << max(1, ceil_log2(beats))

    @property
    def beat_count_bits(self) -> int:
        """Of running numbers of beats, so that differences of up to a ring keep their sign."""
        return exact_log2(self.ring_beats) + 2

    @property
    def burst_count_bits(self) -> int:
        """Of running numbers of bursts, so that differences of up to ``bursts`` are seen."""
        return exact_log2(self.bursts) + 1

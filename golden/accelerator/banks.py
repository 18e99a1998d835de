"""Which ports of which banks of the local memories each instruction uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from golden.accelerator.accesses import Access, Space
from golden.accelerator.instructions import Gemm, Instruction

__all__ = ["Port", "ports"]


@dataclass(frozen=True)
class Port:
    """A port of a bank, which one unit at a time may use.

    Parameters
    ----------
    space : Space
        Never DRAM.
    bank : int
    writes : bool
    """

    space: Space
    bank: int
    writes: bool


def ports(
    instruction: Instruction, found: Sequence[Access], bank_words: Mapping[Space, int]
) -> list[Port]:
    """Ports that an instruction uses, each once.

    A `Gemm` always counts as a reader of the accumulators that it writes.

    Parameters
    ----------
    instruction : Instruction
    found : sequence of Access
        What it touches.
    bank_words : mapping of Space to int
        Words of a bank of each local memory.
    """
    used: dict[Port, None] = {}
    for access in found:
        if access.space is Space.DRAM or access.empty:
            continue
        size = bank_words[access.space]
        banks = {access.low // size, access.high // size}
        if len(banks) > 1:
            banks = set(np.unique(access.index // size).tolist())
        used.update((Port(access.space, bank, access.writes), None) for bank in banks)
        if isinstance(instruction, Gemm) and access.space is Space.ACCUMULATORS:
            used.update((Port(access.space, bank, False), None) for bank in banks)
    return list(used)

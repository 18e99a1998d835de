"""Contents of local memories, read through the hierarchy of the design."""

from itertools import count
from typing import Any

__all__ = ["VISIBLE", "local_memory"]

VISIBLE = ("tilewright_sram_1r1w*.words", "core_core*.units_done")
"""Signals that a Verilator build has to leave visible, as ``module.signal``."""


def local_memory(dut: Any, name: str) -> bytes:
    """All words of a local memory, bank after bank, lowest byte first.

    Bits that are neither 0 nor 1, of words that were never written, are read as 0.

    Parameters
    ----------
    dut : cocotb handle
    name : str
        ``activations``, ``weights``, ``parameters`` or ``accumulators``.
    """
    memory = dut.core[name]
    octets = bytearray()
    for number in count():
        try:
            bank = memory[f"bank_{number}"]
        except (AttributeError, KeyError):
            break
        # Not by its name: for that, Icarus gives the instance around it, which has the same.
        words = next(part for part in bank.words if part._name == "words")
        for word in words:
            bits = str(word.value).translate(_UNDEFINED)
            octets += int(bits, 2).to_bytes(len(bits) // 8, "little")
    return bytes(octets)


_UNDEFINED = str.maketrans(dict.fromkeys("XxZzUuWw-", "0"))

"""Contents of local memories, read through the hierarchy of the design."""

from collections.abc import Iterator
from itertools import count
from typing import Any

__all__ = ["VISIBLE", "local_memory"]

VISIBLE = ("tilewright_sram_1r1w*.words", "core_core*.units_done")
"""Signals that a Verilator build has to leave visible, as ``module.signal``."""


def local_memory(dut: Any, name: str) -> bytes:
    """All words of a local memory, bank after bank, lowest byte first; stripes lie in turn.

    Bits that are neither 0 nor 1, of words that were never written, are read as 0.

    Parameters
    ----------
    dut : cocotb handle
    name : str
        ``activations``, ``weights``, ``parameters`` or ``accumulators``.
    """
    memory = dut.core[name]
    parts = [*_numbered(memory, "stripe")] or [memory]
    stripes = [
        [octets for bank in _numbered(part, "bank") for octets in _words(bank)] for part in parts
    ]
    return b"".join(octets for run in zip(*stripes, strict=True) for octets in run)


def _numbered(parent: Any, name: str) -> Iterator[Any]:
    """Parts of the design whose names differ in their number."""
    for number in count():
        try:
            yield parent[f"{name}_{number}"]
        except (AttributeError, KeyError):
            return


def _words(bank: Any) -> Iterator[bytes]:
    # Not by its name: for that, Icarus gives the instance around it, which has the same.
    words = next(part for part in bank.words if part._name == "words")
    for word in words:
        bits = str(word.value).translate(_UNDEFINED)
        yield int(bits, 2).to_bytes(len(bits) // 8, "little")


_UNDEFINED = str.maketrans(dict.fromkeys("XxZzUuWw-", "0"))

"""The load unit: rows of bytes from memory to words of a local memory."""

from hw.accelerator.load.unit import LoadUnit

__all__ = ["LoadUnit"]

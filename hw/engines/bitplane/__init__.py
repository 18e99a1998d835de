"""RTL of the engine of bit planes."""

from hw.engines.bitplane.engine import Engine

__all__ = ["Engine"]

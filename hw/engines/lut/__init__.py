"""RTL of the LUT tensor core."""

from hw.engines.lut.engine import Engine

__all__ = ["Engine"]

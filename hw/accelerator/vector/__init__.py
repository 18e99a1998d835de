"""The vector unit: requantization, additions, pools and tables."""

from hw.accelerator.vector.unit import VectorUnit

__all__ = ["VectorUnit"]

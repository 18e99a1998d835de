"""The execute unit: operands to the engine, its results to the accumulators."""

from hw.accelerator.execute.unit import ExecuteUnit

__all__ = ["ExecuteUnit"]

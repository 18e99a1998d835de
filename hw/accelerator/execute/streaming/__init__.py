"""Feeding an engine through which operands stream."""

from hw.accelerator.execute.streaming.unit import StreamingExecuteUnit

__all__ = ["StreamingExecuteUnit"]

"""The execute unit: operands to the engine, its results to the accumulators."""

from amaranth.lib import wiring

from golden.accelerator.description import Accelerator
from golden.accelerator.feeding import Streaming
from hw.accelerator.execute.streaming import StreamingExecuteUnit
from hw.accelerator.execute.unit import ExecuteUnit

__all__ = ["ExecuteUnit", "StreamingExecuteUnit", "execute_unit"]


def execute_unit(
    accelerator: Accelerator, engine: wiring.Component
) -> ExecuteUnit | StreamingExecuteUnit:
    """The one that feeds an engine as it wants to be fed."""
    if isinstance(accelerator.feeding, Streaming):
        return StreamingExecuteUnit(accelerator.feeding, engine)
    return ExecuteUnit(accelerator, engine)

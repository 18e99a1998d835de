"""Layers that are known by their shapes alone, as loops of instructions from DRAM to DRAM."""

from mapper.accelerator.streaming.workload import (
    Materialised,
    Streamed,
    dram_bytes,
    materialised,
    streamed,
    workload_layers,
)

__all__ = [
    "Materialised",
    "Streamed",
    "dram_bytes",
    "materialised",
    "streamed",
    "workload_layers",
]

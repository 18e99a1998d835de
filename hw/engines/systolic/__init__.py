"""Systolic array engine."""

from hw.engines.systolic.engine import Engine

__all__ = ["Engine"]

"""Schedules of graphs that are too large for a proof."""

from mapper.scheduling.heuristic.parts import schedule_by_parts

__all__ = ["schedule_by_parts"]

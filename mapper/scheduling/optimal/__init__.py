"""Schedules that move the fewest bytes, with the proof."""

from mapper.scheduling.optimal.scheduler import schedule_optimally

__all__ = ["schedule_optimally"]

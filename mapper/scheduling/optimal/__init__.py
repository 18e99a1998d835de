"""Schedules that move the fewest bytes, with the proof."""

from mapper.scheduling.optimal.scheduler import schedule_optimally
from mapper.scheduling.optimal.zero import ZeroCapacity, least_zero_capacity

__all__ = ["ZeroCapacity", "least_zero_capacity", "schedule_optimally"]

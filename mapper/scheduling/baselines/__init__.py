"""Schedulers to compare with: those that COSMA, arXiv 2311.18246, section IV, is compared with.

TFLite's arena, in the given order of operators or in one of least peak, with Belady's or with
greedy replacement. How arena and replacement go together the paper does not say. Here are two ways.

- By step: the arena sees what is resident when an operator is about to run. While there is no
  contiguous room, residents are evicted.
- Planned: residents are evicted by the sum of sizes alone. Then the arena places them all, with
  their lifetimes known, as TFLite's planner does. That moves no more than the sum of sizes asks
  for, but may find no room: then there is no schedule.
"""

from mapper.scheduling.baselines.comparison import Reduction, reduction
from mapper.scheduling.baselines.strategies import BASELINES, Baseline

__all__ = ["BASELINES", "Baseline", "Reduction", "reduction"]

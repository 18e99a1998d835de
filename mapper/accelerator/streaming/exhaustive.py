"""The best of all plans by simulating every one: the oracle of the search on small layers."""

from golden.accelerator.description import Accelerator
from mapper.accelerator.streaming.mapping import simulated_cost
from mapper.accelerator.streaming.plan import Plan
from mapper.accelerator.streaming.space import all_plans
from mapper.accelerator.streaming.sweep import sweep_of
from sim.workload import Layer

__all__ = ["best_of_all_plans"]


def best_of_all_plans(
    layer: Layer, accelerator: Accelerator
) -> tuple[Plan | None, tuple[int, int], int]:
    """The first plan with the fewest cycles, and of those the fewest bytes.

    Parameters
    ----------
    layer : Layer
    accelerator : Accelerator

    Returns
    -------
    tuple of Plan, (int, int), int
        The plan, its cycles and bytes, and how many plans there are. No plan where there is none.
    """
    best: Plan | None = None
    least = (0, 0)
    count = 0
    for plan in all_plans(sweep_of(layer, accelerator.lanes), accelerator):
        count += 1
        cost = simulated_cost(layer, plan, accelerator)
        if best is None or cost < least:
            best, least = plan, cost
    return best, least, count

"""Orders in which buffers are tried."""

from enum import Enum

import numpy as np

from mapper.allocation.instance import Instance

__all__ = ["Order", "order_buffers", "vary_order"]

_DISPLACEMENT = 0.05
"""Standard deviation of a buffer's move in a varied order, as a part of the number of buffers."""


class Order(Enum):
    """What comes first. Ties go by the other measures."""

    DURATION = "long lives first"
    AREA = "largest product of duration and size first"
    SIZE = "largest first"


def order_buffers(instance: Instance, order: Order) -> list[int]:
    """Numbers of the buffers.

    Parameters
    ----------
    instance : Instance
    order : Order
    """

    def key(j: int) -> tuple[int, int, int]:
        size, duration = instance.sizes[j], instance.durations[j]
        first = {Order.DURATION: duration, Order.AREA: size * duration, Order.SIZE: size}[order]
        return -first, -size, -duration

    return sorted(range(len(instance.sizes)), key=key)


def vary_order(order: list[int], rng: np.random.Generator) -> list[int]:
    """The order with buffers moved about a little.

    Parameters
    ----------
    order : list of int
    rng : numpy.random.Generator
    """
    n = len(order)
    places = np.arange(n) + rng.normal(0, _DISPLACEMENT * n, n)
    return [order[i] for i in np.argsort(places, kind="stable")]

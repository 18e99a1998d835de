"""Random networks on random accelerators that have room for them."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from golden.accelerator.description import Accelerator
from golden.errors import UserError
from golden.graph import Graph
from mapper.accelerator.placement import NoRoomError
from tests.mapper.accelerator.machines import random_accelerator
from tests.mapper.accelerator.networks import random_network

T = TypeVar("T")

_TRIES = 12
"""About every fourth pair does not fit."""


def drawn_to_fit(
    seed: int, attempt: Callable[[Graph, Accelerator], T]
) -> tuple[Graph, Accelerator, T]:
    """The first pair of a seed on which an attempt succeeds, with what that gives."""
    rng = np.random.default_rng(seed)
    for _ in range(_TRIES):
        graph, target = random_network(rng), random_accelerator(rng)
        try:
            return graph, target, attempt(graph, target)
        except (UserError, NoRoomError):
            continue
    raise AssertionError(f"none of {_TRIES} random networks fits its accelerator")

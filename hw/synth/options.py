"""What is asked of a synthesis, and where it says how far it is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

__all__ = ["LONGEST_CLOCK_NS", "PORT_LOAD_FF", "Goal", "Options", "Report", "SynthesisError"]

PORT_LOAD_FF = 10.0
"""Load of every output, in femtofarad."""

LONGEST_CLOCK_NS = 1_000_000
"""ABC takes targets as picoseconds in an integer of 32 bits."""

Report = Callable[[str, int, int], None]
"""Told of a step: what it does, its number from 1, how many there are."""


class SynthesisError(RuntimeError):
    """Yosys, ABC or OpenSTA could not do it."""


class Goal(Enum):
    """What cells are chosen for."""

    AREA = "area"
    SPEED = "speed"


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to synthesize.

    Parameters
    ----------
    flatten : bool
        Dissolve all modules, so that logic is shared and simplified across them.
    clock_ns : float, optional
        Target of sizing, up to `LONGEST_CLOCK_NS`; without it cells are as small as they can be.
    map_memories : bool
        Build memories from flip-flops, which is large; they are bits otherwise.
    """

    flatten: bool = False
    clock_ns: float | None = None
    map_memories: bool = False

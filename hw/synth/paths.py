"""The longest path of a design in time."""

from dataclasses import dataclass

__all__ = ["CriticalPath"]


@dataclass(frozen=True, kw_only=True)
class CriticalPath:
    """The path that limits the clock.

    Wires have no load and the clock no skew. A path begins with a flip-flop's clock, or with an
    input or a memory at time 0; it ends with a flip-flop's setup, or with an output or a memory.

    Parameters
    ----------
    delay_ns : float
        The shortest period of the clock.
    start, end : str
        Signals.
    tool : str
        That said so, with its version.
    """

    delay_ns: float
    start: str
    end: str
    tool: str

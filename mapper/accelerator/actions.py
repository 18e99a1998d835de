"""Instructions of a program in the making."""

from collections.abc import Hashable
from dataclasses import dataclass

from golden.accelerator.instructions import Instruction

__all__ = ["Action", "Home", "PieceUse"]


@dataclass(frozen=True)
class Home:
    """Where a value lies in DRAM: rows, pixels and channels one after the other.

    Parameters
    ----------
    base : int
        Base register.
    address : int
        First byte after it.
    """

    base: int
    address: int


@dataclass(frozen=True)
class PieceUse:
    """Constants that an instruction reads.

    Parameters
    ----------
    piece : object
        What is loaded.
    offset : int
        Word of it.
    """

    piece: object
    offset: int


@dataclass(frozen=True, kw_only=True)
class Action:
    """An instruction, still without addresses of constants.

    Parameters
    ----------
    instruction : Instruction
    layer, stage : int
        What it belongs to.
    weights, parameters : PieceUse, optional
    value : int, optional
        What it completes rows of.
    moved : tuple of int and hashable, optional
        The value of which it moves rows from or to DRAM, and the name of the place where all of it
        is; None where there is room for tiles alone.
    """

    instruction: Instruction
    layer: int
    stage: int
    weights: PieceUse | None = None
    parameters: PieceUse | None = None
    value: int | None = None
    moved: tuple[int, Hashable] | None = None

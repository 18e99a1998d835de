"""A layer cut into pieces that local memories have room for."""

from dataclasses import dataclass
from enum import Enum

from mapper.accelerator.streaming.sweep import Sweep

__all__ = ["Kept", "Places", "Plan"]


class Kept(Enum):
    """For how long weights stay."""

    COPY = "all weights of a copy are loaded once"
    GROUP = "those of a group of filters, for all pieces of the depth"
    PIECE = "those of a piece of the depth"


@dataclass(frozen=True, kw_only=True)
class Places:
    """Into how many places the room for each kind of operand is divided, one or two.

    One is filled while the other is used; a single one has room for more at a time. Where a memory
    has no room for two, or no ports, there is one.

    Parameters
    ----------
    inputs, weights, parameters, sums : int
    """

    inputs: int = 2
    weights: int = 2
    parameters: int = 2
    sums: int = 2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A layer cut into tiles of outputs, groups of filters, and pieces of the depth.

    Parameters
    ----------
    sweep : Sweep
    lanes : int
    height, width : int
        Output rows and columns of a tile.
    blocks : int
        Blocks of filters in a group.
    piece : int
        Blocks of the depth in a piece.
    taps : tuple of (range, range)
        Rows and columns of taps, piece by piece.
    tiles_inside : bool
        Whether all tiles follow each other for each group, or all groups for each tile.
    kept : Kept
    places : Places
    """

    sweep: Sweep
    lanes: int
    height: int
    width: int
    blocks: int
    piece: int
    taps: tuple[tuple[range, range], ...]
    tiles_inside: bool
    kept: Kept
    places: Places = Places()

    @property
    def filter_blocks(self) -> int:
        """Blocks of filters in all."""
        return -(-self.sweep.filters // self.lanes)

    @property
    def depth_blocks(self) -> int:
        """Blocks of the depth in all."""
        return -(-self.sweep.depth // self.lanes)

    @property
    def groups(self) -> int:
        """Groups of filters."""
        return -(-self.filter_blocks // self.blocks)

    @property
    def pieces(self) -> int:
        """Pieces of the depth that are added up; a diagonal product has one in each group."""
        if self.sweep.diagonal:
            return 1
        return -(-self.depth_blocks // self.piece)

    @property
    def input_once(self) -> bool:
        """Whether a tile's input is loaded once for all groups."""
        return not (self.tiles_inside or self.sweep.diagonal) and self.pieces == 1

    @property
    def weights_once(self) -> bool:
        """Whether a group's weights are loaded once for all tiles."""
        return self.kept is Kept.COPY or (self.kept is Kept.GROUP and self.tiles_inside)

    def group_blocks(self, group: int) -> int:
        """Blocks of filters of a group."""
        return min(self.blocks, self.filter_blocks - group * self.blocks)

    def group_filters(self, group: int) -> int:
        """Filters of a group."""
        first = group * self.blocks * self.lanes
        return min(self.blocks * self.lanes, self.sweep.filters - first)

    def piece_depth(self, piece: int, group: int) -> int:
        """Bytes of a column that a piece has; of a diagonal product those of the group."""
        if self.sweep.diagonal:
            return self.group_filters(group)
        return min(self.piece * self.lanes, self.sweep.depth - piece * self.piece * self.lanes)

    def weight_words(self, group: int, piece: int, taps: tuple[range, range]) -> int:
        """Words of weights of a group, a piece and some taps."""
        depth = 1 if self.sweep.diagonal else self.piece_depth(piece, group)
        return self.group_blocks(group) * len(taps[0]) * len(taps[1]) * depth

    def rows_of(self, count: int) -> int:
        """Input rows of so many output rows."""
        sweep = self.sweep
        return (count - 1) * sweep.stride_y + (sweep.taps_y - 1) * sweep.dilation_y + 1

    def columns_of(self, count: int) -> int:
        """Input columns of so many output columns."""
        sweep = self.sweep
        return (count - 1) * sweep.stride_x + (sweep.taps_x - 1) * sweep.dilation_x + 1

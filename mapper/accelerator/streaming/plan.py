"""A layer cut into pieces that local memories have room for."""

from dataclasses import dataclass
from enum import Enum

from mapper.accelerator.streaming.sweep import Sweep

__all__ = ["Kept", "Order", "Places", "Plan"]


class Kept(Enum):
    """For how long weights stay."""

    COPY = "all weights of a copy are loaded once"
    GROUP = "those of a group of filters, for all pieces of the depth"
    PIECE = "those of a piece of the depth"


class Order(Enum):
    """Loops over groups of filters, rows of tiles and columns of tiles, outermost first.

    Pieces of the depth are always innermost, as the sums of one step at a time are in the
    accumulators, and copies outermost, as they share nothing. A product has tiles in a row.
    """

    GROUPS_ROWS_COLUMNS = "grc"
    GROUPS_COLUMNS_ROWS = "gcr"
    ROWS_GROUPS_COLUMNS = "rgc"
    COLUMNS_GROUPS_ROWS = "cgr"
    ROWS_COLUMNS_GROUPS = "rcg"
    COLUMNS_ROWS_GROUPS = "crg"

    @property
    def groups_outermost(self) -> bool:
        """Whether a group is gone through but once."""
        return self.value[0] == "g"

    @property
    def groups_innermost(self) -> bool:
        """Whether all groups follow each other for each tile."""
        return self.value[-1] == "g"


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
    order : Order
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
    order: Order
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
        inside = self.order.groups_innermost
        return inside and not self.sweep.diagonal and self.pieces == 1

    @property
    def weights_once(self) -> bool:
        """Whether a group's weights are loaded once for all tiles."""
        once = self.order.groups_outermost
        return self.kept is Kept.COPY or (self.kept is Kept.GROUP and once)

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

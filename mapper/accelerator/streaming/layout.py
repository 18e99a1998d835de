"""Where a layer's operands lie in DRAM: as tiles are loaded, so that loads are long.

Whatever is loaded in a loop begins at a multiple of the longest burst, so that all repetitions take
equally long.

* The input of a convolution is planes, one for each copy and piece of the depth: rows of pixels of
  the piece's channels. Rows begin at multiples of the longest burst. That of a product is tiles.
* Weights are in the order of jobs, those that are loaded together one after the other.
* Parameters are nine words for each block of filters.
* Outputs are planes, one for each copy and group of filters, or tiles, as inputs are.
"""

from dataclasses import dataclass
from functools import cached_property

from golden.accelerator.interpreter import PARAMETER_WORDS
from mapper.accelerator.streaming.plan import Kept, Plan

__all__ = ["CONSTANTS", "INPUTS", "OUTPUTS", "Layout"]

CONSTANTS, INPUTS, OUTPUTS = range(3)
"""Base registers."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Distances in bytes.

    Parameters
    ----------
    plan : Plan
    burst_bytes : int
        Of the longest burst.
    parameters_once : bool
        Whether the parameters of a copy are loaded together.
    """

    plan: Plan
    burst_bytes: int
    parameters_once: bool

    def aligned(self, octets: int) -> int:
        """The next multiple of the longest burst."""
        return -(-octets // self.burst_bytes) * self.burst_bytes

    @cached_property
    def tiles_down(self) -> int:
        """Tiles of a product."""
        return -(-self.plan.sweep.out_width // self.plan.width)

    def row_bytes(self, piece: int, group: int) -> int:
        """Bytes of an input row."""
        sweep = self.plan.sweep
        if sweep.pixels > 1:
            return sweep.row_bytes
        return sweep.row_bytes // sweep.depth * self.plan.piece_depth(piece, group)

    @cached_property
    def input_row(self) -> int:
        """From row to row of the layer's input."""
        return self.aligned(self.row_bytes(0, 0))

    @cached_property
    def input_piece(self) -> int:
        """From plane to plane; in a product from piece to piece of a tile."""
        plan = self.plan
        if plan.sweep.flat:
            return self.aligned(plan.width * plan.piece_depth(0, 0))
        return plan.sweep.height * plan.sweep.rows_apart * self.input_row

    @cached_property
    def input_tile(self) -> int:
        """From tile to tile of a product."""
        return self.plan.pieces * self.input_piece

    @cached_property
    def input_copy(self) -> int:
        """From copy to copy."""
        if self.plan.sweep.flat:
            return self.tiles_down * self.input_tile
        planes = self.plan.groups if self.plan.sweep.diagonal else self.plan.pieces
        return planes * self.input_piece

    @cached_property
    def weight_taps(self) -> tuple[int, ...]:
        """Where the weights of each part of the taps begin, and where they end, in a piece."""
        plan = self.plan
        places = [0]
        for taps in plan.taps:
            octets = plan.weight_words(0, 0, taps) * plan.lanes
            places.append(
                places[-1] + (self.aligned(octets) if plan.kept is Kept.PIECE else octets)
            )
        return tuple(places)

    @cached_property
    def weight_group(self) -> int:
        """From group to group; those of the last piece are fewer."""
        plan = self.plan
        if plan.kept is Kept.PIECE:
            return plan.pieces * self.weight_taps[-1]
        octets = self.group_words(0) * plan.lanes
        return octets if plan.kept is Kept.COPY else self.aligned(octets)

    @cached_property
    def weight_copy(self) -> int:
        """From copy to copy."""
        return self.aligned(self.plan.groups * self.weight_group)

    def group_words(self, group: int) -> int:
        """Words of weights of a group."""
        last = self.plan.pieces - 1
        return last * self._piece_words(group, 0) + self._piece_words(group, last)

    def _piece_words(self, group: int, piece: int) -> int:
        return sum(self.plan.weight_words(group, piece, taps) for taps in self.plan.taps)

    @cached_property
    def copy_words(self) -> int:
        """Words of weights of a copy."""
        last = self.plan.groups - 1
        return last * self.group_words(0) + self.group_words(last)

    @cached_property
    def parameter_group(self) -> int:
        """From group to group."""
        octets = PARAMETER_WORDS * self.plan.blocks * self.plan.lanes
        return octets if self.parameters_once else self.aligned(octets)

    @cached_property
    def parameter_copy(self) -> int:
        """From copy to copy."""
        return self.aligned(self.plan.groups * self.parameter_group)

    @cached_property
    def output_row(self) -> int:
        """From row to row of a plane."""
        return self.aligned(self.plan.sweep.out_width * self.plan.group_filters(0))

    @cached_property
    def output_group(self) -> int:
        """From plane to plane; in a product from group to group of a tile."""
        plan = self.plan
        if plan.sweep.flat:
            return self.aligned(plan.width * plan.group_filters(0))
        return plan.sweep.out_height * self.output_row

    @cached_property
    def output_tile(self) -> int:
        """From tile to tile of a product."""
        return self.plan.groups * self.output_group

    @cached_property
    def output_copy(self) -> int:
        """From copy to copy."""
        if self.plan.sweep.flat:
            return self.tiles_down * self.output_tile
        return self.plan.groups * self.output_group

    @property
    def weight_bytes(self) -> int:
        """Of all weights, which are the first constants of the layer; parameters follow."""
        return self.plan.sweep.copies * self.weight_copy

    @property
    def bytes(self) -> tuple[int, int, int]:
        """Of constants, inputs and outputs."""
        copies = self.plan.sweep.copies
        return (
            self.weight_bytes + copies * self.parameter_copy,
            copies * self.input_copy,
            copies * self.output_copy,
        )

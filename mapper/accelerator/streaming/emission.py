"""The instructions that a layer consists of, each at the current indices of its loops."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from golden.accelerator.instructions import Gemm, Load, LocalMemory, Requantize, Store
from golden.accelerator.interpreter import PARAMETER_WORDS
from mapper.accelerator.streaming.fields import MOST_LONG_WORDS, MOST_ROW_BYTES
from mapper.accelerator.streaming.layout import CONSTANTS, INPUTS, OUTPUTS, Layout
from mapper.accelerator.streaming.nest import Nest, Part, Parts
from mapper.accelerator.streaming.plan import Kept
from mapper.accelerator.streaming.regions import Region, Regions
from mapper.accelerator.streaming.tiles import Span

__all__ = ["COPY", "GROUP", "PIECE", "TILE", "Emission", "Tile"]

COPY, GROUP, TILE, PIECE = "copy", "group", "tile", "piece"
"""Axes of loops."""


@dataclass(frozen=True)
class Tile:
    """Rows and columns."""

    rows: Span
    columns: Span


class Emission:
    """Makes instructions.

    Where an index stands for many, as the group and the piece do in loops, it is the first of those
    that are alike.

    Parameters
    ----------
    nest : Nest
    layout : Layout
    regions : Regions
    origins : tuple of int
        Where constants, inputs and outputs begin.
    after : tuple of str
        Buffers that must have been written before inputs are loaded.
    output : str
        Buffer that outputs are written to.
    """

    def __init__(
        self,
        nest: Nest,
        layout: Layout,
        regions: Regions,
        origins: tuple[int, int, int],
        *,
        after: tuple[str, ...],
        output: str,
    ) -> None:
        self._nest = nest
        self._layout = layout
        self._plan = layout.plan
        self._sweep = layout.plan.sweep
        self._regions = regions
        self._constants, self._inputs, self._outputs = origins
        self._after = after
        self._output = output

    def copy_weights(self) -> Parts:
        """Load all weights of a copy."""
        return self._weights(self._layout.copy_words, {})

    def group_weights(self, group: int) -> Parts:
        """Load those of a group of filters."""
        return self._weights(self._layout.group_words(group), {GROUP: self._layout.weight_group})

    def piece_weights(self, group: int, piece: int, number: int) -> Parts:
        """Load those of a piece of the depth and a part of the taps."""
        plan, layout = self._plan, self._layout
        words = plan.weight_words(group, piece, plan.taps[number])
        pitches = {GROUP: layout.weight_group, PIECE: layout.weight_taps[-1]}
        return self._weights(words, pitches, layout.weight_taps[number])

    def _weights(self, words: int, pitches: Mapping[str, int], offset: int = 0) -> Parts:
        along = {COPY: self._layout.weight_copy, **pitches}
        address = self._constants + offset
        return self._constant(LocalMemory.WEIGHTS, self._regions.weights, address, words, along)

    def copy_parameters(self) -> Parts:
        """Load all parameters of a copy."""
        return self._parameters(self._plan.filter_blocks, {})

    def group_parameters(self, group: int) -> Parts:
        """Load those of a group of filters."""
        blocks = self._plan.group_blocks(group)
        return self._parameters(blocks, {GROUP: self._layout.parameter_group})

    def _parameters(self, blocks: int, pitches: Mapping[str, int]) -> Parts:
        along = {COPY: self._layout.parameter_copy, **pitches}
        address = self._constants + self._layout.weight_bytes
        words = PARAMETER_WORDS * blocks
        return self._constant(
            LocalMemory.PARAMETERS, self._regions.parameters, address, words, along
        )

    def _constant(
        self,
        memory: LocalMemory,
        region: Region,
        address: int,
        words: int,
        pitches: Mapping[str, int],
    ) -> Parts:
        """Load words to the other place of a region."""
        self._nest.next_place(region)
        word = Load(
            memory=memory,
            base=CONSTANTS,
            address=address,
            group_bytes=self._plan.lanes,
            local=self._nest.first(region),
        )
        return self._long_load(
            word, words, reads=(), writes=self._nest.buffers(region), pitches=pitches
        )

    def inputs(self, tile: Tile, group: int, piece: int) -> Parts:
        """Load a piece of a tile's input."""
        regions, nest, layout = self._regions, self._nest, self._layout
        nest.next_place(regions.inputs)
        writes = (*nest.buffers(regions.inputs), *regions.write_ports)
        # A diagonal product has the channels of a group in a plane.
        plane = GROUP if self._sweep.diagonal else PIECE
        pitches = {COPY: layout.input_copy, plane: layout.input_piece}
        depth = self._plan.piece_depth(piece, group)
        if self._sweep.flat:
            pixel = Load(
                memory=LocalMemory.ACTIVATIONS,
                base=INPUTS,
                address=self._inputs,
                group_bytes=depth,
                local=nest.first(regions.inputs),
            )
            pitches[TILE] = layout.input_tile
            return self._long_load(
                pixel, tile.columns.size, reads=self._after, writes=writes, pitches=pitches
            )
        row_step = self._sweep.rows_apart * layout.input_row
        pitches[TILE] = self._plan.height * self._sweep.stride_y * row_step
        window = self._window(tile, depth, layout.row_bytes(piece, group), row_step)
        return [nest.part(window, reads=self._after, writes=writes, pitches={"address": pitches})]

    def _window(self, tile: Tile, depth: int, row_bytes: int, row_step: int) -> Load:
        """Load the rows and columns of a tile."""
        sweep, rows, columns = self._sweep, tile.rows, tile.columns
        group_bytes, step = depth, depth
        if sweep.pixels > 1:
            group_bytes, step = sweep.depth, sweep.column_step
        reach = (columns.size - 1) * step + group_bytes
        first = columns.low * step - sweep.first_byte
        if first >= row_bytes:
            # All is padding, which may as well come before the row.
            first = -reach
        left = max(first, 0)
        # The first row of tile 0, were it not cut off above.
        low = rows.low - rows.index * self._plan.height * sweep.stride_y
        words = -(-group_bytes // self._plan.lanes)
        return Load(
            memory=LocalMemory.ACTIVATIONS,
            base=INPUTS,
            address=self._inputs + low * row_step + left,
            rows=rows.size,
            row_step=row_step if rows.size > 1 else 0,
            row_bytes=max(min(first + reach, row_bytes) - left, 1),
            pad_left=left - first,
            groups=columns.size,
            group_step=step,
            group_bytes=group_bytes,
            local=self._nest.first(self._regions.inputs),
            local_row_step=columns.size * words if rows.size > 1 else 0,
        )

    def product(self, tile: Tile, group: int, piece: int, number: int) -> Part:
        """Add up products of a piece of the depth and a part of the taps."""
        plan, sweep, regions, nest = self._plan, self._sweep, self._regions, self._nest
        rows, columns = tile.rows, tile.columns
        down, right = plan.taps[number]
        depth = plan.piece_depth(piece, group)
        words = -(-depth // plan.lanes)
        last_lanes = min(depth, plan.lanes) if sweep.diagonal else depth - (words - 1) * plan.lanes
        offset, pitches = self._weight_place(group, piece, number)
        instruction = Gemm(
            source=nest.first(regions.inputs),
            row_words=columns.size * words,
            pixel_words=words,
            height=rows.size,
            width=columns.size,
            origin_y=rows.origin + down.start * sweep.dilation_y,
            origin_x=columns.origin + right.start * sweep.dilation_x,
            stride_y=sweep.stride_y,
            stride_x=sweep.stride_x,
            dilation_y=sweep.dilation_y if len(down) > 1 else 1,
            dilation_x=sweep.dilation_x if len(right) > 1 else 1,
            out_height=rows.count,
            out_width=columns.count,
            taps_y=len(down),
            taps_x=len(right),
            blocks_k=1 if sweep.diagonal else words,
            last_lanes=last_lanes,
            blocks_n=plan.group_blocks(group),
            weights=nest.first(regions.weights) + offset,
            target=nest.first(regions.sums),
            accumulate=int(piece > 0 or number > 0),
            diagonal=int(sweep.diagonal),
        )
        return nest.part(
            instruction,
            reads=nest.buffers(regions.inputs) + nest.buffers(regions.weights),
            writes=(*nest.buffers(regions.sums), *regions.read_ports),
            pitches={"weights": pitches},
        )

    def _weight_place(self, group: int, piece: int, number: int) -> tuple[int, dict[str, int]]:
        """First word of a product's weights in what is kept, and how it grows."""
        plan = self._plan
        if plan.kept is Kept.PIECE:
            return 0, {}
        before = sum(plan.weight_words(group, piece, taps) for taps in plan.taps[:number])
        pitches = {PIECE: sum(plan.weight_words(group, 0, taps) for taps in plan.taps)}
        if plan.kept is Kept.COPY:
            pitches[GROUP] = self._layout.weight_group // plan.lanes
        return before, pitches

    def results(self, tile: Tile, group: int) -> Parts:
        """Scale the sums of a tile and a group, and store them."""
        plan, layout, regions, nest = self._plan, self._layout, self._regions, self._nest
        rows, columns = tile.rows, tile.columns
        blocks, octets = plan.group_blocks(group), plan.group_filters(group)
        (target,) = regions.outputs.first
        scaling = Requantize(
            source=nest.first(regions.sums),
            parameters=nest.first(regions.parameters),
            target=target,
            row_words=columns.count * blocks,
            pixel_words=blocks,
            out_height=rows.count,
            out_width=columns.count,
            blocks=blocks,
        )
        storing = Store(
            base=OUTPUTS,
            address=self._outputs + (0 if self._sweep.flat else columns.first * octets),
            rows=rows.count,
            row_step=layout.output_row if rows.count > 1 else 0,
            groups=columns.count,
            group_bytes=octets,
            local=target,
            local_row_step=columns.count * blocks if rows.count > 1 else 0,
        )
        parameters = PARAMETER_WORDS * plan.blocks if layout.parameters_once else 0
        down = layout.output_tile if self._sweep.flat else plan.height * layout.output_row
        pitches = {COPY: layout.output_copy, GROUP: layout.output_group, TILE: down}
        return [
            nest.part(
                scaling,
                reads=nest.buffers(regions.sums) + nest.buffers(regions.parameters),
                writes=regions.write_ports,
                pitches={"parameters": {GROUP: parameters}},
            ),
            nest.part(
                storing,
                writes=(self._output, *regions.read_ports),
                pitches={"address": pitches},
            ),
        ]

    def _long_load(
        self,
        group: Load,
        groups: int,
        *,
        reads: tuple[str, ...],
        writes: tuple[str, ...],
        pitches: Mapping[str, int],
    ) -> Parts:
        """As many groups as asked for, which follow each other, in as few loads as there may be."""
        octets = group.group_bytes
        words = -(-octets // self._plan.lanes)
        most = min(MOST_ROW_BYTES // octets, MOST_LONG_WORDS // words)
        most = 1 << (most.bit_length() - 1)
        parts: Parts = []
        done = 0
        while done < groups:
            row = min(most, groups - done)
            rows = (groups - done) // row
            load = replace(
                group,
                address=group.address + done * octets,
                rows=rows,
                row_step=row * octets if rows > 1 else 0,
                row_bytes=row * octets,
                groups=row,
                group_step=octets if row > 1 else 0,
                local=group.local + done * words,
                local_row_step=row * words if rows > 1 else 0,
            )
            done += rows * row
            parts.append(
                self._nest.part(load, reads=reads, writes=writes, pitches={"address": pitches})
            )
        return parts

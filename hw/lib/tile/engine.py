"""The frame of an engine that does a tile per step: streams, control, and a grid of units.

An engine derives from `TileEngine` and says which steps its jobs have, what happens to operands on
their way, and what the hardware of one result is.
"""

from collections.abc import Hashable, Sequence
from typing import TypeVar

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.contract import Layout
from golden.epilogue import Epilogue
from hw.emit import place
from hw.lib.epilogue import GroupEpilogue
from hw.lib.skid import SkidBuffer
from hw.lib.tile.ahead import Ahead
from hw.lib.tile.control import Control
from hw.lib.tile.operands import delayed
from hw.lib.tile.steps import Steps
from hw.lib.tile.unit import Unit
from hw.shapes import beat_shape, job_shape

__all__ = ["TileEngine", "connect_lanes"]

U = TypeVar("U", bound=Unit)


class TileEngine(wiring.Component):
    """An engine of m x n units behind ready/valid streams.

    ``stages`` cycles after the last beats of a job its first row leaves, then a row per cycle,
    while the next job runs. A stop of ``results`` stops the pipeline only when a further tile is
    finished. With an epilogue it is the rows of each group that leave so, for
    `hw.lib.epilogue.GroupEpilogue`, and results are a latency of that later.

    Parameters
    ----------
    ports : Layout
    rows, cols : int
        Of a tile.
    stages : int
        Cycles from beats that meet to the sums.
    epilogue : Epilogue, optional
        Where sums are of groups, to be scaled.

    Members
    -------
    job : In(stream.Signature(job_shape))
    activations : In(stream.Signature(beat_shape))
    weights : In(stream.Signature(beat_shape))
    scales, zero_points : In(stream.Signature(beat_shape))
        Where the layout has them.
    results : Out(stream.Signature(beat_shape))
        Shapes and order of elements: the ``layout`` of the engine.
    """

    job: stream.Interface
    activations: stream.Interface
    weights: stream.Interface
    scales: stream.Interface
    zero_points: stream.Interface
    results: stream.Interface

    def __init__(
        self,
        ports: Layout,
        *,
        rows: int,
        cols: int,
        stages: int,
        epilogue: Epilogue | None = None,
    ) -> None:
        self._epilogue = epilogue
        self._rows = rows
        self._cols = cols
        self._stages = stages
        super().__init__(
            {
                "job": In(stream.Signature(job_shape(ports.job))),
                **{
                    name: In(stream.Signature(beat_shape(port)))
                    for name, port in ports.inputs.items()
                },
                "results": Out(stream.Signature(beat_shape(ports.results))),
            }
        )

    @property
    def job_layout(self) -> data.StructLayout:
        """Of the job port."""
        layout: data.StructLayout = self.job.payload.shape()
        return layout

    def control(self, m: Module, steps: Steps, ahead: Ahead | None = None) -> Control:
        """Let ``steps`` take jobs and beats, and a new control follow them through the pipeline.

        With ``ahead`` it is that which takes jobs and activations, a cycle sooner.
        """
        m.submodules.steps = steps
        m.submodules.control = control = Control(self._rows, self._stages)
        before = steps if ahead is None else ahead
        wiring.connect(m, wiring.flipped(self.job), before.job)
        m.d.comb += [
            before.activations_valid.eq(self.activations.valid),
            self.activations.ready.eq(before.activations_ready),
        ]
        if ahead is not None:
            m.submodules.ahead = ahead
            wiring.connect(m, ahead.steps, steps.job)
            m.d.comb += [
                steps.activations_valid.eq(ahead.valid),
                ahead.ready.eq(steps.activations_ready),
            ]
        m.d.comb += [
            steps.weights_valid.eq(self.weights.valid),
            self.weights.ready.eq(steps.weights_ready),
            steps.enable.eq(control.enable),
            control.offered.eq(steps.offered),
            control.begins.eq(steps.first),
            control.ends.eq(steps.last),
            control.m.eq(steps.m),
        ]
        return control

    def units(
        self, m: Module, platform: object, control: Control, cls: type[U], *args: Hashable
    ) -> list[list[U]]:
        """A unit ``cls(*args)`` for each result, row by row, whose sums leave through ``results``.

        The ready of ``results`` goes no further than a skid buffer. With an epilogue the sums enter
        that in place of leaving; see `scale`.
        """
        grid = [[place(platform, cls, *args) for _ in range(self._cols)] for _ in range(self._rows)]
        for row, across in enumerate(grid):
            for col, unit in enumerate(across):
                m.submodules[f"unit_{row}_{col}"] = unit
        for column in zip(*grid, strict=True):
            _chain(m, control, column)
        if self._epilogue is None:
            m.submodules.leave = leave = SkidBuffer(self.results.payload.shape())
            wiring.connect(m, leave.o, wiring.flipped(self.results))
            m.d.comb += [
                leave.i.valid.eq(control.results_valid),
                control.results_ready.eq(leave.i.ready),
                *(leave.i.payload[col].eq(unit.drain) for col, unit in enumerate(grid[0])),
            ]
        return grid

    def scale(
        self,
        m: Module,
        platform: object,
        control: Control,
        steps: Steps,
        units: Sequence[Sequence[Unit]],
        row_sums: Sequence[Unit] = (),
    ) -> None:
        """Let sums of groups go through the epilogue to ``results``.

        Parameters
        ----------
        m, platform, control, steps
        units : sequence of sequence of Unit
            As `units` gave them.
        row_sums : sequence of Unit
            One a row, where there are zero points.
        """
        assert self._epilogue is not None
        for row, unit in enumerate(row_sums):
            m.submodules[f"row_sum_{row}"] = unit
        _chain(m, control, row_sums)
        m.submodules.epilogue = epilogue = GroupEpilogue(self._epilogue, self._cols, self._rows)
        wiring.connect(m, wiring.flipped(self.scales), epilogue.scales)
        wiring.connect(m, epilogue.o, wiring.flipped(self.results))
        row = epilogue.i.payload
        m.d.comb += [
            epilogue.i.valid.eq(control.results_valid),
            control.results_ready.eq(epilogue.i.ready),
            row.end.eq(control.results_last),
            *(row.sums[col].eq(unit.drain) for col, unit in enumerate(units[0])),
        ]
        for name, which in (("first", steps.opens), ("last", steps.closes)):
            # Which group it is follows its last beat to the sums, and stays with its rows.
            at_sums = delayed(m, control.enable, name, which, self._stages - 1)
            leaving = Signal(name=f"leaving_{name}", reset_less=True)
            with m.If(control.finish):
                m.d.sync += leaving.eq(at_sums)
            m.d.comb += row[name].eq(leaving)
        if row_sums:
            wiring.connect(m, wiring.flipped(self.zero_points), epilogue.zero_points)
            m.d.comb += row.row_sum.eq(row_sums[0].drain)


def _chain(m: Module, control: Control, column: Sequence[Unit]) -> None:
    """Let ``control`` drive the units of a column; drain registers move to the row above."""
    for row, unit in enumerate(column):
        m.d.comb += [
            unit.enable.eq(control.enable),
            unit.take.eq(control.take),
            unit.first.eq(control.first),
            unit.finish.eq(control.finish),
            unit.shift.eq(control.shift),
        ]
        if row:
            m.d.comb += column[row - 1].below.eq(unit.drain)


def connect_lanes(
    m: Module,
    units: Sequence[Sequence[Unit]],
    *,
    rows: Sequence[tuple[str, Sequence[Value]]] = (),
    cols: Sequence[tuple[str, Sequence[Value]]] = (),
    all: Sequence[tuple[str, Value]] = (),
) -> None:
    """Let units have operands.

    Parameters
    ----------
    rows : sequence of (member, lanes)
        Lanes of a beat that run along rows, then along the member's elements; for each column.
    cols : sequence of (member, lanes)
        Lanes that run along the member's elements, then along columns; for each row.
    all : sequence of (member, value)
        For every unit.
    """
    for row, across in enumerate(units):
        for col, unit in enumerate(across):
            for name, lanes in rows:
                member = getattr(unit, name)
                count = len(lanes) // len(units)
                m.d.comb += [member[index].eq(lanes[row * count + index]) for index in range(count)]
            for name, lanes in cols:
                member = getattr(unit, name)
                count = len(lanes) // len(across)
                m.d.comb += [
                    member[index].eq(lanes[index * len(across) + col]) for index in range(count)
                ]
            m.d.comb += [getattr(unit, name).eq(value) for name, value in all]

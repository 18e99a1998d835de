"""The frame of an engine that does a tile per step: streams, control, and a grid of units.

An engine derives from `TileEngine` and says which steps its jobs have, what happens to operands on
their way, and what the hardware of one result is.
"""

from collections.abc import Hashable, Sequence
from typing import TypeVar

from amaranth.hdl import Module, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.contract import Layout
from hw.emit import place
from hw.lib.skid import SkidBuffer
from hw.lib.tile.control import Control
from hw.lib.tile.steps import Steps
from hw.lib.tile.unit import Unit
from hw.shapes import beat_shape, job_shape

__all__ = ["TileEngine", "connect_lanes"]

U = TypeVar("U", bound=Unit)


class TileEngine(wiring.Component):
    """An engine of m x n units behind ready/valid streams.

    ``stages`` cycles after the last beats of a job its first row leaves, then a row per cycle,
    while the next job runs. A stop of ``results`` stops the pipeline only when a further tile is
    finished.

    Parameters
    ----------
    ports : Layout
    rows, cols : int
        Of a tile.
    stages : int
        Cycles from beats that meet to the sums.

    Members
    -------
    job : In(stream.Signature(job_shape))
    activations : In(stream.Signature(beat_shape))
    weights : In(stream.Signature(beat_shape))
    results : Out(stream.Signature(beat_shape))
        Shapes and order of elements: the ``layout`` of the engine.
    """

    job: stream.Interface
    activations: stream.Interface
    weights: stream.Interface
    results: stream.Interface

    def __init__(self, ports: Layout, *, rows: int, cols: int, stages: int) -> None:
        self._rows = rows
        self._cols = cols
        self._stages = stages
        super().__init__(
            {
                "job": In(stream.Signature(job_shape(ports.job))),
                "activations": In(stream.Signature(beat_shape(ports.activations))),
                "weights": In(stream.Signature(beat_shape(ports.weights))),
                "results": Out(stream.Signature(beat_shape(ports.results))),
            }
        )

    @property
    def job_layout(self) -> data.StructLayout:
        """Of the job port."""
        layout: data.StructLayout = self.job.payload.shape()
        return layout

    def control(self, m: Module, steps: Steps) -> Control:
        """Let ``steps`` take jobs and beats, and a new control follow them through the pipeline."""
        m.submodules.steps = steps
        m.submodules.control = control = Control(self._rows, self._stages)
        wiring.connect(m, wiring.flipped(self.job), steps.job)
        m.d.comb += [
            steps.activations_valid.eq(self.activations.valid),
            self.activations.ready.eq(steps.activations_ready),
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

        The ready of ``results`` goes no further than a skid buffer.
        """
        m.submodules.leave = leave = SkidBuffer(self.results.payload.shape())
        wiring.connect(m, leave.o, wiring.flipped(self.results))
        m.d.comb += [
            leave.i.valid.eq(control.results_valid),
            control.results_ready.eq(leave.i.ready),
        ]
        grid = [[place(platform, cls, *args) for _ in range(self._cols)] for _ in range(self._rows)]
        for row, across in enumerate(grid):
            for col, unit in enumerate(across):
                m.submodules[f"unit_{row}_{col}"] = unit
                m.d.comb += [
                    unit.enable.eq(control.enable),
                    unit.take.eq(control.take),
                    unit.first.eq(control.first),
                    unit.finish.eq(control.finish),
                    unit.shift.eq(control.shift),
                ]
                if row:
                    m.d.comb += grid[row - 1][col].below.eq(unit.drain)
                else:
                    m.d.comb += leave.i.payload[col].eq(unit.drain)
        return grid


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

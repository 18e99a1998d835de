"""What surrounds the units of a tile: control, results, and the streams of their engine."""

from collections.abc import Sequence
from typing import Protocol

from amaranth.hdl import Module, Shape, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.contract import Layout
from hw.lib.skid import SkidBuffer
from hw.lib.tile.control import Control
from hw.lib.tile.sums import Sum, control_ports
from hw.shapes import beat_shape, job_shape

__all__ = ["Unit", "add_up", "connect_streams", "connect_units", "stream_ports", "unit_ports"]


class Unit(Protocol):
    """The hardware of one result."""

    enable: Signal
    take: Signal
    first: Signal
    finish: Signal
    shift: Signal
    below: Signal
    drain: Signal


def stream_ports(ports: Layout) -> dict[str, wiring.Member]:
    """Members of an engine with these ports."""
    return {
        "job": In(stream.Signature(job_shape(ports.job))),
        "activations": In(stream.Signature(beat_shape(ports.activations))),
        "weights": In(stream.Signature(beat_shape(ports.weights))),
        "results": Out(stream.Signature(beat_shape(ports.results))),
    }


def unit_ports(sums: Shape) -> dict[str, wiring.Member]:
    """Members that every unit has beside its operands; ``enable`` moves its pipeline."""
    return {"enable": In(1), **control_ports(sums)}


def connect_streams(
    m: Module,
    control: Control,
    job: stream.Interface,
    activations: stream.Interface,
    weights: stream.Interface,
) -> None:
    """Let ``control`` take jobs and beats of an engine's own inputs."""
    wiring.connect(m, wiring.flipped(job), control.job)
    m.d.comb += [
        control.activations_valid.eq(activations.valid),
        activations.ready.eq(control.activations_ready),
        control.weights_valid.eq(weights.valid),
        weights.ready.eq(control.weights_ready),
    ]


def connect_units(
    m: Module, control: Control, units: Sequence[Sequence[Unit]], results: stream.Interface
) -> None:
    """Let ``control`` drive the units, row by row, and their drain registers the results.

    The ready of ``results``, an engine's own output, goes no further than a skid buffer.
    """
    m.submodules.leave = leave = SkidBuffer(results.payload.shape())
    wiring.connect(m, leave.o, wiring.flipped(results))
    m.d.comb += [leave.i.valid.eq(control.results_valid), control.results_ready.eq(leave.i.ready)]
    for row, across in enumerate(units):
        for col, unit in enumerate(across):
            m.d.comb += [
                unit.enable.eq(control.enable),
                unit.take.eq(control.take),
                unit.first.eq(control.first),
                unit.finish.eq(control.finish),
                unit.shift.eq(control.shift),
            ]
            if row:
                m.d.comb += units[row - 1][col].below.eq(unit.drain)
            else:
                m.d.comb += leave.i.payload[col].eq(unit.drain)


def add_up(m: Module, unit: Unit, total: Sum, addend: Value) -> None:
    """Let a unit's sum take an addend, and what control says to the unit."""
    m.d.comb += [
        total.addend.eq(addend),
        total.take.eq(unit.take),
        total.first.eq(unit.first),
        total.finish.eq(unit.finish),
        total.shift.eq(unit.shift),
        total.below.eq(unit.below),
        unit.drain.eq(total.drain),
    ]

"""Control of an engine that does a tile per step."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.lib.tile.drain import Drain
from hw.lib.tile.steps import Steps

__all__ = ["Control"]


class Control(wiring.Component):
    """Says what the operands, the sums and the drain registers do in every cycle.

    What a beat is to the sums follows it through the pipeline. A beat that would finish a tile
    while rows of the one before are still there waits at the end of the pipeline, and with it all
    that is behind; nothing else stops.

    Parameters
    ----------
    job : StructLayout
        Of the job port; see `hw.lib.tile.steps.Steps`.
    k : int
        Products of a step.
    rows : int
        Of the tallest tile.
    stages : int
        Cycles from a beat to the sums, the sums' own register included.

    Members
    -------
    job : In(stream.Signature(job))
    activations_valid, weights_valid : In(1)
    activations_ready, weights_ready : Out(1)
    results_valid : Out(1)
    results_ready : In(1)
    enable : Out(1)
        The pipeline moves.
    fire, fresh, sign, active : Out
        Of the beat at the beginning of the pipeline, as of `hw.lib.tile.steps.Steps`.
    plane : Out(unsigned)
        Of the beat at its end.
    take, first, finish, shift : Out(1)
        For `hw.lib.tile.sums.Sum`.
    """

    job: stream.Interface
    activations_valid: Signal
    activations_ready: Signal
    weights_valid: Signal
    weights_ready: Signal
    results_valid: Signal
    results_ready: Signal
    enable: Signal
    fire: Signal
    fresh: Signal
    sign: Signal
    active: Signal
    plane: Signal
    take: Signal
    first: Signal
    finish: Signal
    shift: Signal

    def __init__(self, job: data.StructLayout, k: int, rows: int, stages: int) -> None:
        self._steps = Steps(job, k)
        self._drain = Drain(rows)
        self._stages = stages
        ports = self._steps.signature.members
        super().__init__(
            {
                **{
                    name: ports[name]
                    for name in (
                        "job",
                        "activations_valid",
                        "activations_ready",
                        "weights_valid",
                        "weights_ready",
                        "fire",
                        "fresh",
                        "sign",
                        "active",
                        "plane",
                    )
                },
                "results_valid": Out(1),
                "results_ready": In(1),
                "enable": Out(1),
                "take": Out(1),
                "first": Out(1),
                "finish": Out(1),
                "shift": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.steps = steps = self._steps
        m.submodules.drain = drain = self._drain
        wiring.connect(m, wiring.flipped(self.job), steps.job)
        # A beat is at the end of a pipeline of one stage as soon as it is offered.
        there, first, last = steps.offered, steps.first, steps.last
        plane, rows = steps.plane, steps.m
        for stage in range(1, self._stages):
            # Only whether there is a beat is reset: what it is means nothing without it.
            next_there = Signal(name=f"there_{stage}")
            next_first, next_last = (
                Signal(name=f"{name}_{stage}", reset_less=True) for name in ("first", "last")
            )
            next_plane = Signal.like(plane, name=f"plane_{stage}", reset_less=True)
            next_rows = Signal.like(rows, name=f"m_{stage}", reset_less=True)
            with m.If(self.enable):
                m.d.sync += [
                    next_there.eq(there),
                    next_first.eq(first),
                    next_last.eq(last),
                    next_plane.eq(plane),
                    next_rows.eq(rows),
                ]
            there, first, last = next_there, next_first, next_last
            plane, rows = next_plane, next_rows
        ends = there & last
        m.d.comb += [
            steps.enable.eq(self.enable),
            steps.activations_valid.eq(self.activations_valid),
            steps.weights_valid.eq(self.weights_valid),
            self.activations_ready.eq(steps.activations_ready),
            self.weights_ready.eq(steps.weights_ready),
            self.fire.eq(steps.fire),
            self.fresh.eq(steps.fresh),
            self.sign.eq(steps.sign),
            self.active.eq(steps.active),
            drain.finish.eq(ends),
            drain.m.eq(rows),
            drain.ready.eq(self.results_ready),
            self.results_valid.eq(drain.valid),
            self.shift.eq(drain.shift),
            self.enable.eq(~ends | drain.free),
            self.take.eq(self.enable & there),
            self.first.eq(first),
            self.finish.eq(ends & drain.free),
            self.plane.eq(plane),
        ]
        return m

"""Control of an engine that does a tile per step."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.lib.tile.drain import Drain
from hw.lib.tile.operands import delayed

__all__ = ["Control"]


class Control(wiring.Component):
    """Says what the pipeline, the sums and the drain registers do in every cycle.

    What a beat is to the sums follows it through the pipeline. A beat that would finish a tile
    while rows of the one before are still there waits at the end of the pipeline, and with it all
    that is behind; nothing else stops.

    Parameters
    ----------
    rows : int
        Of the tallest tile.
    stages : int
        Cycles from a beat to the sums, the sums' own register included.

    Members
    -------
    offered : In(1)
        There is a beat at the beginning of the pipeline.
    begins, ends : In(1)
        It is the first or the last one of a job.
    m : In(range(rows + 1))
        Rows of the job.
    results_valid : Out(1)
    results_last : Out(1)
        With ``results_valid``: the last row of a tile.
    results_ready : In(1)
    enable : Out(1)
        The pipeline moves.
    take, first, finish, shift : Out(1)
        For `hw.lib.tile.sums.Sum`.
    """

    offered: Signal
    begins: Signal
    ends: Signal
    m: Signal
    results_valid: Signal
    results_last: Signal
    results_ready: Signal
    enable: Signal
    take: Signal
    first: Signal
    finish: Signal
    shift: Signal

    def __init__(self, rows: int, stages: int) -> None:
        self._rows = rows
        self._stages = stages
        super().__init__(
            {
                "offered": In(1),
                "begins": In(1),
                "ends": In(1),
                "m": In(range(rows + 1)),
                "results_valid": Out(1),
                "results_last": Out(1),
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
        m.submodules.drain = drain = Drain(self._rows)
        # A beat is at the end of a pipeline of one stage as soon as it is offered. Only whether
        # there is one is reset: what it is means nothing without it.
        to_sums = self._stages - 1
        there = delayed(m, self.enable, "there", self.offered, to_sums, reset_less=False)
        ends = there & delayed(m, self.enable, "ends", self.ends, to_sums)
        m.d.comb += [
            drain.finish.eq(ends),
            drain.m.eq(delayed(m, self.enable, "m", self.m, to_sums)),
            drain.ready.eq(self.results_ready),
            self.results_valid.eq(drain.valid),
            self.results_last.eq(drain.last),
            self.shift.eq(drain.shift),
            self.enable.eq(~ends | drain.free),
            self.take.eq(self.enable & there),
            self.first.eq(delayed(m, self.enable, "begins", self.begins, to_sums)),
            self.finish.eq(ends & drain.free),
        ]
        return m

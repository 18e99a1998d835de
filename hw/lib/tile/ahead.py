"""Taking activations ahead of the cycle that needs them."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from hw.lib.tile.operands import above

__all__ = ["Ahead"]


class Ahead(wiring.Component):
    """Lets a beat of activations into a register as soon as there is room, a step ahead.

    It stands before `hw.lib.tile.steps.Steps`, which sees jobs and beats a cycle later. One beat
    per cycle. The register itself is the parent's.

    Parameters
    ----------
    job : StructLayout
        Of the job port; activations have one beat a step.
    k : int
        Products of a step.

    Members
    -------
    job : In(stream.Signature(job))
    steps : Out(stream.Signature(job))
        The same jobs.
    activations_valid : In(1)
    activations_ready : Out(1)
    load : Out(1)
        A beat is taken: the register takes it.
    active : Out(k)
        With ``load``: for each product of the step whether it is within the K of the job.
    valid : Out(1)
        The register holds a beat.
    ready : In(1)
        It is taken if there is one.
    """

    job: stream.Interface
    steps: stream.Interface
    activations_valid: Signal
    activations_ready: Signal
    load: Signal
    active: Signal
    valid: Signal
    ready: Signal

    def __init__(self, job: data.StructLayout, k: int) -> None:
        self._k = k
        super().__init__(
            {
                "job": In(stream.Signature(job)),
                "steps": Out(stream.Signature(job)),
                "activations_valid": In(1),
                "activations_ready": Out(1),
                "load": Out(1),
                "active": Out(k),
                "valid": Out(1),
                "ready": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        payload = self.job.payload.as_value()
        # One job is being computed, or its first beat is in the register, while the next one loads.
        m.submodules.jobs = jobs = SyncFIFO(width=len(payload), depth=2)
        busy = Signal()
        left = Signal.like(self.job.payload.k, reset_less=True)
        ends = ~above(left, self._k)
        takes_job = Signal()
        m.d.comb += [
            jobs.w_data.eq(payload),
            jobs.w_en.eq(takes_job),
            self.steps.payload.eq(jobs.r_data),
            self.steps.valid.eq(jobs.r_rdy),
            jobs.r_en.eq(self.steps.ready),
            self.job.ready.eq(jobs.w_rdy & (~busy | (self.load & ends))),
            takes_job.eq(self.job.valid & self.job.ready),
            self.activations_ready.eq(busy & (~self.valid | self.ready)),
            self.load.eq(self.activations_valid & self.activations_ready),
            self.active.eq(Cat(above(left, product) for product in range(self._k))),
        ]
        with m.If(self.load):
            m.d.sync += [self.valid.eq(1), left.eq(left - self._k)]
            with m.If(ends):
                m.d.sync += busy.eq(0)
        with m.Elif(self.ready):
            m.d.sync += self.valid.eq(0)
        with m.If(takes_job):
            m.d.sync += [busy.eq(1), left.eq(self.job.payload.k)]
        return m

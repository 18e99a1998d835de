"""The steps of jobs: which beats are wanted, and which of their lanes count."""

from amaranth.hdl import Cat, Const, Module, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Steps"]


def _above(number: Signal, bound: int) -> Value:
    """Whether an unsigned number is beyond a bound, which it may be too narrow to reach."""
    return number > bound if bound < (1 << len(number)) - 1 else Const(0, 1)


class Steps(wiring.Component):
    """Takes jobs and counts their steps along K, and the planes of each step.

    A beat is taken from the weights in every step and plane, and from the activations together
    with the first plane of a step. Jobs follow each other without a gap.

    Parameters
    ----------
    job : StructLayout
        Of the job port: ``m``, ``k``, and ``weight_bits`` where weights come in planes.
    k : int
        Products of a step.

    Members
    -------
    job : In(stream.Signature(job))
    enable : In(1)
        A beat may be taken in this cycle.
    offered : Out(1)
        There is a beat to take; does not depend on ``enable``.
    activations_valid, weights_valid : In(1)
    activations_ready, weights_ready : Out(1)
    fire : Out(1)
        A beat is taken.
    fresh : Out(1)
        With ``offered``: also one of activations, as this is the first plane of a step.
    sign : Out(1)
        With ``offered``: this is the last plane of a step.
    plane : Out(unsigned)
        Number of the plane.
    first, last : Out(1)
        With ``offered``: the first or the last beat of a job.
    active : Out(k)
        For each product of the step whether it is within the K of the job.
    m : Out(unsigned)
        Rows of the job.
    """

    job: stream.Interface
    enable: Signal
    offered: Signal
    activations_valid: Signal
    activations_ready: Signal
    weights_valid: Signal
    weights_ready: Signal
    fire: Signal
    fresh: Signal
    sign: Signal
    plane: Signal
    first: Signal
    last: Signal
    active: Signal
    m: Signal

    def __init__(self, job: data.StructLayout, k: int) -> None:
        self._k = k
        fields = job.members
        self._in_planes = "weight_bits" in fields
        plane = unsigned(fields["weight_bits"]) if self._in_planes else unsigned(1)
        super().__init__(
            {
                "job": In(stream.Signature(job)),
                "enable": In(1),
                "offered": Out(1),
                "activations_valid": In(1),
                "activations_ready": Out(1),
                "weights_valid": In(1),
                "weights_ready": Out(1),
                "fire": Out(1),
                "fresh": Out(1),
                "sign": Out(1),
                "plane": Out(plane),
                "first": Out(1),
                "last": Out(1),
                "active": Out(k),
                "m": Out(fields["m"]),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        busy, begun = Signal(), Signal(reset_less=True)
        left = Signal.like(self.job.payload.k, reset_less=True)
        rows = Signal.like(self.m, reset_less=True)
        plane, last_plane = (Signal.like(self.plane, reset_less=True) for _ in range(2))
        may_fire = self.enable & busy
        # Activations of a step are there already, or come.
        can_compute = self.activations_valid | ~self.fresh
        m.d.comb += [
            self.fresh.eq(~plane.any()),
            self.sign.eq(plane == last_plane),
            self.offered.eq(busy & self.weights_valid & can_compute),
            self.fire.eq(self.enable & self.offered),
            self.weights_ready.eq(may_fire & can_compute),
            self.activations_ready.eq(may_fire & self.weights_valid & self.fresh),
            self.plane.eq(plane),
            self.first.eq(~begun),
            self.last.eq(self.sign & ~_above(left, self._k)),
            self.active.eq(Cat(_above(left, product) for product in range(self._k))),
            self.m.eq(rows),
            self.job.ready.eq(~busy | (self.fire & self.last)),
        ]
        with m.If(self.fire):
            m.d.sync += [begun.eq(1), plane.eq(plane + 1)]
            with m.If(self.sign):
                m.d.sync += [plane.eq(0), left.eq(left - self._k)]
            with m.If(self.last):
                m.d.sync += busy.eq(0)
        with m.If(self.job.valid & self.job.ready):
            m.d.sync += [
                busy.eq(1),
                begun.eq(0),
                plane.eq(0),
                left.eq(self.job.payload.k),
                rows.eq(self.job.payload.m),
            ]
            if self._in_planes:
                m.d.sync += last_plane.eq(self.job.payload.weight_bits - 1)
        return m

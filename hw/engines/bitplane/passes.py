"""The passes of jobs: which planes of which step meet in every cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engines.bitplane import Params
from hw.engines.bitplane.structure import passes

__all__ = ["Passes"]


def _above(number: Signal, bound: int) -> Value:
    """Whether an unsigned number is beyond a bound, which it may be too narrow to reach."""
    return number > bound if bound < (1 << len(number)) - 1 else Const(0, 1)


class Passes(wiring.Component):
    """Takes jobs and counts their steps along K, and the pairs of beats of each step.

    In a step every beat of activations meets every beat of weights, which is the inner loop. A
    beat of activations is taken with the first one of weights, and those of weights are taken with
    the first one of activations. Jobs follow each other without a gap.

    Parameters
    ----------
    params : Params
    job : StructLayout
        Of the job port: ``m``, ``k``, ``activation_bits``, ``weight_bits``.

    Members
    -------
    job : In(stream.Signature(job))
    enable : In(1)
        A pass may begin in this cycle.
    offered : Out(1)
        What it needs is there; does not depend on ``enable``.
    activations_valid, weights_valid : In(1)
    activations_ready, weights_ready : Out(1)
    fire : Out(1)
        A pass begins. What follows says with ``offered`` what it is.
    takes_activations, takes_weights : Out(1)
        It is the first one with this beat.
    activation_plane, weight_plane : Out(unsigned)
        Number of the lowest plane.
    activation_used, weight_used : Out(planes)
        For each plane whether it is within the width of the job.
    activation_top, weight_top : Out(planes)
        For each plane whether it is the last of the width.
    first, last : Out(1)
        The first or the last pass of a job.
    active : Out(k)
        For each product of the step whether it is within the K of the job.
    products : Out(range(k + 1))
        How many are.
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
    takes_activations: Signal
    takes_weights: Signal
    activation_plane: Signal
    weight_plane: Signal
    activation_used: Signal
    weight_used: Signal
    activation_top: Signal
    weight_top: Signal
    first: Signal
    last: Signal
    active: Signal
    products: Signal
    m: Signal

    def __init__(self, params: Params, job: data.StructLayout) -> None:
        self._params = params
        of_activations, of_weights = params.activation_planes, params.weight_planes
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
                "takes_activations": Out(1),
                "takes_weights": Out(1),
                "activation_plane": Out(range(params.activation.bits + 1)),
                "weight_plane": Out(range(params.weight.bits + 1)),
                "activation_used": Out(of_activations),
                "weight_used": Out(of_weights),
                "activation_top": Out(of_activations),
                "weight_top": Out(of_weights),
                "first": Out(1),
                "last": Out(1),
                "active": Out(params.k),
                "products": Out(range(params.k + 1)),
                "m": Out(job.members["m"]),
            }
        )

    def elaborate(self, platform: object) -> Module:
        params = self._params
        m = Module()
        busy, begun = Signal(), Signal(reset_less=True)
        left = Signal.like(self.job.payload.k, reset_less=True)
        rows = Signal.like(self.m, reset_less=True)
        may_begin = self.enable & busy
        m.submodules.activations = activations = _Planes(
            params.activation.bits, params.activation_planes
        )
        m.submodules.weights = weights = _Planes(params.weight.bits, params.weight_planes)
        takes_job = Signal()
        m.d.comb += [
            activations.load.eq(takes_job),
            activations.bits.eq(self.job.payload.activation_bits),
            activations.step.eq(self.fire & weights.ends),
            weights.load.eq(takes_job),
            weights.bits.eq(self.job.payload.weight_bits),
            weights.step.eq(self.fire),
            self.takes_activations.eq(weights.begins),
            self.takes_weights.eq(activations.begins),
            self.activation_plane.eq(activations.plane),
            self.weight_plane.eq(weights.plane),
            self.activation_used.eq(activations.used),
            self.weight_used.eq(weights.used),
            self.activation_top.eq(activations.top),
            self.weight_top.eq(weights.top),
        ]
        has_activations = self.activations_valid | ~self.takes_activations
        has_weights = self.weights_valid | ~self.takes_weights
        ends_step = activations.ends & weights.ends
        is_last_step = ~_above(left, params.k)
        m.d.comb += [
            self.offered.eq(busy & has_activations & has_weights),
            self.fire.eq(self.enable & self.offered),
            self.activations_ready.eq(may_begin & has_weights & self.takes_activations),
            self.weights_ready.eq(may_begin & has_activations & self.takes_weights),
            self.first.eq(~begun),
            self.last.eq(ends_step & is_last_step),
            self.active.eq(Cat(_above(left, product) for product in range(params.k))),
            self.products.eq(Mux(is_last_step, left, params.k)),
            self.m.eq(rows),
            self.job.ready.eq(~busy | (self.fire & self.last)),
            takes_job.eq(self.job.valid & self.job.ready),
        ]
        with m.If(self.fire):
            m.d.sync += begun.eq(1)
            with m.If(ends_step):
                m.d.sync += left.eq(left - params.k)
            with m.If(self.last):
                m.d.sync += busy.eq(0)
        with m.If(takes_job):
            m.d.sync += [
                busy.eq(1),
                begun.eq(0),
                left.eq(self.job.payload.k),
                rows.eq(self.job.payload.m),
            ]
        return m


class _Planes(wiring.Component):
    """Goes through the planes of an operand, again and again.

    Parameters
    ----------
    bits : int
        Of the widest codes.
    planes : int
        That are there at once.

    Members
    -------
    load : In(1)
        Begins with codes of so many ``bits``.
    bits : In(range(bits + 1))
    step : In(1)
        Goes to the next planes, after the last ones to the first.
    begins, ends : Out(1)
        These are the first, or the last.
    plane : Out(range(bits + 1))
        Number of the lowest of them.
    used, top : Out(planes)
        For each whether it is within the width, and whether it is the last.
    """

    load: Signal
    bits: Signal
    step: Signal
    begins: Signal
    ends: Signal
    plane: Signal
    used: Signal
    top: Signal

    def __init__(self, bits: int, planes: int) -> None:
        self._planes = planes
        self._comes_at_once = passes(bits, planes) == 1
        number = range(bits + 1)
        super().__init__(
            {
                "load": In(1),
                "bits": In(number),
                "step": In(1),
                "begins": Out(1),
                "ends": Out(1),
                "plane": Out(number),
                "used": Out(planes),
                "top": Out(planes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width, left, plane = (
            Signal.like(self.bits, name=name, reset_less=True)
            for name in ("width", "left", "lowest")
        )
        m.d.comb += [
            self.used.eq(Cat(_above(left, number) for number in range(self._planes))),
            self.top.eq(Cat(left == number + 1 for number in range(self._planes))),
        ]
        if self._comes_at_once:
            m.d.comb += [self.begins.eq(1), self.ends.eq(1)]
        else:
            m.d.comb += [
                self.begins.eq(~plane.any()),
                self.ends.eq(~_above(left, self._planes)),
                self.plane.eq(plane),
            ]
            with m.If(self.step):
                m.d.sync += [left.eq(left - self._planes), plane.eq(plane + self._planes)]
                with m.If(self.ends):
                    m.d.sync += [left.eq(width), plane.eq(0)]
        with m.If(self.load):
            m.d.sync += [width.eq(self.bits), left.eq(self.bits), plane.eq(0)]
        return m

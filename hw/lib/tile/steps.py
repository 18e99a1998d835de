"""The steps of jobs: which beats are wanted, and which of their lanes count."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.lib.tile.operands import above
from hw.lib.tile.planes import WHOLE, Planes, Split

__all__ = ["Steps"]


class Steps(wiring.Component):
    """Takes jobs and counts their steps along K, and the beats of each step.

    In a step every beat of activations meets every beat of weights, which is the inner loop; where
    codes are not split there is one of each. A beat of activations is taken with the first one of
    weights, and those of weights are taken with the first one of activations. Jobs follow each
    other without a gap. A job has one sum, or where it says how long groups are, one for each.

    Parameters
    ----------
    job : StructLayout
        Of the job port: ``m``, ``k``, ``activation_bits`` or ``weight_bits`` where split, and
        ``group_size``, a multiple of ``k``, where sums are of groups.
    k : int
        Products of a step.
    activations, weights : Split
    keeps : bool
        Whether a beat of activations is kept from when it is first needed. If not, it is taken with
        the last beat of weights, and has to be offered until then.

    Members
    -------
    job : In(stream.Signature(job))
    enable : In(1)
        Beats may meet in this cycle.
    offered : Out(1)
        What is needed is there; does not depend on ``enable``.
    activations_valid, weights_valid : In(1)
    activations_ready, weights_ready : Out(1)
    fire : Out(1)
        Beats meet. What follows says with ``offered`` which ones.
    takes_activations, takes_weights : Out(1)
        The beat comes now; otherwise it has been there before.
    activation_plane, weight_plane : Out(unsigned)
        Number of the lowest plane.
    activation_used, weight_used : Out(at_once)
        For each plane whether it is within the width of the job.
    activation_top, weight_top : Out(at_once)
        For each plane whether it is the last of the width.
    first, last : Out(1)
        These are the first or the last ones of a sum.
    opens, closes : Out(1)
        With ``last``: the sum is that of the first or the last group of a job.
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
    opens: Signal
    closes: Signal
    active: Signal
    products: Signal
    m: Signal

    def __init__(
        self,
        job: data.StructLayout,
        k: int,
        *,
        activations: Split = WHOLE,
        weights: Split = WHOLE,
        keeps: bool = True,
    ) -> None:
        self._k = k
        self._activations = activations
        self._weights = weights
        self._keeps = keeps
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
                "activation_plane": Out(range(activations.planes + 1)),
                "weight_plane": Out(range(weights.planes + 1)),
                "activation_used": Out(activations.at_once),
                "weight_used": Out(weights.at_once),
                "activation_top": Out(activations.at_once),
                "weight_top": Out(weights.at_once),
                "first": Out(1),
                "last": Out(1),
                "opens": Out(1),
                "closes": Out(1),
                "active": Out(k),
                "products": Out(range(k + 1)),
                "m": Out(job.members["m"]),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        busy, begun = Signal(), Signal(reset_less=True)
        left = Signal.like(self.job.payload.k, reset_less=True)
        rows = Signal.like(self.m, reset_less=True)
        may_fire = self.enable & busy
        m.submodules.activations = activations = Planes(self._activations)
        m.submodules.weights = weights = Planes(self._weights)
        takes_job = Signal()
        m.d.comb += [
            activations.load.eq(takes_job),
            activations.step.eq(self.fire & weights.ends),
            weights.load.eq(takes_job),
            weights.step.eq(self.fire),
            self.takes_activations.eq(weights.begins if self._keeps else weights.ends),
            self.takes_weights.eq(activations.begins),
            self.activation_plane.eq(activations.plane),
            self.weight_plane.eq(weights.plane),
            self.activation_used.eq(activations.used),
            self.weight_used.eq(weights.used),
            self.activation_top.eq(activations.top),
            self.weight_top.eq(weights.top),
        ]
        told = self.job.payload.shape().members
        for name, planes, split in (
            ("activation_bits", activations, self._activations),
            ("weight_bits", weights, self._weights),
        ):
            if name in told:
                bits = self.job.payload[name]
                m.d.comb += planes.width.eq(bits >> split.digit_bits.bit_length() - 1)
        # Beats are there already, or come.
        has_activations: Value = self.activations_valid
        if self._keeps:
            has_activations = self.activations_valid | ~self.takes_activations
        has_weights = self.weights_valid | ~self.takes_weights
        ends_step = activations.ends & weights.ends
        is_last_step = ~above(left, self._k)
        ends_job = ends_step & is_last_step
        m.d.comb += [
            self.offered.eq(busy & has_activations & has_weights),
            self.fire.eq(self.enable & self.offered),
            self.activations_ready.eq(may_fire & has_weights & self.takes_activations),
            self.weights_ready.eq(may_fire & has_activations & self.takes_weights),
            self.first.eq(~begun),
            self.last.eq(ends_job),
            self.opens.eq(1),
            self.closes.eq(is_last_step),
            self.active.eq(Cat(above(left, product) for product in range(self._k))),
            self.products.eq(Mux(is_last_step, left, self._k)),
            self.m.eq(rows),
            self.job.ready.eq(~busy | (self.fire & ends_job)),
            takes_job.eq(self.job.valid & self.job.ready),
        ]
        with m.If(self.fire):
            m.d.sync += begun.eq(1)
            with m.If(ends_step):
                m.d.sync += left.eq(left - self._k)
            with m.If(ends_job):
                m.d.sync += busy.eq(0)
        if "group_size" in told:
            self._count_groups(m, begun, ends_step, ends_job, takes_job)
        with m.If(takes_job):
            m.d.sync += [
                busy.eq(1),
                begun.eq(0),
                left.eq(self.job.payload.k),
                rows.eq(self.job.payload.m),
            ]
        return m

    def _count_groups(
        self, m: Module, begun: Signal, ends_step: Value, ends_job: Value, takes_job: Signal
    ) -> None:
        """Let a sum end with each group, and the next one begin."""
        size, left = (
            Signal.like(self.job.payload.group_size, name=name, reset_less=True)
            for name in ("group_size", "group_left")
        )
        opened = Signal(reset_less=True)
        m.d.comb += [
            self.last.eq(ends_job | (ends_step & ~above(left, self._k))),
            self.opens.eq(~opened),
        ]
        with m.If(self.fire & ends_step):
            m.d.sync += left.eq(left - self._k)
            with m.If(self.last):
                m.d.sync += [left.eq(size), begun.eq(0), opened.eq(1)]
        with m.If(takes_job):
            m.d.sync += [
                size.eq(self.job.payload.group_size),
                left.eq(self.job.payload.group_size),
                opened.eq(0),
            ]

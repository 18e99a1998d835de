"""Control of the engine of bit planes."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engines.bitplane import Params
from golden.formats import Format, IntFormat
from hw.engines.bitplane.passes import Passes
from hw.engines.bitplane.structure import (
    cycles_to_counts,
    exponent_shape,
    marks_pairs,
    offset_shape,
)
from hw.lib.tile.drain import Drain

__all__ = ["Control"]


class Control(wiring.Component):
    """Says what operands, counts, sums and drain registers do in every cycle.

    What a pass is to counts and sums follows it through the pipeline. A pass that would finish a
    tile while rows of the one before are still there waits at the end of the pipeline, and with it
    all that is behind; nothing else stops.

    Parameters
    ----------
    params : Params
    job : StructLayout
        Of the job port; see `hw.engines.bitplane.passes.Passes`.

    Members
    -------
    job : In(stream.Signature(job))
    activations_valid, weights_valid : In(1)
    activations_ready, weights_ready : Out(1)
    results_valid : Out(1)
    results_ready : In(1)
    enable : Out(1)
        The pipeline moves.
    fire, takes_activations, takes_weights, weight_plane, activation_used, weight_used, active : Out
        Of the pass that begins, as of `hw.engines.bitplane.passes.Passes`.
    marks, offset, exponent : Out(unsigned)
        Those of them that `hw.engines.bitplane.plane_sum.PlaneSum` has, when it wants them.
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
    takes_activations: Signal
    takes_weights: Signal
    weight_plane: Signal
    activation_used: Signal
    weight_used: Signal
    active: Signal
    marks: Signal
    offset: Signal
    exponent: Signal
    take: Signal
    first: Signal
    finish: Signal
    shift: Signal

    def __init__(self, params: Params, job: data.StructLayout) -> None:
        self._params = params
        self._passes = Passes(params, job)
        ports = self._passes.signature.members
        pairs = params.activation_planes * params.weight_planes
        exponent = exponent_shape(params)
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
                        "takes_activations",
                        "takes_weights",
                        "weight_plane",
                        "activation_used",
                        "weight_used",
                        "active",
                    )
                },
                "results_valid": Out(1),
                "results_ready": In(1),
                "enable": Out(1),
                **({"marks": Out(pairs)} if marks_pairs(params) else {}),
                **({"offset": Out(offset_shape(params))} if params.bipolar else {}),
                **({"exponent": Out(exponent)} if exponent.width else {}),
                "take": Out(1),
                "first": Out(1),
                "finish": Out(1),
                "shift": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        params = self._params
        m = Module()
        m.submodules.passes = passes = self._passes
        m.submodules.drain = drain = Drain(params.m)
        wiring.connect(m, wiring.flipped(self.job), passes.job)
        m.d.comb += [
            passes.enable.eq(self.enable),
            passes.activations_valid.eq(self.activations_valid),
            passes.weights_valid.eq(self.weights_valid),
            self.activations_ready.eq(passes.activations_ready),
            self.weights_ready.eq(passes.weights_ready),
            self.fire.eq(passes.fire),
            self.takes_activations.eq(passes.takes_activations),
            self.takes_weights.eq(passes.takes_weights),
            self.weight_plane.eq(passes.weight_plane),
            self.activation_used.eq(passes.activation_used),
            self.weight_used.eq(passes.weight_used),
            self.active.eq(passes.active),
        ]
        self._tell_units(m, passes)
        to_sums = params.stages - 1
        # Only whether there is a pass is reset: what it is means nothing without it.
        there = self._delayed(m, "there", passes.offered, to_sums, reset_less=False)
        ends = there & self._delayed(m, "last", passes.last, to_sums)
        m.d.comb += [
            drain.finish.eq(ends),
            drain.m.eq(self._delayed(m, "m", passes.m, to_sums)),
            drain.ready.eq(self.results_ready),
            self.results_valid.eq(drain.valid),
            self.shift.eq(drain.shift),
            self.enable.eq(~ends | drain.free),
            self.take.eq(self.enable & there),
            self.first.eq(self._delayed(m, "first", passes.first, to_sums)),
            self.finish.eq(ends & drain.free),
        ]
        return m

    def _delayed(
        self, m: Module, name: str, value: Value, cycles: int, *, reset_less: bool = True
    ) -> Value:
        """``value`` of the pass that began so many moves of the pipeline ago."""
        for cycle in range(1, cycles + 1):
            later = Signal(value.shape(), name=f"{name}_{cycle}", reset_less=reset_less)
            with m.If(self.enable):
                m.d.sync += later.eq(value)
            value = later
        return value

    def _tell_units(self, m: Module, passes: Passes) -> None:
        """What units have to know of a pass, when it gets there."""
        params = self._params
        to_sums = params.stages - 1
        if marks_pairs(params):
            marked = (
                (passes.activation_used, passes.weight_used)
                if params.bipolar
                else (
                    _signs(params.activation, passes.activation_top),
                    _signs(params.weight, passes.weight_top),
                )
            )
            rows, cols = (
                self._delayed(m, f"{name}_marks", marks, cycles_to_counts(params))
                for name, marks in zip(("activation", "weight"), marked, strict=True)
            )
            m.d.comb += self.marks.eq(
                Cat(x & y if params.bipolar else x ^ y for x in rows for y in cols)
            )
        if params.bipolar:
            # Products of the step, each as often as the planes within the widths are worth.
            offset: Value = passes.products
            for used in (passes.weight_used, passes.activation_used):
                offset = _times(used, offset)
            m.d.comb += self.offset.eq(
                self._delayed(m, "offset", offset[: len(self.offset)], to_sums)
            )
        if exponent_shape(params).width:
            exponent = passes.activation_plane + passes.weight_plane
            m.d.comb += self.exponent.eq(
                self._delayed(m, "exponent", exponent[: len(self.exponent)], to_sums)
            )


def _times(ones: Signal, number: Value) -> Value:
    """``number`` times ``ones``, whose lowest bit is always one."""
    return sum((Mux(ones[bit], number << bit, 0) for bit in range(1, len(ones))), number)


def _signs(format: Format, top: Signal) -> Value:
    """Which plane is the sign."""
    has_sign = isinstance(format, IntFormat) and format.signed
    return top if has_sign else Const(0, len(top))

"""The engine of bit planes behind its streams."""

from typing import cast

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring

from golden.engines.bitplane import Params, layout
from hw.emit import place
from hw.engines.bitplane.control import Control
from hw.engines.bitplane.plane_sum import PlaneSum
from hw.engines.bitplane.structure import exponent_shape, marks_pairs, passes
from hw.lib.tile.control import Control as TileControl
from hw.lib.tile.grid import connect_streams, connect_units, stream_ports
from hw.shapes import job_shape

__all__ = ["Engine"]


class Engine(wiring.Component):
    """m x n sums of pairs of bit planes, k bits of each pair counted per cycle, behind streams.

    A step of ``k`` products takes a cycle for each pair of a beat of activations and a beat of
    weights, and an operand has a beat for each ``activation_planes`` or ``weight_planes`` of its
    bits. Each beat is taken once. One of activations is kept while all of weights go by; those of
    weights are kept for the further ones of activations, where there are any. ``stages`` cycles
    after the last pass of a job its first row leaves, then a row per cycle, while the next job
    runs. A stop of ``results`` stops the pipeline only when a further tile is finished.

    Parameters
    ----------
    params : Params

    Members
    -------
    job : In(stream.Signature(job_shape))
    activations : In(stream.Signature(beat_shape))
    weights : In(stream.Signature(beat_shape))
    results : Out(stream.Signature(beat_shape))
        Shapes and order of elements: `golden.engines.bitplane.layout`.
    """

    job: stream.Interface
    activations: stream.Interface
    weights: stream.Interface
    results: stream.Interface

    def __init__(self, params: Params) -> None:
        self._params = params
        self._ports = layout(params)
        super().__init__(stream_ports(self._ports))

    def elaborate(self, platform: object) -> Module:
        params = self._params
        m = Module()
        m.submodules.control = control = Control(params, job_shape(self._ports.job))
        # It has what the frame of a tile asks for, and takes its jobs in another order.
        frame = cast(TileControl, control)
        connect_streams(m, frame, self.job, self.activations, self.weights)
        rows = self._rows(m, control)
        cols = self._cols(m, control)
        units = [
            [place(platform, PlaneSum, params) for _ in range(params.n)] for _ in range(params.m)
        ]
        for row, across in enumerate(units):
            for col, unit in enumerate(across):
                m.submodules[f"sum_{row}_{col}"] = unit
                m.d.comb += [unit.activations.eq(rows[row]), unit.weights.eq(cols[col])]
                if marks_pairs(params):
                    m.d.comb += unit.marks.eq(control.marks)
                if params.bipolar:
                    m.d.comb += unit.offset.eq(control.offset)
                if exponent_shape(params).width:
                    m.d.comb += unit.exponent.eq(control.exponent)
        connect_units(m, frame, units, self.results)
        return m

    def _rows(self, m: Module, control: Control) -> list[Signal]:
        """The planes of each row, kept while beats of weights go by; zero beyond K and width."""
        params = self._params
        lanes = self.activations.payload.as_value()
        kept = []
        for row in range(params.m):
            register = Signal(
                params.activation_planes * params.k, name=f"row_{row}", reset_less=True
            )
            planes = []
            for plane in range(params.activation_planes):
                bits = lanes.word_select(plane * params.m + row, params.k) & control.active
                planes.append(self._within(bits, plane, control.activation_used))
            with m.If(control.fire & control.takes_activations):
                m.d.sync += register.eq(Cat(planes))
            kept.append(register)
        return kept

    def _cols(self, m: Module, control: Control) -> list[Signal]:
        """The planes of each column in this pass; beyond K different from those of rows."""
        params = self._params
        lanes = self.weights.payload.as_value()
        again = passes(params.activation.bits, params.activation_planes) > 1
        beats = passes(params.weight.bits, params.weight_planes)
        kept = []
        for col in range(params.n):
            register = Signal(params.weight_planes * params.k, name=f"col_{col}", reset_less=True)
            planes: list[Value] = []
            for plane in range(params.weight_planes):
                first = plane * params.k * params.n + col
                bits: Value = Cat(lanes[first + index * params.n] for index in range(params.k))
                if params.bipolar:
                    # Activations are zero beyond K: a one differs from them.
                    bits = bits | ~control.active
                planes.append(self._within(bits, plane, control.weight_used))
            bits_now: Value = Cat(planes)
            begins: Value = control.fire & control.takes_weights
            if again and beats > 1:
                bits_now = self._stored(m, control, f"col_{col}", bits_now, beats)
                begins = control.fire
            with m.If(begins):
                m.d.sync += register.eq(bits_now)
            kept.append(register)
        return kept

    def _within(self, bits: Value, plane: int, used: Signal) -> Value:
        """Zero for planes beyond a width; bipolar ones are left out where they are counted."""
        if self._params.bipolar or len(used) == 1:
            return bits
        return Mux(used[plane], bits, 0)

    def _stored(self, m: Module, control: Control, name: str, arriving: Value, beats: int) -> Value:
        """What arrives, and in passes that take no weights what arrived for the same planes."""
        again: Value | None = None
        for beat in range(beats):
            store = Signal(len(arriving), name=f"{name}_beat_{beat}", reset_less=True)
            lowest = beat * self._params.weight_planes
            # Yosys writes a comparison with zero so that Verilator warns of it.
            here = control.weight_plane == lowest if beat else ~control.weight_plane.any()
            with m.If(control.fire & control.takes_weights & here):
                m.d.sync += store.eq(arriving)
            again = store if again is None else Mux(here, store, again)
        assert again is not None  # an operand has a beat at least
        return Mux(control.takes_weights, arriving, again)

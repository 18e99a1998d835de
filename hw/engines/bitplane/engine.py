"""The engine of bit planes behind its streams."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from golden.engines.bitplane import Params, layout
from hw.engines.bitplane.marks import unit_marks
from hw.engines.bitplane.plane_sum import PlaneSum
from hw.engines.bitplane.structure import splits
from hw.lib.tile.engine import TileEngine, connect_lanes
from hw.lib.tile.steps import Steps

__all__ = ["Engine"]


class Engine(TileEngine):
    """m x n sums of pairs of bit planes, k bits of each pair counted per cycle, behind streams.

    A step of ``k`` products takes a cycle for each pair of a beat of activations and a beat of
    weights, and an operand has a beat for each ``activation_planes`` or ``weight_planes`` of its
    bits. Each beat is taken once. One of activations is kept while all of weights go by; those of
    weights are kept for the further ones of activations, where there are any. Results, stalls and
    ports are those of `hw.lib.tile.engine.TileEngine`.

    Parameters
    ----------
    params : Params
    """

    def __init__(self, params: Params) -> None:
        self._params = params
        super().__init__(layout(params), rows=params.m, cols=params.n, stages=params.stages)

    def elaborate(self, platform: object) -> Module:
        params = self._params
        m = Module()
        activations, weights = splits(params)
        steps = Steps(self.job_layout, params.k, activations=activations, weights=weights)
        control = self.control(m, steps)
        rows, cols = self._kept_rows(m, steps), self._kept_cols(m, steps)
        units = self.units(m, platform, control, PlaneSum, params)
        for across, planes in zip(units, rows, strict=True):
            m.d.comb += [unit.activations.eq(planes) for unit in across]
            m.d.comb += [unit.weights.eq(col) for unit, col in zip(across, cols, strict=True)]
        connect_lanes(m, units, all=unit_marks(m, params, steps, control.enable))
        return m

    def _kept_rows(self, m: Module, steps: Steps) -> list[Signal]:
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
                bits = lanes.word_select(plane * params.m + row, params.k) & steps.active
                planes.append(self._within(bits, plane, steps.activation_used))
            with m.If(steps.fire & steps.takes_activations):
                m.d.sync += register.eq(Cat(planes))
            kept.append(register)
        return kept

    def _kept_cols(self, m: Module, steps: Steps) -> list[Signal]:
        """The planes of each column in this pass; beyond K different from those of rows."""
        params = self._params
        lanes = self.weights.payload.as_value()
        of_activations, of_weights = splits(params)
        again, beats = of_activations.beats > 1, of_weights.beats
        kept = []
        for col in range(params.n):
            register = Signal(params.weight_planes * params.k, name=f"col_{col}", reset_less=True)
            planes: list[Value] = []
            for plane in range(params.weight_planes):
                first = plane * params.k * params.n + col
                bits: Value = Cat(lanes[first + index * params.n] for index in range(params.k))
                if params.bipolar:
                    # Activations are zero beyond K: a one differs from them.
                    bits = bits | ~steps.active
                planes.append(self._within(bits, plane, steps.weight_used))
            bits_now: Value = Cat(planes)
            begins: Value = steps.fire & steps.takes_weights
            if again and beats > 1:
                bits_now = self._stored(m, steps, f"col_{col}", bits_now, beats)
                begins = steps.fire
            with m.If(begins):
                m.d.sync += register.eq(bits_now)
            kept.append(register)
        return kept

    def _within(self, bits: Value, plane: int, used: Signal) -> Value:
        """Zero for planes beyond a width; bipolar ones are left out where they are counted."""
        if self._params.bipolar or len(used) == 1:
            return bits
        return Mux(used[plane], bits, 0)

    def _stored(self, m: Module, steps: Steps, name: str, arriving: Value, beats: int) -> Value:
        """What arrives, and in passes that take no weights what arrived for the same planes."""
        again: Value | None = None
        for beat in range(beats):
            store = Signal(len(arriving), name=f"{name}_beat_{beat}", reset_less=True)
            lowest = beat * self._params.weight_planes
            # Yosys writes a comparison with zero so that Verilator warns of it.
            here = steps.weight_plane == lowest if beat else ~steps.weight_plane.any()
            with m.If(steps.fire & steps.takes_weights & here):
                m.d.sync += store.eq(arriving)
            again = store if again is None else Mux(here, store, again)
        assert again is not None  # an operand has a beat at least
        return Mux(steps.takes_weights, arriving, again)

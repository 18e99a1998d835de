"""RTL of the engine of composable bricks."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib import data
from amaranth.lib.wiring import In

from golden.engines.fusion import DIGIT_BITS, Params, layout
from hw.arith.bricks import (
    BrickDigits,
    FusedUnit,
    fused_levels,
    fused_ports,
    width_codes,
)
from hw.emit import place
from hw.lib.tile.engine import TileEngine, connect_lanes
from hw.lib.tile.operands import above, held
from hw.lib.tile.steps import Steps
from hw.lib.tile.tree import registers_before
from hw.lib.tile.unit import Unit
from hw.shapes import shape_of

__all__ = ["Engine", "FusedSum"]


class FusedSum(Unit):
    """Fused units, added up and accumulated: the hardware of one result.

    Parameters
    ----------
    activation_bits, weight_bits : int
    activation_signed, weight_signed : bool
    sums : Shape
    bricks : int
        Of a fused unit.
    k : int
        Fused units.
    registers : tuple of bool
        Of the tree.

    Members
    -------
    activations, weights : In(ArrayLayout(2 * bricks, k))
        What the bricks of each fused unit multiply.
    activation_fused, weight_fused : In(levels)
        As of `hw.arith.bricks.FusedUnit`.
    """

    activations: data.View
    weights: data.View
    activation_fused: Signal
    weight_fused: Signal

    def __init__(
        self,
        activation_bits: int,
        weight_bits: int,
        activation_signed: bool,
        weight_signed: bool,
        sums: Shape,
        bricks: int,
        k: int,
        registers: tuple[bool, ...],
    ) -> None:
        self._unit = activation_bits, weight_bits, activation_signed, weight_signed
        self._told = [*fused_ports(activation_bits, weight_bits)]
        self._registers = registers
        words = In(data.ArrayLayout(unsigned(DIGIT_BITS * bricks), k))
        super().__init__(
            sums,
            {
                "activations": words,
                "weights": words,
                **fused_ports(activation_bits, weight_bits),
            },
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        products: list[Value] = []
        for index, (activations, weights) in enumerate(
            zip(self.activations, self.weights, strict=True)
        ):
            m.submodules[f"fused_{index}"] = unit = place(platform, FusedUnit, *self._unit)
            m.d.comb += [
                unit.activations.eq(activations),
                unit.weights.eq(weights),
                *(getattr(unit, name).eq(getattr(self, name)) for name in self._told),
            ]
            products.append(unit.o)
        total = self.total(m, platform, products[0].shape(), products, self._registers)
        self.accumulate(m, platform, total)
        return m


class Engine(TileEngine):
    """m x n sums of k fused units per cycle, behind ready/valid streams.

    A step takes a cycle: a beat of activations and one of weights, with as many elements along K as
    products fit into k fused units at the widths of the job. Results, stalls and ports are those of
    `hw.lib.tile.engine.TileEngine`.

    Parameters
    ----------
    params : Params
    """

    def __init__(self, params: Params) -> None:
        self._params = params
        self._levels = fused_levels(params.activation.bits), fused_levels(params.weight.bits)
        self._members = fused_ports(params.activation.bits, params.weight.bits)
        super().__init__(layout(params), rows=params.m, cols=params.n, stages=params.stages)

    def elaborate(self, platform: object) -> Module:
        params, bricks = self._params, self._params.bricks
        m = Module()
        steps = Steps(self.job_layout, params.k)
        control = self.control(m, steps)
        takes_job = self.job.valid & self.job.ready
        coming = self._fused()
        fused: dict[str, Value] = {}
        for name, levels in coming.items():
            register = Signal(len(levels), name=name, reset_less=True)
            with m.If(takes_job):
                m.d.sync += register.eq(levels)
            fused[name] = register
        # Steps count fused units in place of elements: those that begin.
        doublings = self._doublings(coming)
        elements = self.job.payload.k
        m.d.comb += steps.job.payload.k.eq((elements + (1 << doublings) - 1) >> doublings)
        left = Signal(range(params.k_max + 1), reset_less=True)
        with m.If(steps.fire):
            m.d.sync += left.eq(left - (params.k << self._doublings(fused)))
        with m.If(takes_job):
            m.d.sync += left.eq(elements)
        masks = self._masks(m, fused, left)
        activations = self._words(self.activations.payload, masks)
        weights = self._words(self.weights.payload, [Const(-1, bricks)])
        at_operands, in_tree = registers_before(params.stages - 1, params.k)
        if at_operands:
            word = unsigned(DIGIT_BITS * bricks)
            activations = held(m, "activation", word, activations, control.enable)
            weights = held(m, "weight", word, weights, control.enable)
            fused = {
                name: held(m, name, unsigned(len(value)), [value], control.enable)[0]
                for name, value in fused.items()
            }
        formats = params.activation, params.weight
        units = self.units(
            m,
            platform,
            control,
            FusedSum,
            *(format.bits for format in formats),
            *(format.signed for format in formats),
            shape_of(params.sums),
            bricks,
            params.k,
            in_tree,
        )
        connect_lanes(
            m,
            units,
            rows=[("activations", self._digits(m, platform, 0, activations, fused))],
            cols=[("weights", self._digits(m, platform, 1, weights, fused))],
            all=[*fused.items()],
        )
        return m

    def _digits(
        self,
        m: Module,
        platform: object,
        side: int,
        words: Sequence[Value],
        fused: Mapping[str, Value],
    ) -> list[Value]:
        """The digits that bricks take of each word, once for all units that have the operand."""
        if self._params.bricks == 1:
            # It takes the only digit there is.
            return [*words]
        widths = self._params.activation.bits, self._params.weight.bits
        taken: list[Value] = []
        for index, word in enumerate(words):
            part = place(platform, BrickDigits, *widths, side)
            m.submodules[f"{('activation', 'weight')[side]}_digits_{index}"] = part
            m.d.comb += [
                part.i.eq(word),
                *(getattr(part, name).eq(value) for name, value in fused.items()),
            ]
            taken.append(part.o.as_value())
        return taken

    def _fused(self) -> dict[str, Value]:
        """Which levels are fused at the widths of the job that is offered."""
        return {
            name: Cat(
                self.job.payload[name.replace("fused", "bits")] > DIGIT_BITS << level
                for level in range(Shape.cast(member.shape).width)
            )
            for name, member in self._members.items()
        }

    def _doublings(self, fused: Mapping[str, Value]) -> Value:
        """Levels that are not fused: each doubles the products of a fused unit."""
        bits = [bit for levels in fused.values() for bit in levels]
        return sum((~bit for bit in bits), Const(0, 1))

    def _masks(self, m: Module, fused: Mapping[str, Value], left: Signal) -> list[Value]:
        """For each digit of each fused unit whether its element is within the K of the job."""
        params = self._params
        width = Cat(*fused.values(), Const(0, 1))
        masks: list[Value] = []
        for unit in range(params.k):
            mask = Signal(params.bricks, name=f"mask_{unit}")
            with m.Switch(width):
                for levels, code in width_codes(*self._levels):
                    digits = 1 << levels[0]
                    products = 1 << (sum(self._levels) - sum(levels))
                    with m.Default() if levels == self._levels else m.Case(code):
                        m.d.comb += mask.eq(
                            Cat(
                                above(left, unit * products + element).replicate(digits)
                                for element in range(products)
                            )
                        )
            masks.append(mask)
        return masks

    def _words(self, digits: data.View, masks: Sequence[Value]) -> list[Value]:
        """Digits of each fused unit beside each other, those that do not count 0."""
        bricks = self._params.bricks
        return [
            Cat(
                Mux(masks[word % len(masks)][index], digits[word * bricks + index], 0)
                for index in range(bricks)
            )
            for word in range(len(digits) // bricks)
        ]

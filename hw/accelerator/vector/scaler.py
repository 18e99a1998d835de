"""The lanes that scale: requantization and additions."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.interpreter import ADD_SHIFT
from hw.accelerator.vector.parameters import scaling_layout
from hw.accelerator.vector.scaling_lane import LATENCY, ScalingLane
from hw.emit import place

__all__ = ["Entry", "Scaler"]


class Entry(enum.Enum, shape=2):
    """What enters the lanes."""

    NOTHING = 0
    SUMS = 1
    FIRST = 2
    SECOND = 3


class Scaler(wiring.Component):
    """Requantizes words of sums, or adds two words of activations, with one multiplier a lane.

    Sums that enter in cycle ``t`` are results in ``t + 4``. The operands of an addition enter in
    ``t`` and ``t + 1``; once scaled they meet and pass the lanes again from ``t + 5`` on, in which
    nothing else may enter, and are results in ``t + 9``.

    Parameters
    ----------
    lanes : int

    Members
    -------
    entry : In(Entry)
    sums : In(ArrayLayout(signed(32), lanes))
    activations : In(ArrayLayout(signed(8), lanes))
    scaling : In(scaling_layout(lanes))
        An addition takes those of lanes 0 and 1 for its operands, and of lane 2 for their sum.
    valid : Out(1)
    results : Out(ArrayLayout(signed(32), lanes))
    """

    entry: data.View
    sums: data.View
    activations: data.View
    scaling: data.View
    valid: Signal
    results: data.View

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        super().__init__(
            {
                "entry": In(Entry),
                "sums": In(data.ArrayLayout(signed(32), lanes)),
                "activations": In(data.ArrayLayout(signed(8), lanes)),
                "scaling": In(scaling_layout(lanes)),
                "valid": Out(1),
                "results": Out(data.ArrayLayout(signed(32), lanes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # What is in each stage of the lanes: something that is a result at their end, or the
        # second operand of an addition.
        finals, seconds = Signal(LATENCY), Signal(LATENCY)
        meet = seconds[-1]
        requantizes = self.entry == Entry.SUMS
        m.d.comb += self.valid.eq(finals[-1])
        m.d.sync += [
            finals.eq(Cat(requantizes | meet, finals)),
            seconds.eq(Cat(self.entry == Entry.SECOND, seconds)),
        ]

        # An addition has the same parameters in all lanes.
        bias, multiplier = Signal(signed(32)), Signal(signed(32))
        shift = Signal(signed(8))
        scaling = self.scaling
        with m.If(meet):
            m.d.comb += [multiplier.eq(scaling.multiplier[2]), shift.eq(scaling.shift[2])]
        for operand, entry in enumerate((Entry.FIRST, Entry.SECOND)):
            with m.Elif(self.entry == entry):
                m.d.comb += [
                    bias.eq(scaling.bias[operand] << ADD_SHIFT),
                    multiplier.eq(scaling.multiplier[operand]),
                    shift.eq(scaling.shift[operand]),
                ]

        for index in range(self._lanes):
            m.submodules[f"lane_{index}"] = lane = place(platform, ScalingLane)
            before = Signal(signed(32), name=f"before_{index}", reset_less=True)
            m.d.sync += before.eq(lane.result)
            m.d.comb += self.results[index].eq(lane.result)
            with m.If(requantizes):
                m.d.comb += [
                    lane.x.eq(self.sums[index]),
                    lane.addend.eq(scaling.bias[index]),
                    lane.multiplier.eq(scaling.multiplier[index]),
                    lane.shift.eq(scaling.shift[index]),
                ]
            with m.Else():
                m.d.comb += [
                    lane.x.eq(Mux(meet, before, self.activations[index] << ADD_SHIFT)),
                    lane.addend.eq(Mux(meet, lane.result, bias)),
                    lane.multiplier.eq(multiplier),
                    lane.shift.eq(shift),
                ]
        return m

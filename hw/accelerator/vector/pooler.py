"""Maximum and average of windows, all lanes."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator.vector.pool_lane import COUNT_BITS, DIVISION_STEPS, PoolLane
from hw.emit import place

__all__ = ["AVERAGE_CYCLES", "TAP_LAYOUT", "Pooler"]

AVERAGE_CYCLES = DIVISION_STEPS + 1
"""From the end of a window whose average is taken to that of the next, at least."""

TAP_LAYOUT = data.StructLayout(
    {"valid": unsigned(1), "first": unsigned(1), "last": unsigned(1), "inside": unsigned(1)}
)
"""A tap: whether there is one, whether it is the first or last of its window, whether it counts."""


class Pooler(wiring.Component):
    """Reduces windows, a tap a cycle.

    The maximum is there one cycle after the last tap has entered, the average ten; last taps of
    averages are at least nine cycles apart.

    Parameters
    ----------
    lanes : int

    Members
    -------
    tap : In(TAP_LAYOUT)
    values : In(ArrayLayout(signed(8), lanes))
    averages : In(1)
    valid : Out(1)
    results : Out(ArrayLayout(signed(9), lanes))
    """

    tap: data.View
    values: data.View
    averages: Signal
    valid: Signal
    results: data.View

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        super().__init__(
            {
                "tap": In(TAP_LAYOUT),
                "values": In(data.ArrayLayout(signed(8), lanes)),
                "averages": In(1),
                "valid": Out(1),
                "results": Out(data.ArrayLayout(signed(9), lanes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        first = self.tap.valid & self.tap.first
        inside = self.tap.valid & self.tap.inside
        complete, dividing = Signal(), Signal(AVERAGE_CYCLES)
        divide = complete & self.averages
        count = Signal(COUNT_BITS, reset_less=True)
        divisor = Signal.like(count)
        m.d.sync += [
            complete.eq(self.tap.valid & self.tap.last),
            dividing.eq(Cat(divide, dividing)),
            count.eq(Mux(first, 0, count) + inside),
        ]
        with m.If(divide):
            m.d.sync += divisor.eq(Mux(count == 0, 1, count))
        m.d.comb += self.valid.eq(Mux(self.averages, dividing[-1], complete))
        for index in range(self._lanes):
            m.submodules[f"lane_{index}"] = lane = place(platform, PoolLane)
            m.d.comb += [
                lane.value.eq(self.values[index]),
                lane.first.eq(first),
                lane.inside.eq(inside),
                lane.divide.eq(divide),
                lane.count.eq(count),
                lane.divisor.eq(divisor),
                self.results[index].eq(Mux(self.averages, lane.average, lane.largest)),
            ]
        return m

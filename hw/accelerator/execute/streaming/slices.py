"""Beats of activations from the words of the pixels of a job."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.feeding import Streaming
from hw.shapes import beat_shape

__all__ = ["Slices"]


class Slices(wiring.Component):
    """Cuts words into steps along K, and into digits where the engine takes these.

    Combinational but for the number of the beat; one beat per cycle.

    Parameters
    ----------
    feeding : Streaming

    Members
    -------
    i : In(stream.Signature(ArrayLayout(ArrayLayout(signed(8), lanes), rows)))
    o : Out(stream.Signature(beat_shape(activations)))
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, feeding: Streaming) -> None:
        self._feeding = feeding
        words = data.ArrayLayout(data.ArrayLayout(signed(8), feeding.lanes), feeding.rows)
        super().__init__(
            {
                "i": In(stream.Signature(words)),
                "o": Out(stream.Signature(beat_shape(feeding.layout.activations))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        port = self._feeding.layout.activations
        job = self._feeding.block_job(self._feeding.weight_bits[-1])
        elements, digits = port.elements(job), port.digits(job)
        most = len(elements) - 1
        number = Signal(range(len(elements)))
        last = number == most
        m.d.comb += [
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready & last),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += number.eq(Mux(last, 0, number + 1))
        payload = Value.cast(self.o.payload)
        with m.Switch(number):
            for beat in range(len(elements)):
                lanes = [
                    self._lane(element, digit)
                    for element, digit in zip(
                        elements[beat].tolist(), digits[beat].tolist(), strict=True
                    )
                ]
                with m.Case(beat):
                    m.d.comb += payload.eq(Cat(lanes))
        return m

    def _lane(self, element: int, digit: int) -> Value:
        """What a lane carries: a code, or a digit of it; 0 where it carries nothing."""
        bits = self._feeding.layout.activations.lane_bits
        if element < 0:
            return Const(0, bits)
        row, lane = divmod(element, self._feeding.lanes)
        code = Value.cast(self.i.payload[row][lane])
        part = code[digit * bits : (digit + 1) * bits]
        return Cat(part, Const(0, bits - len(part)))

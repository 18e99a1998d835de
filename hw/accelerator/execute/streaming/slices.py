"""Beats of activations from the words of the pixels of a job, or of tables of them."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.feeding import Streaming
from golden.arith.tables import TablePort
from hw.emit import place
from hw.lib.tables import TableMaker
from hw.shapes import beat_shape, shape_of

__all__ = ["Slices"]


class Slices(wiring.Component):
    """Cuts words into steps along K, into digits where the engine takes these, or makes tables.

    Combinational but for the number of the beat; one beat per cycle. Where the engine takes tables
    in place of activations, they are made here: once for all columns, and for all planes of weights
    that are looked up in them.

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
        sliced = Signal(port.width * port.lane_bits)
        with m.Switch(number):
            for beat in range(len(elements)):
                lanes = [
                    self._lane(element, digit)
                    for element, digit in zip(
                        elements[beat].tolist(), digits[beat].tolist(), strict=True
                    )
                ]
                with m.Case(beat):
                    m.d.comb += sliced.eq(Cat(lanes))
        payload = Value.cast(self.o.payload)
        if port.tables is None:
            m.d.comb += payload.eq(sliced)
        else:
            m.d.comb += payload.eq(Cat(self._tables(m, platform, sliced, port.tables)))
        return m

    @staticmethod
    def _tables(m: Module, platform: object, sliced: Signal, tables: TablePort) -> list[Value]:
        """Entries of the table of each few activations."""
        table, number = tables.table, signed(tables.activation.bits)
        width = table.group * tables.activation.bits
        entries = []
        for first in range(0, len(sliced), width):
            maker = place(
                platform,
                TableMaker,
                number,
                table.group,
                shape_of(tables.entry),
                table.size,
                table.bipolar,
            )
            m.submodules[f"table_{first // width}"] = maker
            m.d.comb += Value.cast(maker.i).eq(sliced[first : first + width])
            entries.append(Value.cast(maker.o))
        return entries

    def _lane(self, element: int, digit: int) -> Value:
        """What a lane carries: a code, or a digit of it; 0 where it carries nothing."""
        bits = self._feeding.layout.activations.lane_bits
        if element < 0:
            return Const(0, bits)
        row, lane = divmod(element, self._feeding.lanes)
        code = Value.cast(self.i.payload[row][lane])
        part = code[digit * bits : (digit + 1) * bits]
        return Cat(part, Const(0, bits - len(part)))

"""The way of results to the activations."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator.ports import LOCAL_ADDRESS_BITS, WritePort
from hw.accelerator.vector.operation import LOOPS, OPERATION_LAYOUT
from hw.lib.nest import Nest, Sum

__all__ = ["RESULT", "Writer"]

RESULT = signed(34)
"""Of a result before it is clamped: a scaled sum and a zero point, without overflow."""


class Writer(wiring.Component):
    """Clamps results and writes them where an operation wants them, one cycle later.

    Parameters
    ----------
    lanes : int

    Members
    -------
    operation : In(OPERATION_LAYOUT)
    restart : In(1)
        High once between operations; ``operation`` does not change until the last result.
    valid : In(1)
    results : In(ArrayLayout(RESULT, lanes))
    exact : In(1)
        The results are ``octets``, which stay as they are.
    octets : In(ArrayLayout(signed(8), lanes))
    port : Out(WritePort(ArrayLayout(signed(8), lanes)))
    done : Out(1)
        The last word of the operation is written in this cycle.
    """

    operation: data.View
    restart: Signal
    valid: Signal
    results: data.View
    exact: Signal
    octets: data.View
    port: Any
    done: Signal

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        octets = data.ArrayLayout(signed(8), lanes)
        super().__init__(
            {
                "operation": In(OPERATION_LAYOUT),
                "restart": In(1),
                "valid": In(1),
                "results": In(data.ArrayLayout(RESULT, lanes)),
                "exact": In(1),
                "octets": In(octets),
                "port": Out(WritePort(octets)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        operation, port = self.operation, self.port
        m.submodules.loops = loops = Nest(LOOPS)
        shapes = {"blocks": 1, "rows": 16, "columns": 8}
        m.submodules.address = address = Sum(
            unsigned(LOCAL_ADDRESS_BITS),
            tuple(LOOPS),
            {name: unsigned(bits) for name, bits in shapes.items()},
        )
        m.d.comb += [
            *(loops.most[name].eq(operation[name]) for name in LOOPS),
            loops.advance.eq(port.en),
            address.restart.eq(self.restart),
            address.start.eq(operation.target),
            address.steps.blocks.eq(1),
            address.steps.rows.eq(operation.row_words),
            address.steps.columns.eq(operation.pixel_words),
            address.advance.eq(port.en),
            address.last.eq(loops.last),
            port.address.eq(address.value),
            self.done.eq(port.en & loops.last.blocks),
        ]
        written, word = Signal(), Signal.like(port.data, reset_less=True)
        m.d.comb += [port.en.eq(written), port.data.eq(word)]
        m.d.sync += written.eq(self.valid)
        # As the golden model clamps: where nothing is between, `high` it is.
        empty = operation.low > operation.high
        for lane in range(self._lanes):
            result = self.results[lane]
            clamped = Mux(
                empty | (result > operation.high),
                operation.high,
                Mux(result < operation.low, operation.low, result),
            )
            m.d.sync += word[lane].eq(Mux(self.exact, self.octets[lane], clamped))
        return m

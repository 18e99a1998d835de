"""RTL of the array of exponent–integer elements."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engines.exp_int import Params, layout
from golden.formats import smallest_int
from hw.arith.products import ShiftedProduct
from hw.lib.decoders.operands import OperandDecoder, number_of
from hw.lib.systolic.resting_sums import RestingSums
from hw.shapes import beat_shape, job_shape, shape_of

__all__ = ["Engine"]


class Engine(wiring.Component):
    """Output-stationary array whose operands are decoded at its edges.

    A column of A and a row of W per cycle: a beat of each, or one in two cycles where words hold
    pairs. From the last of a job to the first result: ``rows + cols`` cycles, one more with
    ``pe_pipeline``. A stop of ``results`` stops the whole array one cycle later.

    Parameters
    ----------
    params : Params

    Members
    -------
    job : In(stream.Signature(job_shape))
    activations : In(stream.Signature(beat_shape))
    weights : In(stream.Signature(beat_shape))
    results : Out(stream.Signature(beat_shape))
        Shapes and order of elements: `golden.engines.exp_int.layout`.
    """

    job: stream.Interface
    activations: stream.Interface
    weights: stream.Interface
    results: stream.Interface

    def __init__(self, params: Params) -> None:
        self._params = params
        self._ports = ports = layout(params)
        super().__init__(
            {
                "job": In(stream.Signature(job_shape(ports.job))),
                "activations": In(stream.Signature(beat_shape(ports.activations))),
                "weights": In(stream.Signature(beat_shape(ports.weights))),
                "results": Out(stream.Signature(beat_shape(ports.results))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        params, ports = self._params, self._ports
        m = Module()
        product = ShiftedProduct(
            number_of(params.activation),
            number_of(params.weight),
            smallest_int(*params.product_range).bits,
        )
        m.submodules.array = array = RestingSums(
            job_shape(ports.job),
            params.rows,
            params.cols,
            product,
            shape_of(params.sums),
            params.pe_pipeline,
        )
        for port, outer, inner in (
            (ports.activations, self.activations, array.activations),
            (ports.weights, self.weights, array.weights),
        ):
            m.submodules[f"decode_{port.operand.value}"] = decoder = OperandDecoder(port)
            wiring.connect(m, wiring.flipped(outer), decoder.i)
            wiring.connect(m, decoder.o, inner)
            m.d.comb += decoder.last.eq(array.last)
        wiring.connect(m, wiring.flipped(self.job), array.job)
        wiring.connect(m, array.results, wiring.flipped(self.results))
        return m

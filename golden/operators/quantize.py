"""Between element types: Quantize, Dequantize and Cast."""

from collections.abc import Sequence
from dataclasses import dataclass

from golden.arith.requantize import Requantization
from golden.operators.base import Arithmetic, Operand, Operator, only
from golden.operators.layout import moved
from golden.tensors import Array, Element, Shape, Tensor, storage_dtype

__all__ = ["Cast", "Dequantize", "Quantize"]


@dataclass(frozen=True, kw_only=True)
class Quantize(Operator):
    """Nearest integers of the output's quantization: ONNX, QuantizeLinear.

    Integers that are quantized already are requantized: TensorFlow Lite, QUANTIZE.
    """

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape of the input."""
        return (only(inputs).shape,)

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """See `Quantization.quantize` and `requantize`."""
        (x,) = inputs
        output = only(outputs)
        if x.is_quantized:
            return (moved(x, output, arithmetic),)
        return (
            output.quantized.quantize(
                x.values,
                output.int_format,
                halves_away=arithmetic.requantization is Requantization.TFLITE,
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Dequantize(Operator):
    """Real numbers that the input's integers stand for: ONNX, DequantizeLinear."""

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape of the input."""
        return (only(inputs).shape,)

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """See `Quantization.dequantize`."""
        del arithmetic
        (x,) = inputs
        real = x.tensor.quantized.dequantize(x.values)
        return (real.astype(storage_dtype(only(outputs).element), copy=False),)


@dataclass(frozen=True, kw_only=True)
class Cast(Operator):
    """The same numbers in another element type; floats are cut toward 0 for integers.

    Parameters
    ----------
    element : IntFormat or FloatType
        Of the output.
    """

    element: Element

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape of the input."""
        return (only(inputs).shape,)

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """By NumPy's conversion."""
        del outputs, arithmetic
        return (inputs[0].values.astype(storage_dtype(self.element)),)

"""Typed access to an operator of a TFLite model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import tflite

from golden.arith.requantize import Clamp
from golden.formats import INT8
from golden.operators import Add, AveragePool, Clip, Conv, MatMul, Mul, Operator, Sub
from golden.tensors import Array, FloatType, Shape, Tensor
from mapper.importers.tflite.draft import RANK, Draft, Layout
from mapper.importers.tflite.reading import OperatorRecord

__all__ = ["Node"]

_ACTIVATIONS: Mapping[int, Clamp] = MappingProxyType(
    {
        tflite.ActivationFunctionType.NONE: Clamp(),
        tflite.ActivationFunctionType.RELU: Clamp(low=0),
        tflite.ActivationFunctionType.RELU_N1_TO_1: Clamp(low=-1, high=1),
        tflite.ActivationFunctionType.RELU6: Clamp(low=0, high=6),
    }
)

_CLAMPED = (Add, AveragePool, Conv, MatMul, Mul, Sub)
"""Operators that clamp quantized results themselves."""

_FULLY = "convert the model with full-integer quantization to int8, with representative data"


@dataclass(frozen=True, kw_only=True)
class Node:
    """An operator and the draft that it goes into.

    Parameters
    ----------
    name : str
        Unique among the operators of the draft.
    record : OperatorRecord
        As found in the file.
    draft : Draft
        Graph under construction.
    """

    name: str
    record: OperatorRecord
    draft: Draft

    @property
    def kind(self) -> str:
        """Operator type."""
        return self.record.kind

    @property
    def output(self) -> int:
        """The only output, as an index of a tensor.

        Raises
        ------
        ValueError
            If there is another number of them.
        """
        if len(self.record.outputs) != 1:
            raise ValueError(f"it must have one output, not {len(self.record.outputs)}")
        return self.record.outputs[0]

    def has(self, position: int) -> bool:
        """Whether an input is given."""
        return position < len(self.record.inputs) and self.record.inputs[position] >= 0

    def input(self, position: int) -> int:
        """An input, as an index of a tensor.

        Raises
        ------
        ValueError
            If it is not given.
        """
        if not self.has(position):
            raise ValueError(f"input {position} is missing")
        return self.record.inputs[position]

    def tensor(self, position: int, layout: Layout) -> Tensor:
        """An input in a layout."""
        return self.draft.tensor(self.input(position), layout)

    def shape(self, position: int = 0) -> Shape:
        """Shape of an input in the file's layout."""
        return self.draft.shape(self.input(position))

    def image(self, position: int = 0) -> Tensor:
        """An input with channels first.

        Raises
        ------
        ValueError
            If it does not have four axes.
        """
        shape = self.shape(position)
        if len(shape) != RANK:
            raise ValueError(f"it takes (batch, height, width, channels), not shape {shape}")
        return self.tensor(position, Layout.CHANNELS_FIRST)

    def flat(self, position: int = 0) -> Tensor:
        """An input in a layout in which its values have the order of the file.

        An image of one pixel or of one channel has that order in both layouts.
        """
        index, shape = self.input(position), self.shape(position)
        is_first = self.draft.has(index, Layout.CHANNELS_FIRST)
        if is_first and (shape[3] == 1 or shape[1:3] == (1, 1)):
            return self.tensor(position, Layout.CHANNELS_FIRST)
        return self.tensor(position, Layout.FILE)

    def constant(self, position: int) -> Array:
        """Values of an input that must be a constant."""
        return self.draft.constant(self.input(position))

    def option(self, field: str, default: Any = None) -> Any:
        """A field of the options.

        Raises
        ------
        ValueError
            If the file has no options and there is no default.
        """
        value = self.record.options.get(field, default)
        if value is None:
            raise ValueError("its options are missing: convert the model again")
        return value

    def clamp(self) -> Clamp:
        """The fused activation function.

        Raises
        ------
        ValueError
            If it is not a clamp.
        """
        code = self.option("FusedActivationFunction", tflite.ActivationFunctionType.NONE)
        if code not in _ACTIVATIONS:
            raise ValueError(
                f"fused activation function {code} is not supported: none, Relu, Relu6 and"
                f" Relu-1-to-1 are; convert the model with the activation as its own operator"
            )
        return _ACTIVATIONS[code]

    def axis(self, axis: int, rank: int) -> int:
        """``axis`` of ``rank``, counted from the front.

        Raises
        ------
        ValueError
            If it is out of range.
        """
        if not -rank <= axis < rank:
            raise ValueError(f"axis {axis} is out of range for {rank} axes")
        return axis % rank

    def common_layout(self, positions: Sequence[int]) -> Layout:
        """Layout for an operator that computes element by element or along one axis.

        Channels first where all computed inputs have four axes and one of them is there so.
        """
        computed = [
            index
            for index in (self.input(position) for position in positions)
            if not self.draft.is_constant(index)
        ]
        if all(len(self.draft.shape(index)) == RANK for index in computed) and any(
            self.draft.has(index, Layout.CHANNELS_FIRST) for index in computed
        ):
            return Layout.CHANNELS_FIRST
        return Layout.FILE

    def require_operands(self, *positions: int) -> bool:
        """Whether inputs and output hold floats; else they hold int8 with one scale each.

        Raises
        ------
        ValueError
            If they hold neither.
        """
        indices = [self.input(position) for position in positions]
        elements = {self.draft.element(index) for index in (*indices, self.output)}
        if elements == {FloatType.FLOAT32}:
            return True
        for index in (*indices, self.output):
            element, name = self.draft.element(index), self.draft.name(index)
            if element != INT8:
                raise ValueError(f"tensor {name!r} holds {element}, not int8: {_FULLY}")
            quantization = self.draft.quantization(index)
            if quantization is None:
                raise ValueError(f"tensor {name!r} has no scale: {_FULLY}")
            if quantization.axis is not None:
                raise ValueError(f"tensor {name!r} must have one scale, not one for each channel")
        return False

    def require_product(self) -> None:
        """Check that activations, weights and output are all int8 or all floats.

        Raises
        ------
        ValueError
            If they are not.
        """
        is_float = self.require_operands(0)
        if is_float != (self.draft.element(self.input(1)) == FloatType.FLOAT32):
            raise ValueError(
                f"activations hold {self.draft.element(self.input(0))}, but weights"
                f" {self.draft.element(self.input(1))}: {_FULLY}"
            )

    def require_float(self, index: int) -> None:
        """Check that a tensor holds float32.

        Raises
        ------
        ValueError
            If it does not.
        """
        element = self.draft.element(index)
        if element != FloatType.FLOAT32:
            raise ValueError(
                f"tensor {self.draft.name(index)!r} holds {element}, not {FloatType.FLOAT32}"
            )

    def require_same_quantization(self, *positions: int) -> None:
        """Check that the operator can move integers as they are.

        Raises
        ------
        ValueError
            If the output stands for other numbers than an input.
        """
        output = self.draft.quantization(self.output)
        for index in (self.input(position) for position in positions):
            given = self.draft.quantization(index)
            same = given is output or (
                given is not None and output is not None and given.equals(output)
            )
            if not same or self.draft.element(index) != self.draft.element(self.output):
                raise ValueError(
                    f"tensor {self.draft.name(index)!r} and the output are quantized differently,"
                    f" but {self.kind} copies integers: put a QUANTIZE between them"
                )

    def operands(self, inputs: Sequence[Tensor], layout: Layout) -> dict[str, Any]:
        """Name, inputs and output for the operator's constructor."""
        return {
            "name": self.name,
            "inputs": tuple(tensor.name for tensor in inputs),
            "outputs": (self.draft.output(self.output, layout),),
        }

    def add(self, operator: Operator, layout: Layout) -> None:
        """Append the operator, which produces the output."""
        self.draft.add(operator, self.output, layout)

    def add_clamped(self, operator: Operator, layout: Layout) -> None:
        """Append an operator with its activation function: in itself, or as a Clip after it."""
        clamp = self.clamp()
        is_quantized = self.draft.quantization(self.output) is not None
        if is_quantized and isinstance(operator, _CLAMPED):
            self.add(replace(operator, clamp=clamp), layout)
            return
        if clamp == Clamp():
            self.add(operator, layout)
            return
        (output,) = operator.outputs
        inner = self.draft.add_inner(
            replace(operator, outputs=(f"{output}/unclamped",)), self.output
        )
        self.add(
            Clip(name=f"{self.name}/clamp", inputs=(inner.name,), outputs=(output,), clamp=clamp),
            layout,
        )

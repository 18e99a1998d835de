"""A graph under construction."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from golden.formats import IntFormat, parse_format
from golden.graph import Graph
from golden.operators import (
    Concat,
    Dequantize,
    Gather,
    MaxPool,
    Operator,
    Pad,
    Reshape,
    Slice,
    Transpose,
)
from golden.tensors import Array, Element, FloatType, Quantization, Shape, Tensor, storage_dtype

__all__ = ["MOVEMENTS", "Draft", "element_of"]

MOVEMENTS = (Concat, Gather, MaxPool, Pad, Reshape, Slice, Transpose)
"""Operators whose output holds values of their data inputs."""


def element_of(dtype: np.dtype[Any]) -> Element:
    """Element type of arrays of ``dtype``.

    Raises
    ------
    ValueError
        If tensors of a graph have no such elements.
    """
    try:
        return FloatType(dtype.name)
    except ValueError:
        pass
    try:
        element = parse_format(dtype.name)
    except ValueError:
        element = None
    if not isinstance(element, IntFormat):
        raise ValueError(f"tensors of {dtype.name} are not supported")
    return element


class Draft:
    """Tensors and operators collected so far; shapes are inferred as operators arrive."""

    def __init__(self) -> None:
        self._tensors: dict[str, Tensor] = {}
        self._constants: dict[str, Array] = {}
        self._aliases: dict[str, str] = {}
        self._inputs: list[str] = []
        self._operators: dict[str, Operator] = {}
        self._producers: dict[str, Operator] = {}

    def add_input(self, name: str, shape: Shape, element: Element) -> None:
        """Declare an input of the graph."""
        self._tensors[name] = Tensor(name=name, shape=shape, element=element)
        self._inputs.append(name)

    def add_constant(self, name: str, values: Array) -> str:
        """Define a constant, of any dtype; it becomes a tensor once something reads it."""
        self._constants[name] = values
        return name

    def add_tensor(self, tensor: Tensor) -> None:
        """Define a constant that is a tensor already."""
        self._tensors[tensor.name] = tensor

    def add_alias(self, name: str, source: str) -> None:
        """Let ``name`` mean the tensor ``source``."""
        self._aliases[name] = source

    def resolve(self, name: str) -> str:
        """The tensor that ``name`` means."""
        return self._aliases.get(name, name)

    def unique_operator_name(self, wanted: str) -> str:
        """``wanted``, or with a number after it if an operator has that name."""
        return self._unique(wanted, self._operators)

    def unique_tensor_name(self, wanted: str) -> str:
        """``wanted``, or with a number after it if a tensor has that name."""
        return self._unique(wanted, {**self._tensors, **self._constants})

    @staticmethod
    def _unique(wanted: str, taken: Mapping[str, object]) -> str:
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def constant(self, name: str) -> Array | None:
        """Values of ``name`` if it is a constant, zero points not subtracted."""
        if name in self._constants:
            return self._constants[name]
        return self._tensors[name].data if name in self._tensors else None

    def tensor(self, name: str) -> Tensor:
        """The tensor ``name``.

        Raises
        ------
        ValueError
            If nothing produces it, or its elements are not supported.
        """
        if name not in self._tensors:
            if name not in self._constants:
                raise ValueError(f"nothing produces tensor {name!r}")
            values = self._constants[name]
            element = element_of(values.dtype)
            self._tensors[name] = Tensor(
                name=name,
                shape=values.shape,
                element=element,
                data=values.astype(storage_dtype(element), copy=False),
            )
        return self._tensors[name]

    def producer(self, name: str) -> Operator | None:
        """Operator that produces ``name``, if one does."""
        return self._producers.get(name)

    def add(
        self,
        operator: Operator,
        *,
        element: Element | None = None,
        quantization: Quantization | None = None,
    ) -> None:
        """Append an operator and its outputs.

        Parameters
        ----------
        operator : Operator
            Its inputs are known already.
        element : IntFormat or FloatType, optional
            Of the outputs; that of the first input if left out.
        quantization : Quantization, optional
            Of the outputs; a movement passes on that of its input.

        Raises
        ------
        ValueError
            If the inputs do not fit the operator.
        """
        inputs = [self.tensor(name) for name in operator.inputs]
        if quantization is None and isinstance(operator, MOVEMENTS):
            quantization = inputs[0].quantization
        for name, shape in zip(operator.outputs, operator.infer(inputs), strict=True):
            self._tensors[name] = Tensor(
                name=name,
                shape=shape,
                element=element or inputs[0].element,
                quantization=quantization,
            )
            self._producers[name] = operator
        self._operators[operator.name] = operator

    def quantize(self, name: str, quantization: Quantization) -> None:
        """State what the integers of a tensor stand for, and of those it was moved from.

        Raises
        ------
        ValueError
            If something else was stated before.
        """
        tensor = self.tensor(name)
        if tensor.quantization is not None:
            if not tensor.quantization.equals(quantization):
                raise ValueError(f"tensor {name!r} is read with two different quantizations")
            return
        self._tensors[name] = replace(tensor, quantization=quantization)
        producer = self.producer(name)
        if isinstance(producer, MOVEMENTS) and quantization.axis is None:
            sources = producer.inputs if isinstance(producer, Concat) else producer.inputs[:1]
            for source in sources:
                if self.tensor(source).quantization is None:
                    self.quantize(source, quantization)

    def quantized_constant(self, name: str) -> Tensor | None:
        """The constant integers that ``name`` is dequantized from, if it is."""
        producer = self.producer(name)
        if isinstance(producer, Dequantize):
            source = self.tensor(producer.inputs[0])
            return source if source.is_constant else None
        return None

    def graph(self, name: str, outputs: tuple[str, ...]) -> Graph:
        """The finished graph; every tensor in ``outputs`` is one of its outputs."""
        for output in outputs:
            source = self.resolve(output)
            if source != output or self.constant(source) is not None:
                self._copy(source, output)
        used = {*self._inputs, *self._producers}
        used.update(name for op in self._operators.values() for name in op.inputs)
        return Graph(
            name=name,
            inputs=tuple(self._inputs),
            outputs=outputs,
            tensors={name: tensor for name, tensor in self._tensors.items() if name in used},
            operators=tuple(self._operators.values()),
        )

    def _copy(self, source: str, output: str) -> None:
        """Produce ``output`` from another tensor, or from the constant that has its name."""
        tensor = self.tensor(source)
        if source == output:
            source = self.unique_tensor_name(f"{output}/constant")
            self.add_tensor(replace(tensor, name=source))
            del self._tensors[output]
            self._constants.pop(output, None)
        self.add(
            Reshape(
                name=self.unique_operator_name(f"{output}/copy"),
                inputs=(source,),
                outputs=(output,),
                shape=tensor.shape,
            )
        )

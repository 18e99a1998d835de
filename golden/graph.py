"""The typed graph: operators in topological order, and the tensors between them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from golden.arith.requantize import Clamp, Requantization
from golden.operators.base import Operator, ProductShape
from golden.tensors import Element, FloatType, Quantization, Shape, Tensor

__all__ = [
    "Clamp",
    "Element",
    "FloatType",
    "Graph",
    "Quantization",
    "Requantization",
    "Shape",
    "Tensor",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class Graph:
    """A network.

    Parameters
    ----------
    name : str
        Of the network.
    inputs, outputs : tuple of str
        Names of tensors.
    tensors : mapping of str to Tensor
        By name: inputs, constants and whatever operators produce.
    operators : tuple of Operator
        Each after those that produce its inputs.
    requantization : Requantization
        How sums become integers of quantized tensors.

    Raises
    ------
    ValueError
        If names are unknown or used twice, the order is not topological, or a shape is not what
        the operator makes of its inputs.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tensors: Mapping[str, Tensor]
    operators: tuple[Operator, ...]
    requantization: Requantization = Requantization.ONNX

    def __post_init__(self) -> None:
        object.__setattr__(self, "tensors", MappingProxyType(dict(self.tensors)))
        for name, tensor in self.tensors.items():
            if tensor.name != name:
                raise ValueError(f"tensor {tensor.name!r} is listed as {name!r}")
        self._check_names()
        for operator in self.operators:
            self._check_shapes(operator)

    def _check_names(self) -> None:
        names = Counter(operator.name for operator in self.operators)
        twice = next((name for name, count in names.items() if count > 1), None)
        if twice is not None:
            raise ValueError(f"two operators are named {twice!r}")
        known = {name for name, tensor in self.tensors.items() if tensor.is_constant}
        for name in self.inputs:
            if name in known or name not in self.tensors:
                raise ValueError(f"input {name!r} must be a tensor without data, listed once")
            known.add(name)
        for operator in self.operators:
            for name in operator.inputs:
                if name not in known:
                    raise ValueError(
                        f"operator {operator.name!r} uses tensor {name!r}, which is no constant, no"
                        f" input and not produced by an earlier operator"
                    )
            for name in operator.outputs:
                if name in known or name not in self.tensors:
                    raise ValueError(
                        f"operator {operator.name!r} produces tensor {name!r}, which must be a"
                        f" tensor of the graph that nothing else produces"
                    )
                known.add(name)
        for name in (*self.outputs, *self.tensors):
            if name not in known:
                raise ValueError(f"nothing produces tensor {name!r}")

    def _check_shapes(self, operator: Operator) -> None:
        try:
            shapes = operator.infer(self.inputs_of(operator))
        except ValueError as error:
            raise ValueError(f"operator {operator.name!r}: {error}") from None
        declared = tuple(tensor.shape for tensor in self.outputs_of(operator))
        if shapes != declared:
            raise ValueError(
                f"operator {operator.name!r} makes shapes {shapes}, declared {declared}"
            )

    def inputs_of(self, operator: Operator) -> tuple[Tensor, ...]:
        """Tensors that ``operator`` reads."""
        return tuple(self.tensors[name] for name in operator.inputs)

    def outputs_of(self, operator: Operator) -> tuple[Tensor, ...]:
        """Tensors that ``operator`` produces."""
        return tuple(self.tensors[name] for name in operator.outputs)

    def producer(self, tensor: str) -> Operator | None:
        """Operator that produces ``tensor``; None for inputs and constants."""
        return self._producers.get(tensor)

    def consumers(self, tensor: str) -> tuple[Operator, ...]:
        """Operators that read ``tensor``."""
        return self._consumers.get(tensor, ())

    @cached_property
    def _producers(self) -> dict[str, Operator]:
        return {name: op for op in self.operators for name in op.outputs}

    @cached_property
    def _consumers(self) -> dict[str, tuple[Operator, ...]]:
        readers: dict[str, tuple[Operator, ...]] = {}
        for op in self.operators:
            for name in dict.fromkeys(op.inputs):
                readers[name] = (*readers.get(name, ()), op)
        return readers

    def products(self) -> tuple[ProductShape, ...]:
        """Matrix products of all operators, in order, from shapes alone."""
        return tuple(
            product for op in self.operators for product in op.products(self.inputs_of(op))
        )

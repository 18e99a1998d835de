"""Elementwise arithmetic of two tensors, with broadcasting."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from golden.arith.requantize import Clamp, Scaling, Term, requantize
from golden.operators.base import Arithmetic, Operand, Operator, only
from golden.tensors import Array, Shape, Tensor

__all__ = ["Add", "Div", "Mul", "Pow", "Sub"]


@dataclass(frozen=True, kw_only=True)
class _Binary(Operator):
    """An elementwise operator of two inputs that broadcast against each other."""

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Broadcast shape."""
        a, b = inputs
        try:
            return (np.broadcast_shapes(a.shape, b.shape),)
        except ValueError:
            raise ValueError(f"shapes {a.shape} and {b.shape} do not broadcast") from None

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """In the element type of the inputs."""
        del outputs, arithmetic
        return (np.asarray(self._plain(inputs[0].values, inputs[1].values)),)

    @abstractmethod
    def _plain(self, a: Array, b: Array) -> Array:
        """Result on values that are not quantized."""


@dataclass(frozen=True, kw_only=True)
class _Requantized(_Binary):
    """A binary operator that also takes quantized inputs."""

    clamp: Clamp = field(default_factory=Clamp)

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """Quantized if the first input is, else in the element type of the inputs."""
        if not inputs[0].is_quantized:
            return super().compute(inputs, outputs, arithmetic)
        terms = self._terms(*inputs)
        return (requantize(terms, only(outputs), arithmetic.requantization, self.clamp),)

    @abstractmethod
    def _terms(self, a: Operand, b: Operand) -> list[Term]:
        """Integers to requantize."""


@dataclass(frozen=True, kw_only=True)
class Add(_Requantized):
    """``a + b``. Quantized: each input is scaled to the output's scale, then they are added.

    Parameters
    ----------
    clamp : Clamp
        Applied to a quantized result.
    """

    def _plain(self, a: Array, b: Array) -> Array:
        return np.asarray(a + b)

    def _terms(self, a: Operand, b: Operand) -> list[Term]:
        return [Term(values=x.centred, scales=(x.scale,)) for x in (a, b)]


@dataclass(frozen=True, kw_only=True)
class Sub(_Requantized):
    """``a - b``. Quantized: as `Add`, with the second input negated.

    Parameters
    ----------
    clamp : Clamp
        Applied to a quantized result.
    """

    def _plain(self, a: Array, b: Array) -> Array:
        return np.asarray(a - b)

    def _terms(self, a: Operand, b: Operand) -> list[Term]:
        return [
            Term(values=a.centred, scales=(a.scale,)),
            Term(values=-b.centred, scales=(b.scale,)),
        ]


@dataclass(frozen=True, kw_only=True)
class Mul(_Requantized):
    """``a * b``. Quantized: the exact integer product is scaled once.

    Parameters
    ----------
    clamp : Clamp
        Applied to a quantized result.
    """

    def _plain(self, a: Array, b: Array) -> Array:
        return np.asarray(a * b)

    def _terms(self, a: Operand, b: Operand) -> list[Term]:
        return [
            Term(
                values=a.centred * b.centred,
                scales=(a.scale, b.scale),
                scaling=Scaling.FIXED_POINT_OF_FLOAT32,
            )
        ]


@dataclass(frozen=True, kw_only=True)
class Div(_Binary):
    """``a / b`` on floats; on integers the quotient is cut toward 0.

    ONNX operator specification, Div. A float divided by 0 gives an infinity or NaN.
    """

    def _plain(self, a: Array, b: Array) -> Array:
        if a.dtype.kind != "f":
            return np.asarray(np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b)), dtype=a.dtype)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(a / b)


@dataclass(frozen=True, kw_only=True)
class Pow(_Binary):
    """``a ** b``, in the element type of ``a``."""

    def _plain(self, a: Array, b: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(np.power(a, b.astype(a.dtype)))

"""What every operator is, and the integer matrix products that they are made of."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.arith.exact import exact_matmul
from golden.arith.requantize import Requantization
from golden.formats import IntFormat, WholeFormat
from golden.tensors import Array, Shape, Tensor

__all__ = [
    "Arithmetic",
    "MatrixProduct",
    "Operand",
    "Operator",
    "Product",
    "ProductShape",
    "centred_product",
    "exact_product",
    "only",
]


@dataclass(frozen=True, kw_only=True)
class ProductShape:
    """Matrix products of one size that an operator consists of.

    Parameters
    ----------
    name : str
        Name of the operator.
    m, k, n : int
        ``(m, k) @ (k, n)``.
    count : int
        How many, all independent: groups of a convolution, heads of an attention.
    """

    name: str
    m: int
    k: int
    n: int
    count: int = 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all of them."""
        return self.m * self.k * self.n * self.count


@dataclass(frozen=True, kw_only=True, eq=False)
class MatrixProduct:
    """One integer matrix product, as an engine would get it.

    Parameters
    ----------
    operator : str
        Name of the operator.
    group : int
        Which of the operator's products: 0 to count - 1.
    a : ndarray of int64, shape (M, K)
        Activations; zero point not subtracted.
    w : ndarray of int64, shape (K, N)
        Weights; zero point not subtracted.
    a_format : IntFormat
        What the values of ``a`` fit in.
    w_format : WholeFormat
        What the values of ``w`` fit in.
    """

    operator: str
    group: int
    a: NDArray[np.int64]
    w: NDArray[np.int64]
    a_format: IntFormat
    w_format: WholeFormat


Product: TypeAlias = Callable[[MatrixProduct], NDArray[np.int64]]
"""Computes ``a @ w``, int64 of shape (M, N)."""


def exact_product(product: MatrixProduct) -> NDArray[np.int64]:
    """``a @ w`` without rounding: the default `Product`."""
    return exact_matmul(product.a, product.w)


@dataclass(frozen=True, kw_only=True)
class Arithmetic:
    """What an evaluation leaves open.

    Parameters
    ----------
    product : callable
        Computes the integer matrix products.
    requantization : Requantization
        How sums become output integers.
    """

    product: Product = exact_product
    requantization: Requantization = Requantization.ONNX


@dataclass(frozen=True, eq=False)
class Operand:
    """A tensor together with its values.

    Parameters
    ----------
    tensor : Tensor
        Shape, element and quantization.
    values : ndarray
        Of the tensor's shape and storage dtype.
    """

    tensor: Tensor
    values: Array

    @property
    def is_quantized(self) -> bool:
        """Whether the values are integers that stand for real numbers."""
        return self.tensor.quantization is not None

    @property
    def scale(self) -> NDArray[np.float32]:
        """Scale of a quantized operand."""
        return self.tensor.quantized.scale

    @property
    def centred(self) -> NDArray[np.int64]:
        """Values of a quantized operand, zero point subtracted."""
        return self.tensor.quantized.centred(self.values)


@dataclass(frozen=True, kw_only=True)
class Operator(ABC):
    """A node of a graph.

    An operator on quantized tensors means: the exact result on the real numbers that the inputs
    stand for, requantized to the output.

    Parameters
    ----------
    name : str
        Unique in its graph.
    inputs, outputs : tuple of str
        Names of tensors.

    Raises
    ------
    ValueError
        If attributes or their number do not make sense.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Name of the operator's class."""
        return type(self).__name__

    @abstractmethod
    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shapes of the outputs.

        Raises
        ------
        ValueError
            If the inputs do not fit.
        """

    @abstractmethod
    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """Values of the outputs, each in its storage dtype."""

    def products(self, inputs: Sequence[Tensor]) -> tuple[ProductShape, ...]:
        """Matrix products that the operator consists of, from shapes alone; mostly none."""
        del inputs
        return ()


def only(tensors: Sequence[Tensor]) -> Tensor:
    """The single element of ``tensors``."""
    (tensor,) = tensors
    return tensor


def centred_product(
    operator: str,
    group: int,
    a: NDArray[np.int64],
    w: NDArray[np.int64],
    tensors: tuple[Tensor, Tensor],
    w_zero_point: NDArray[np.int64],
    product: Product,
) -> NDArray[np.int64]:
    """``(a - za) @ (w - zw)`` through the product of the raw values.

    Expands to ``a @ w - rowsum(a) zw - za colsum(w) + k za zw``: what hardware that multiplies raw
    values has to correct.

    Parameters
    ----------
    operator : str
        Name of the operator.
    group : int
        Number of the product in the operator.
    a : ndarray of int64, shape (M, K)
        Raw values.
    w : ndarray of int64, shape (K, N)
        Raw values.
    tensors : tuple of two Tensor
        Activations, with one zero point, and weights.
    w_zero_point : ndarray of int64, shape () or (N,)
        Of the columns of ``w``.
    product : callable
        Computes ``a @ w``.

    Returns
    -------
    ndarray of int64, shape (M, N)
    """
    raw = product(
        MatrixProduct(
            operator=operator,
            group=group,
            a=a,
            w=w,
            a_format=tensors[0].int_format,
            w_format=tensors[1].whole_format,
        )
    )
    za = int(tensors[0].quantized.zero_point)
    rows = a.sum(axis=1, keepdims=True)
    columns = w.sum(axis=0, keepdims=True)
    return np.asarray(raw - rows * w_zero_point - za * columns + a.shape[1] * za * w_zero_point)

"""Tensors with random quantization, for tests."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.formats import INT8, UINT8, IntFormat
from golden.tensors import FloatType, Quantization, Shape, Tensor, storage_dtype

INT32 = IntFormat(32)
ZERO_POINTS = ("lowest", "highest", "random", "zero")


def quantization(
    rng: np.random.Generator,
    element: IntFormat,
    *,
    where: str = "random",
    channels: tuple[int, int] | None = None,
    scale: float = 0.01,
) -> Quantization:
    """Random scales around ``scale``; zero points as ``where`` says.

    ``channels`` is the axis and its size for one scale each.
    """
    size = () if channels is None else (channels[1],)
    points = {
        "lowest": np.full(size, element.min),
        "highest": np.full(size, element.max),
        "random": rng.integers(element.min, element.max, size, endpoint=True),
        "zero": np.zeros(size, np.int64),
    }
    return Quantization.of(
        scale * rng.uniform(0.5, 2, size), points[where], None if channels is None else channels[0]
    )


def activations(
    rng: np.random.Generator,
    shape: Shape,
    element: IntFormat = INT8,
    *,
    name: str = "a",
    where: str = "random",
) -> Tensor:
    """A quantized tensor without data."""
    return Tensor(
        name=name,
        shape=shape,
        element=element,
        quantization=quantization(rng, element, where=where),
    )


def constant(
    name: str, values: NDArray[Any], element: IntFormat, given: Quantization | None
) -> Tensor:
    """A constant of integers."""
    return Tensor(
        name=name,
        shape=values.shape,
        element=element,
        quantization=given,
        data=values.astype(storage_dtype(element)),
    )


def floats(name: str, values: NDArray[Any]) -> Tensor:
    """A constant of float32."""
    return Tensor(
        name=name,
        shape=values.shape,
        element=FloatType.FLOAT32,
        data=values.astype(np.float32),
    )


def float_input(name: str, shape: Shape) -> Tensor:
    """A float32 tensor without data."""
    return Tensor(name=name, shape=shape, element=FloatType.FLOAT32)


__all__ = [
    "INT8",
    "INT32",
    "UINT8",
    "ZERO_POINTS",
    "activations",
    "constant",
    "float_input",
    "floats",
    "quantization",
]

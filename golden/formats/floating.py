"""Binary floating-point numbers in the manner of IEEE 754."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.formats.base import Codes, as_codes, code_dtype

__all__ = ["BF16", "FP16", "FP32", "FloatFormat"]

_NAMES = {(8, 23): "fp32", (5, 10): "fp16", (8, 7): "bf16"}
_MAX_EXPONENT_BITS = 8
_MAX_MANTISSA_BITS = 23


@dataclass(frozen=True)
class FloatFormat:
    """Sign, exponent and mantissa, with subnormal numbers, signed zeros, infinities and NaN.

    As IEEE 754 has them: the exponent's bias is half of its range, its largest code is that of the
    infinities and of NaN. A NaN that is made here is always the same, quiet and without a sign.

    Parameters
    ----------
    exponent_bits : int
        2 to 8.
    mantissa_bits : int
        1 to 23.
    """

    exponent_bits: int
    mantissa_bits: int

    def __post_init__(self) -> None:
        for what, value, low, high in (
            ("exponent", self.exponent_bits, 2, _MAX_EXPONENT_BITS),
            ("mantissa", self.mantissa_bits, 1, _MAX_MANTISSA_BITS),
        ):
            if not low <= value <= high:
                raise ValueError(f"a float has {low} to {high} bits of {what}, not {value}")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As `parse_format` reads it: ``fp32``, ``fp16``, ``bf16``, and else ``ieee_e5m2``."""
        sizes = self.exponent_bits, self.mantissa_bits
        return _NAMES.get(sizes, f"ieee_e{self.exponent_bits}m{self.mantissa_bits}")

    @property
    def bits(self) -> int:
        """Bits of one code."""
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def bias(self) -> int:
        """What the exponent's code is larger than the exponent."""
        return (1 << (self.exponent_bits - 1)) - 1

    @property
    def infinity(self) -> int:
        """Code of +infinity."""
        return ((1 << self.exponent_bits) - 1) << self.mantissa_bits

    @property
    def nan(self) -> int:
        """Code of the NaN that results have."""
        return self.infinity | 1 << (self.mantissa_bits - 1)

    @property
    def sign(self) -> int:
        """Code of −0: the bit of the sign alone."""
        return 1 << (self.bits - 1)

    @property
    def extremes(self) -> Codes:
        """Codes of the smallest and the largest finite value."""
        largest = self.infinity - 1
        return np.array([self.sign | largest, largest], dtype=code_dtype(self.bits))

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Codes:
        """Random codes, each as likely as any other, NaN among them."""
        return rng.integers(0, 1 << self.bits, shape, dtype=np.uint64).astype(code_dtype(self.bits))

    def with_bits(self, bits: int) -> "FloatFormat":
        """The same: a float has no other of the same kind."""
        if bits != self.bits:
            raise ValueError(f"{self.name} has {self.bits} bits, not {bits}")
        return self

    def encode(self, values: ArrayLike) -> Codes:
        """Codes of the nearest numbers, of two equally near ones that with an even mantissa.

        What is beyond the largest number by half of its last place or more becomes an infinity.

        Parameters
        ----------
        values : array_like of float64
            Any shape.
        """
        array: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
        finite = np.where(np.isfinite(array), np.abs(array), 0.0)
        # frexp has mantissas from 1/2 to 1. Of subnormal numbers the last place stays the same.
        least = 1 - self.bias
        exponent = np.where(finite > 0, np.maximum(np.frexp(finite)[1] - 1, least), least)
        places = np.rint(np.ldexp(finite, self.mantissa_bits - exponent)).astype(np.int64)
        # Without a leading one the exponent's code is 0. A carry out of the mantissa adds to it.
        code = ((exponent + self.bias - 1).astype(np.int64) << self.mantissa_bits) + places
        code = np.where(np.isinf(array), self.infinity, np.minimum(code, self.infinity))
        code = np.where(np.signbit(array), code | self.sign, code)
        return np.where(np.isnan(array), self.nan, code).astype(code_dtype(self.bits))

    def decode(self, codes: ArrayLike) -> NDArray[Any]:
        """Values of codes, as float64, which holds each of them."""
        array = as_codes(codes, self.bits, self.name).astype(np.int64)
        mantissa = array & ((1 << self.mantissa_bits) - 1)
        exponent = array >> self.mantissa_bits & ((1 << self.exponent_bits) - 1)
        normal = exponent > 0
        places = np.where(normal, mantissa | 1 << self.mantissa_bits, mantissa)
        power = np.maximum(exponent, 1) - self.bias - self.mantissa_bits
        value = np.ldexp(places.astype(np.float64), power)
        special = np.where(mantissa == 0, np.inf, np.nan)
        value = np.where(exponent == (1 << self.exponent_bits) - 1, special, value)
        return np.where(array & self.sign, -value, value)


FP32 = FloatFormat(8, 23)
FP16 = FloatFormat(5, 10)
BF16 = FloatFormat(8, 7)

"""NormalFloat: levels at quantiles of the normal distribution."""

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.formats.base import Codes, as_codes, code_dtype

__all__ = ["NF4", "NormalFloat4"]

_BITS = 4
_OFFSET = 0.9677083
"""Where the outermost quantile lies: the mean of 1 − 1/30 and 1 − 1/32."""


@dataclass(frozen=True)
class NormalFloat4:
    """NF4: 16 numbers from −1 to 1 that are equally likely of a normal distribution.

    Code 7 is 0; below it are 7 quantiles of the negative half, above it 8 of the positive one, all
    divided by the largest: QLoRA (arXiv 2305.14314, section 3 and appendix E), as its authors'
    library bitsandbytes computes them. Levels are single-precision numbers.
    """

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As `parse_format` reads it."""
        return "nf4"

    @property
    def bits(self) -> int:
        """Bits of one code."""
        return _BITS

    @property
    def extremes(self) -> Codes:
        """Codes of the smallest and the largest value."""
        return self.encode([-1.0, 1.0])

    def with_bits(self, bits: int) -> "NormalFloat4":
        """The same: there is no other."""
        if bits != _BITS:
            raise ValueError(f"nf4 has {_BITS} bits, not {bits}")
        return self

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Codes:
        """Random codes, each as likely as any other."""
        return rng.integers(0, 1 << _BITS, shape).astype(code_dtype(_BITS))

    def encode(self, values: ArrayLike) -> Codes:
        """Codes of values of this format.

        Raises
        ------
        ValueError
            If a value is none; see `golden.quantization` for the nearest ones.
        """
        array = np.asarray(values, np.float64)
        codes = np.clip(np.searchsorted(_levels(), array), 0, (1 << _BITS) - 1)
        wrong = _levels()[codes] != array
        if np.any(wrong):
            raise ValueError(f"{float(array[wrong].flat[0])} is not a value of nf4")
        return codes.astype(code_dtype(_BITS))

    def decode(self, codes: ArrayLike) -> NDArray[np.float64]:
        """Values of codes, as float64.

        Raises
        ------
        ValueError
            If a code has more than 4 bits.
        """
        return np.asarray(_levels()[as_codes(codes, _BITS, self.name).astype(np.int64)])


@cache
def _levels() -> NDArray[np.float64]:
    """Values of all codes, ascending."""
    positive, negative = _quantiles(8), -_quantiles(7)
    levels = np.sort(np.concatenate([negative, np.zeros(1, np.float32), positive]))
    return np.asarray(levels / positive.max(), np.float64)


def _quantiles(count: int) -> NDArray[np.float32]:
    """At equal distances from the offset down towards one half, which is left out.

    In single precision and, as in the authors' library, counted from the nearer end: so all 16
    levels are theirs in every bit.
    """
    first, last = np.float32(_OFFSET), np.float32(0.5)
    step = (last - first) / np.float32(count)
    half = (count + 1) // 2
    points = [first + step * np.float32(i) for i in range(half)]
    points += [last - step * np.float32(count - i) for i in range(half, count)]
    return np.array([NormalDist().inv_cdf(float(p)) for p in points], np.float32)


NF4 = NormalFloat4()

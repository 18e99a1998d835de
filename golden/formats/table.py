"""Formats whose codes stand for whatever a table says."""

from abc import ABC, abstractmethod
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.formats.base import Codes, Values, as_codes, code_dtype, whole_numbers

__all__ = ["TableFormat"]


class TableFormat(ABC):
    """A format of some integers, each of which has a code or several.

    Subclasses are frozen dataclasses with ``bits``, as many as ``values`` takes.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """As `parse_format` reads it."""

    @abstractmethod
    def values(self) -> list[int | None]:
        """Of every code, in order of codes; None where a code is none."""

    def __str__(self) -> str:
        return self.name

    @property
    def min(self) -> int:
        """Smallest value."""
        return int(_table(self).known[0])

    @property
    def max(self) -> int:
        """Largest value."""
        return int(_table(self).known[-1])

    @property
    def extremes(self) -> Codes:
        """Codes of the smallest and the largest value."""
        return self.encode([self.min, self.max])

    def contains(self, low: int, high: int) -> bool:
        """Whether every integer from ``low`` to ``high`` is a value of this format."""
        inside = (_table(self).known >= low) & (_table(self).known <= high)
        return int(np.count_nonzero(inside)) == high - low + 1

    def with_bits(self, bits: int) -> Self:
        """The same: bits alone do not tell another.

        Raises
        ------
        ValueError
            If it has another number of bits.
        """
        if bits != _table(self).bits:
            raise ValueError(f"{self.name} has {_table(self).bits} bits, not {bits}")
        return self

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Codes:
        """Random codes, each as likely as any other."""
        return rng.choice(_table(self).codes, shape).astype(code_dtype(_table(self).bits))

    def encode(self, values: ArrayLike) -> Codes:
        """Codes of values, the smallest where there are several.

        Raises
        ------
        ValueError
            If a value has no code.
        """
        table = _table(self)
        array: NDArray[Any] = whole_numbers(values)
        wrong = ~np.isin(array, table.known)
        if np.any(wrong):
            raise ValueError(
                f"{int(array[wrong].flat[0])} is not a value of {self.name}, which holds"
                f" {len(table.known)} integers from {self.min} to {self.max}"
            )
        places = np.searchsorted(table.known, array.astype(np.int64))
        return table.first[places].astype(code_dtype(table.bits))

    def decode(self, codes: ArrayLike) -> Values:
        """Values of codes, as int64.

        Raises
        ------
        ValueError
            If a code is none.
        """
        table = _table(self)
        array = as_codes(codes, table.bits, self.name).astype(np.int64)
        wrong = ~table.is_code[array]
        if np.any(wrong):
            raise ValueError(f"{int(array[wrong].flat[0])} is not a code of {self.name}")
        return table.values[array]


class _Table:
    """What a format says, as arrays."""

    def __init__(self, values: list[int | None]) -> None:
        self.bits = (len(values) - 1).bit_length()
        self.values = np.array([value or 0 for value in values], dtype=np.int64)
        self.is_code = np.array([value is not None for value in values])
        self.codes = np.flatnonzero(self.is_code)
        self.known, first = np.unique(self.values[self.codes], return_index=True)
        self.first = self.codes[first]


@cache
def _table(format: TableFormat) -> _Table:
    return _Table(format.values())

"""Into which bands of rows a layer is best cut, if bands have a cost of their own."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["BandTable", "Bands", "even_heights"]


def even_heights(height: int, count: int) -> tuple[int, ...]:
    """So many bands, as equal as can be."""
    return tuple((height + i) // count for i in range(count))


@dataclass(frozen=True)
class Bands:
    """A cut into bands.

    Parameters
    ----------
    heights : tuple of int
    bytes : int
        That it costs.
    """

    heights: tuple[int, ...]
    bytes: int


class BandTable:
    """All cuts of some rows into bands, by what each band costs.

    Parameters
    ----------
    costs : ndarray of int64, shape (height, height + 1)
        Of the band of rows ``s`` to ``e - 1`` at [s, e].
    """

    def __init__(self, costs: NDArray[np.int64]) -> None:
        self._costs = costs
        self._height = len(costs)
        self._limited = lru_cache(maxsize=None)(self._least)

    def best(self, most: int, each: int = 0) -> Bands:
        """The cheapest cut into bands of any heights up to ``most``; of equal ones an even one.

        Parameters
        ----------
        most : int
        each : int
            What every band costs besides.
        """
        least_count = -(-self._height // most)
        counts = np.arange(least_count, self._height + 1)
        even = self._even[counts] + each * counts
        best = int(even.argmin())
        heights = even_heights(self._height, int(counts[best]))
        bound = self._limited(self._height)[counts] + each * counts
        if even[best] > bound.min():
            # Bands that are less even may be cheaper: see which are no higher than allowed.
            exact = self._limited(most)[counts] + each * counts
            if exact.min() < even[best]:
                chosen = int(exact.argmin())
                return Bands(self._cut(most, int(counts[chosen])), int(exact[chosen]))
        return Bands(heights, int(even[best]))

    @cached_property
    def _even(self) -> NDArray[np.int64]:
        """Cost of even cuts by their number of bands; that of none is not used."""
        costs = [0]
        for count in range(1, self._height + 1):
            ends = np.cumsum(even_heights(self._height, count))
            starts = np.concatenate(([0], ends[:-1]))
            costs.append(int(self._costs[starts, ends].sum()))
        return np.array(costs)

    def _least(self, most: int) -> NDArray[np.int64]:
        """Least cost by the number of bands of up to ``most`` rows."""
        return np.array([entry[-1] for entry in self._layers(most)])

    def _layers(self, most: int) -> list[NDArray[np.int64]]:
        """Least cost of the first rows in 0, 1, ... bands, by the number of rows."""
        costs = self._allowed(most)
        layers = [np.full(self._height + 1, _FAR)]
        layers[0][0] = 0
        for _ in range(self._height):
            layers.append(np.minimum((layers[-1][:-1, None] + costs).min(axis=0), _FAR))
        return layers

    def _allowed(self, most: int) -> NDArray[np.int64]:
        starts, ends = np.indices(self._costs.shape)
        fits = (starts < ends) & (ends <= starts + most)
        return np.where(fits, self._costs, _FAR)

    def _cut(self, most: int, count: int) -> tuple[int, ...]:
        """Heights of a cheapest cut into so many bands."""
        layers, costs = self._layers(most), self._allowed(most)
        heights: list[int] = []
        end = self._height
        for number in range(count - 1, -1, -1):
            start = int((layers[number][:-1] + costs[:, end]).argmin())
            heights.append(end - start)
            end = start
        return tuple(reversed(heights))


_FAR = np.int64(1) << 50
"""More than any cost."""

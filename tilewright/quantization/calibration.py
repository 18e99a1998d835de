"""What the activations of a network are like on samples."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.evaluate import evaluate
from golden.graph import Graph
from golden.operators.base import MatrixProduct, exact_product
from golden.tensors import Array
from tilewright.progress import progress

__all__ = ["Moments", "activation_moments"]

Reals = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Of what each weight of a layer is multiplied by, in units of the activations' scale.

    Parameters
    ----------
    mean, mean_square : ndarray of float64, shape (K, N)
        Columns are output channels; K of a convolution is that of one group.
    scale : float
        Of the activations.
    """

    mean: Reals
    mean_square: Reals
    scale: float

    @property
    def variance(self) -> Reals:
        """Mean square of the difference from the mean."""
        return np.maximum(self.mean_square - self.mean**2, 0)


def activation_moments(graph: Graph, samples: Mapping[str, Array]) -> dict[str, Moments]:
    """Moments of the activations of every quantized layer, by name of the operator.

    Parameters
    ----------
    graph : Graph
        For a batch of one.
    samples : mapping of str to ndarray
        Values of each input, samples first.
    """
    tensors = {
        op.name: graph.inputs_of(op)[0]
        for op in graph.operators
        if op.products(graph.inputs_of(op)) and graph.inputs_of(op)[0].quantization is not None
    }
    gathered: dict[str, dict[int, _Sums]] = {name: {} for name in tensors}

    def watched(product: MatrixProduct) -> NDArray[np.int64]:
        quantization = tensors[product.operator].quantized
        sums = gathered[product.operator].setdefault(
            product.group, _Sums(product.w.shape[0], product.w.shape[1])
        )
        sums.add(quantization.centred(product.a).astype(np.float64))
        return exact_product(product)

    with progress(range(len(next(iter(samples.values())))), "samples") as numbers:
        for sample in numbers:
            one = {name: values[sample : sample + 1] for name, values in samples.items()}
            evaluate(graph, one, product=watched)
    return {
        name: Moments(
            mean=np.concatenate([groups[g].spread(1) for g in sorted(groups)], axis=1),
            mean_square=np.concatenate([groups[g].spread(2) for g in sorted(groups)], axis=1),
            scale=float(tensors[name].quantized.scale),
        )
        for name, groups in gathered.items()
    }


class _Sums:
    """Sums of powers of the activations of one product, whose weights are (K, N)."""

    def __init__(self, k: int, n: int) -> None:
        self._n, self._rows = n, 0
        self._powers = {1: np.zeros(k), 2: np.zeros(k)}

    def add(self, rows: Reals) -> None:
        """Rows (M, K)."""
        self._rows += len(rows)
        for power, total in self._powers.items():
            total += np.sum(rows**power, axis=0)

    def spread(self, power: int) -> Reals:
        """Means of a power, shape (K, N)."""
        mean = self._powers[power] / self._rows
        return np.broadcast_to(mean[:, np.newaxis], (len(mean), self._n))

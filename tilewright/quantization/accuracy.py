"""How often a network is right, by the golden model."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from golden.evaluate import evaluate
from golden.graph import Graph
from golden.tensors import Array
from tilewright.samples import accuracy

__all__ = ["network_accuracy"]


def network_accuracy(
    graph_of: Callable[[int], Graph], samples: Mapping[str, Array], truth: NDArray[np.int64]
) -> float:
    """Fraction of samples whose largest output is at the label.

    Parameters
    ----------
    graph_of : callable
        The network for a batch of any size. All samples are evaluated at once if the model takes
        so many, else one by one.
    samples : mapping of str to ndarray
        Of each input, samples first.
    truth : ndarray of int64, shape (samples,)
    """
    graph = graph_of(len(truth))
    if all(graph.tensors[name].shape[:1] == (len(truth),) for name in graph.inputs):
        outputs = evaluate(graph, samples)[graph.outputs[0]]
    else:
        outputs = np.concatenate([_one(graph, samples, i) for i in range(len(truth))])
    return accuracy(outputs, truth)


def _one(graph: Graph, samples: Mapping[str, Array], index: int) -> Array:
    fed = {name: values[index : index + 1] for name, values in samples.items()}
    return np.asarray(evaluate(graph, fed)[graph.outputs[0]])

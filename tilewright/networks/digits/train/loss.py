"""The loss that training minimises."""

import numpy as np
from numpy.typing import NDArray

from tilewright.networks.digits.train.layers import FloatArray

__all__ = ["cross_entropy"]


def cross_entropy(
    logits: FloatArray, labels: NDArray[np.int64], *, smoothing: float
) -> tuple[float, FloatArray]:
    """Mean cross entropy of softmax(logits) with smoothed labels, and its gradient.

    Parameters
    ----------
    logits : ndarray
        (batch, classes).
    labels : ndarray
        (batch,) int64, the right class of each row.
    smoothing : float
        From 0 up to but not including 1: the probability that is taken from the right class and
        spread evenly over all classes.

    Returns
    -------
    loss : float
        In nats.
    gradient : ndarray
        (batch, classes), with respect to ``logits``.
    """
    batch, classes = logits.shape
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    target = np.full_like(logits, smoothing / classes)
    target[np.arange(batch), labels] += 1 - smoothing
    loss = -float((target * log_probabilities).sum()) / batch
    return loss, (np.exp(log_probabilities) - target) / batch

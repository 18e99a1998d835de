"""Training: Adam with decoupled weight decay, on images distorted anew in every epoch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from golden.formats import WholeFormat
from tilewright.networks.digits.train.data import LabelledImages, distort
from tilewright.networks.digits.train.layers import Parameter, Sequence
from tilewright.networks.digits.train.loss import cross_entropy
from tilewright.networks.digits.train.network import digits_network
from tilewright.networks.digits.train.rounding import rounded

__all__ = ["Recipe", "train"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that training depends on besides the images.

    Parameters
    ----------
    seed : int
        Of the initial weights, the order of the images and their distortion.
    n_epochs, batch_size : int
        Passes over the images, and images per step.
    learning_rate : float
        After the warm-up; then falls to 0 as a half cosine.
    warmup : float
        Fraction of the steps in which the learning rate rises from 0.
    weight_decay : float
        Per step and unit of learning rate, for weights but not biases.
    label_smoothing : float
        See `cross_entropy`.
    shift_pixels, rotation_degrees, zoom : float
        See `distort`.
    """

    seed: int = 0
    n_epochs: int = 80
    batch_size: int = 32
    learning_rate: float = 4e-3
    warmup: float = 0.05
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    shift_pixels: float = 0.8
    rotation_degrees: float = 10.0
    zoom: float = 0.1

    def __post_init__(self) -> None:
        if self.n_epochs < 1 or self.batch_size < 1:
            raise ValueError(
                "numbers of epochs and images per batch must be positive, "
                f"not {self.n_epochs} and {self.batch_size}"
            )
        for name in ("warmup", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be from 0 to below 1, not {getattr(self, name)}")


class _Adam:
    """Adam with decoupled weight decay."""

    def __init__(self, parameters: tuple[Parameter, ...], weight_decay: float) -> None:
        self._parameters = parameters
        self._means = [np.zeros_like(parameter.value) for parameter in parameters]
        self._squares = [np.zeros_like(parameter.value) for parameter in parameters]
        self._weight_decay = weight_decay
        self._n_steps = 0

    def step(self, learning_rate: float) -> None:
        """Change every parameter by the gradients of the last backward pass."""
        self._n_steps += 1
        for parameter, mean, square in zip(
            self._parameters, self._means, self._squares, strict=True
        ):
            mean += 0.1 * (parameter.gradient - mean)
            square += 0.001 * (parameter.gradient**2 - square)
            direction = mean / (1 - 0.9**self._n_steps)
            direction /= np.sqrt(square / (1 - 0.999**self._n_steps)) + 1e-8
            if parameter.value.ndim > 1:
                direction += self._weight_decay * parameter.value
            parameter.value -= learning_rate * direction


def _learning_rate(recipe: Recipe, progress: float) -> float:
    """Learning rate when the fraction ``progress`` of all steps is done."""
    if progress < recipe.warmup:
        return recipe.learning_rate * progress / recipe.warmup
    fall = (progress - recipe.warmup) / (1 - recipe.warmup)
    return recipe.learning_rate * 0.5 * (1 + float(np.cos(np.pi * fall)))


@contextmanager
def _rounded_weights(network: Sequence, format: WholeFormat | None) -> Iterator[None]:
    """Weights of a network as values of ``format`` with scales, and then as they were."""
    if format is None:
        yield
        return
    before = [parameter.value for parameter in _weights(network)]
    for parameter in _weights(network):
        parameter.value = rounded(parameter.value, format)
    yield
    for parameter, value in zip(_weights(network), before, strict=True):
        parameter.value = value


def _weights(network: Sequence) -> list[Parameter]:
    """All parameters but biases."""
    return [parameter for parameter in network.parameters if parameter.value.ndim > 1]


def train(data: LabelledImages, recipe: Recipe, format: WholeFormat | None = None) -> Sequence:
    """A digits network trained on these images.

    Equal images and recipes give equal weights, on one machine in every bit. An incomplete last
    batch of an epoch is left out.

    Parameters
    ----------
    data : LabelledImages
        At least one batch.
    recipe : Recipe
        All else.
    format : WholeFormat, optional
        Of weights. In every step they are rounded to it, and the gradient goes to the weights that
        were rounded (the straight-through estimator of Bengio et al., arXiv 1308.3432); the
        network that is returned has rounded ones.
    """
    rng = np.random.default_rng(recipe.seed)
    network = digits_network(rng)
    optimiser = _Adam(network.parameters, recipe.weight_decay)
    n_batches = len(data) // recipe.batch_size
    for epoch in range(recipe.n_epochs):
        order = rng.permutation(len(data))
        for batch in range(n_batches):
            first = batch * recipe.batch_size
            chosen = data.take(order[first : first + recipe.batch_size])
            images = distort(
                chosen.images,
                rng,
                shift_pixels=recipe.shift_pixels,
                rotation_degrees=recipe.rotation_degrees,
                zoom=recipe.zoom,
            )
            with _rounded_weights(network, format):
                logits, backward = network.forward(images)
                _, gradient = cross_entropy(logits, chosen.labels, smoothing=recipe.label_smoothing)
                backward(gradient)
            progress = (epoch + batch / n_batches) / recipe.n_epochs
            optimiser.step(_learning_rate(recipe, progress))
    if format is not None:
        for parameter in _weights(network):
            parameter.value = rounded(parameter.value, format)
    return network

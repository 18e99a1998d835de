"""The images: loading, splitting, and random distortion."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

__all__ = ["LabelledImages", "distort", "load_images", "split"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledImages:
    """Images and the digits that they show.

    Parameters
    ----------
    images : ndarray
        (n, 1, 8, 8) float32, from 0 (paper) to 1 (ink).
    labels : ndarray
        (n,) int64.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, positions: NDArray[np.int64]) -> "LabelledImages":
        """Images at these positions, in this order."""
        return LabelledImages(images=self.images[positions], labels=self.labels[positions])


def load_images() -> LabelledImages:
    """All 1,797 images that scikit-learn carries; their levels 0 to 16 divided by 16."""
    levels, labels = load_digits(return_X_y=True)
    images = (levels.reshape(-1, 1, 8, 8) / 16).astype(np.float32)
    return LabelledImages(images=images, labels=labels.astype(np.int64))


def split(
    data: LabelledImages, n_held_out: int, rng: np.random.Generator
) -> tuple[LabelledImages, LabelledImages]:
    """Split at random, every class in the same proportion up to rounding.

    Images are shuffled, stably sorted by class, and held out at even distances.

    Parameters
    ----------
    data : LabelledImages
        What to split.
    n_held_out : int
        At least 1 and less than all.
    rng : numpy.random.Generator
        Draws one permutation.

    Returns
    -------
    remaining, held_out : LabelledImages
        Both in their original order.

    Raises
    ------
    ValueError
        If either part would be empty.
    """
    if not 0 < n_held_out < len(data):
        raise ValueError(f"1 to {len(data) - 1} images can be held out, not {n_held_out}")
    by_class = np.lexsort((rng.permutation(len(data)), data.labels))
    held_out = np.zeros(len(data), dtype=np.bool_)
    held_out[by_class[(2 * np.arange(n_held_out) + 1) * len(data) // (2 * n_held_out)]] = True
    return data.take(np.flatnonzero(~held_out)), data.take(np.flatnonzero(held_out))


def distort(
    images: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    shift_pixels: float,
    rotation_degrees: float,
    zoom: float,
) -> NDArray[np.float32]:
    """Shift, turn and zoom every image by random amounts of its own.

    Parameters
    ----------
    images : ndarray
        (n, 1, height, width) float32; 0 outside.
    rng : numpy.random.Generator
        Draws the amounts, uniformly and in both senses.
    shift_pixels, rotation_degrees : float
        Largest amounts.
    zoom : float
        Largest relative change of size.

    Returns
    -------
    ndarray
        Same shape and dtype, bilinearly interpolated.
    """
    batch, _, height, width = images.shape
    angle = np.deg2rad(rng.uniform(-rotation_degrees, rotation_degrees, (batch, 1, 1)))
    scale = 1 + rng.uniform(-zoom, zoom, (batch, 1, 1))
    shift_y, shift_x = rng.uniform(-shift_pixels, shift_pixels, (2, batch, 1, 1))
    centre_y, centre_x = (height - 1) / 2, (width - 1) / 2
    y, x = np.meshgrid(np.arange(height) - centre_y, np.arange(width) - centre_x, indexing="ij")
    source_y = centre_y + shift_y + scale * (np.cos(angle) * y - np.sin(angle) * x)
    source_x = centre_x + shift_x + scale * (np.sin(angle) * y + np.cos(angle) * x)
    return _interpolate(images[:, 0], source_y, source_x)[:, np.newaxis].astype(np.float32)


def _interpolate(
    images: NDArray[np.float32], y: NDArray[np.float64], x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bilinear samples of images (n, height, width) at (n, rows, columns) places; 0 outside."""
    n, height, width = images.shape
    row, column = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    image = np.arange(n)[:, np.newaxis, np.newaxis]
    samples = np.zeros(y.shape)
    for down in (0, 1):
        for right in (0, 1):
            r, c = row + down, column + right
            weight = np.abs(1 - down - (y - row)) * np.abs(1 - right - (x - column))
            inside = (r >= 0) & (r < height) & (c >= 0) & (c < width)
            values = images[image, r.clip(0, height - 1), c.clip(0, width - 1)]
            samples += np.where(inside, weight * values, 0)
    return samples

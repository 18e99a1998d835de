"""Weights as a few levels: in training, and as integers with a scale for each output channel."""

import numpy as np

from golden.formats import WholeFormat
from golden.quantization.levels import format_levels
from golden.quantization.scales import Fit, fit_scales
from tilewright.networks.digits.train.layers import FloatArray

__all__ = ["fit_channels", "rounded"]


def fit_channels(weight: FloatArray, format: WholeFormat) -> Fit:
    """The scale of least squared error of each output channel.

    Parameters
    ----------
    weight : ndarray, shape (out_channels, ...)
    format : WholeFormat
        Whose values are the levels.
    """
    flat = weight.reshape(len(weight), -1).astype(np.float64)
    return fit_scales(flat, format_levels(format))


def rounded(weight: FloatArray, format: WholeFormat) -> FloatArray:
    """The nearest weights that are a scale of their output channel times values of ``format``."""
    fit = fit_channels(weight, format)
    real = fit.scales[:, np.newaxis] * format_levels(format)[fit.choices]
    return real.reshape(weight.shape).astype(weight.dtype)

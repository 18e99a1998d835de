"""Post-training quantization of a network to narrow weights."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from golden.errors import UserError
from golden.graph import Graph
from golden.tensors import Array
from mapper.importers.onnx import import_onnx
from mapper.importers.onnx.loading import load
from tilewright.files import check_place, write_bytes
from tilewright.progress import progress
from tilewright.quantization.accuracy import network_accuracy
from tilewright.quantization.activations import narrow_activations
from tilewright.quantization.biases import has_bias
from tilewright.quantization.calibration import Moments, activation_moments
from tilewright.quantization.fitting import fit_weights
from tilewright.quantization.floats import holds_floats, to_eight_bits
from tilewright.quantization.scheme import Scheme, parse_scheme
from tilewright.quantization.sites import WeightSite, part_dequantized, weight_sites
from tilewright.quantization.weights import (
    BLOCKS_SINCE,
    CHANNELS_SINCE,
    IntegerWeights,
    replace_weights,
)
from tilewright.samples import read_inputs, read_labels, require_single_samples

__all__ = ["LayerQuantization", "NetworkQuantization", "quantize", "quantize_model"]

_Judged = tuple[dict[str, Array], NDArray[np.int64]]
"""Samples of each input, and their classes."""


@dataclass(frozen=True, kw_only=True)
class LayerQuantization:
    """What became of a layer's weights.

    Parameters
    ----------
    name : str
    format : str
        Of the integers that the network then holds.
    weight_bits : int
        Of a code of the scheme.
    group_size : int or None
        Elements along K that share a scale; None for all of an output channel.
    weight_error : float
        Root of the sum of squared errors over that of the squared weights.
    output_error : float or None
        The same of what the layer computes, with calibration, for activations that are not
        correlated.
    """

    name: str
    format: str
    weight_bits: int
    group_size: int | None
    weight_error: float
    output_error: float | None


@dataclass(frozen=True, kw_only=True)
class NetworkQuantization:
    """A network quantized.

    Parameters
    ----------
    model : str
        File that was written.
    scheme : str
    activation_bits : int
    layers : tuple of LayerQuantization
    accuracy, accuracy_before : float or None
        Fraction of samples whose largest output is at the label, with labels.
    samples : int
        For the accuracy; 0 without labels.
    """

    model: str
    scheme: str
    activation_bits: int
    layers: tuple[LayerQuantization, ...]
    accuracy: float | None
    accuracy_before: float | None
    samples: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def quantize(
    model: Path | str,
    *,
    scheme: str,
    output: Path | str,
    calibrate: Path | str | None = None,
    inputs: Path | str | None = None,
    labels: Path | str | None = None,
) -> NetworkQuantization:
    """Quantize the weights of a network's convolutions and matrix products.

    Parameters
    ----------
    model : path
        ONNX file, in QDQ form and quantized to 8 bits or more, or of floats. Those are quantized to
        8 bits first, with extra ``quantize`` (onnxruntime).
    scheme : str
        See `tilewright.quantization.scheme.parse_scheme`.
    output : path
        ONNX file to write.
    calibrate : path, optional
        npz with samples of each input. Errors of weights then count by the variance of what they
        are multiplied by, and biases make up for what the mean of the sums loses; where there is
        no bias, errors count by mean squares. Of a network of floats they also tell the ranges of
        activations, and are needed.
    inputs, labels : path, optional
        npz of samples and npy of their classes, to tell the accuracy.

    Raises
    ------
    UserError
        If scheme, model or data can not be used.
    OSError
        If a file can not be read or written.
    """
    parsed = parse_scheme(scheme)
    if (inputs is None) != (labels is None):
        raise UserError("input and labels are given together, to tell the accuracy")
    if Path(model).suffix.lower() != ".onnx":
        raise UserError(f"{model} is no ONNX file (.onnx), which alone can be quantized further")
    check_place(Path(output))
    proto = load(Path(model))
    graph = import_onnx(proto)
    calibration = None if calibrate is None else read_inputs(graph, Path(calibrate))
    judged: _Judged | None = None
    if inputs is not None and labels is not None:
        samples = read_inputs(graph, Path(inputs))
        judged = samples, read_labels(Path(labels), len(next(iter(samples.values()))), graph)
    integers = proto
    if holds_floats(proto):
        integers = _eight_bits(proto, graph, parsed, calibration, str(model))
    quantized, layers = quantize_model(integers, parsed, calibration, source=str(model))
    before = after = None
    if judged is not None:
        before, after = (
            network_accuracy(partial(_batched, one), *judged) for one in (proto, quantized)
        )
    write_bytes(Path(output), quantized.SerializeToString())
    return NetworkQuantization(
        model=str(output),
        scheme=parsed.name,
        activation_bits=parsed.activation_bits,
        layers=layers,
        accuracy=after,
        accuracy_before=before,
        samples=0 if judged is None else len(judged[1]),
    )


def quantize_model(
    proto: onnx.ModelProto,
    scheme: Scheme,
    calibration: Mapping[str, Array] | None,
    *,
    source: str,
) -> tuple[onnx.ModelProto, tuple[LayerQuantization, ...]]:
    """The quantized model, and what became of its layers; see `quantize`.

    Parameters
    ----------
    proto : onnx.ModelProto
        Checked, in QDQ form; it is left as it was.
    scheme : Scheme
    calibration : mapping of str to ndarray, optional
        Samples of each input.
    source : str
        What to call the model in messages.

    Raises
    ------
    UserError
        If the model or the scheme can not be used.
    """
    proto = part_dequantized(proto)
    sites = weight_sites(proto)
    graph = import_onnx(proto)
    if not sites:
        raise UserError(
            f"{source} has no operator with weights that are dequantized"
            + (": quantize it first (tilewright quantize)" if holds_floats(proto) else "")
        )
    require_single_samples(graph, source)
    moments: Mapping[str, Moments] = {}
    if calibration is not None:
        moments = activation_moments(graph, calibration)
    with progress(sites, "layers") as each:
        fitted = {site.name: _fitted(site, scheme, moments.get(site.name)) for site in each}
    layers = tuple(
        _layer(site, fitted[site.name], scheme, moments.get(site.name)) for site in sites
    )
    quantized = narrow_activations(replace_weights(proto, fitted), scheme.activation_bits)
    onnx.checker.check_model(quantized)
    return quantized, layers


def _eight_bits(
    proto: onnx.ModelProto,
    graph: Graph,
    scheme: Scheme,
    calibration: Mapping[str, Array] | None,
    source: str,
) -> onnx.ModelProto:
    """A network of floats, quantized to 8 bits."""
    if calibration is None:
        raise UserError(
            f"{source} holds floats: give samples of its inputs to calibrate with, which tell the"
            " ranges of its activations"
        )
    require_single_samples(graph, source)
    for name, values in calibration.items():
        if not np.isfinite(values).all():
            raise UserError(f"samples of {name} to calibrate with hold an infinity")
    least = CHANNELS_SINCE if scheme.group_size is None else BLOCKS_SINCE
    integers = to_eight_bits(proto, calibration, least_opset=least, source=source)
    if not weight_sites(integers):
        raise UserError(
            f"onnxruntime quantized none of the weights of {source}: they must be constants of 32"
            " bits, of operators Conv, Gemm or MatMul"
        )
    quantized = import_onnx(integers)
    for operator in quantized.operators:
        operands = quantized.inputs_of(operator)
        if operator.products(operands) and any(t.quantization is None for t in operands[:2]):
            raise UserError(
                f"layer {operator.name} of {source} can not be quantized: it must multiply what is"
                " computed by constants, with scales for its output channels, or two computed"
                " matrices"
            )
    return integers


def _batched(proto: onnx.ModelProto, batch: int) -> Graph:
    return import_onnx(proto, batch=batch)


def _fitted(site: WeightSite, scheme: Scheme, moments: Moments | None) -> IntegerWeights:
    real = site.real()
    try:
        fitted = fit_weights(
            real,
            scheme,
            group_size=scheme.group_size if site.takes_groups else None,
            importance=_importance(site, moments),
        )
    except UserError as error:
        raise UserError(f"layer {site.name}: {error}") from None
    if moments is None or not has_bias(site):
        return fitted
    # What is lost of the mean of the sums is known, and the bias makes up for it.
    lost = np.sum((real - fitted.real()) * moments.mean, axis=0) * moments.scale
    return replace(fitted, bias_shift=lost)


def _importance(site: WeightSite, moments: Moments | None) -> NDArray[np.float64] | None:
    """What squared errors of weights count: of the mean nothing is lost where there is a bias.

    Samples tell little of what hardly varies in them: it counts a hundredth of the rest at least,
    and all weights the same where nothing varies.
    """
    if moments is None:
        return None
    measured = moments.variance if has_bias(site) else moments.mean_square
    mean = measured.mean(axis=0)
    return np.asarray(np.maximum(measured, np.where(mean > 0, mean / 100, 1)))


def _layer(
    site: WeightSite, fitted: IntegerWeights, scheme: Scheme, moments: Moments | None
) -> LayerQuantization:
    real = site.real()
    lost = real - fitted.real()

    def error(importance: NDArray[np.float64] | float) -> float:
        whole = float(np.sum(importance * real**2))
        return float(np.sqrt(np.sum(importance * lost**2) / whole)) if whole else 0.0

    importance = _importance(site, moments)
    return LayerQuantization(
        name=site.name,
        format=fitted.format.name,
        weight_bits=scheme.format.bits,
        group_size=fitted.group_size,
        weight_error=error(1.0),
        output_error=None if importance is None else error(importance),
    )

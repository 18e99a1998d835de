"""The read-me of the finished network."""

from collections.abc import Mapping

__all__ = ["readme"]

_TEXT = """\
# digits: small quantized networks for handwritten digits

| file | what |
|---|---|
| `digits.onnx` | the network, int8 in QDQ form |
| `digits-w4a8.onnx` | with weights of `int4` |
| `digits-w2a8.onnx` | with weights of `int2`: -2, -1, 0, 1 |
| `digits-ternary.onnx` | with weights -1, 0, 1 |
| `digits-w1a8.onnx` | with weights -1, 1 (`bipolar1`) |
| `test.npz` | `image`: {n_test} test images, float32 ({n_test}, 1, 8, 8) |
| `labels.npy` | their labels, int64 ({n_test},) |

Input `image`: float32 (batch, 1, 8, 8), from 0 (paper) to 1 (ink): the data set's levels 0 to 16
divided by 16. Output `probabilities`: float32 (batch, 10). ONNX operator set 26, IR version 13.

## Accuracy

On the {n_test} test images, by onnxruntime with all graph optimisations disabled:

| network | accuracy |
|---|---|
| `digits` in float32 | {float_accuracy:.2%} |
{accuracies}

## Network

| layer | operator | output |
|---|---|---|
| `conv1` | Conv 3x3, pad 1, Relu | 16x8x8 |
| `block1_conv1` | Conv 3x3, pad 1, Relu | 16x8x8 |
| `block1_conv2` | Conv 3x3, pad 1 | 16x8x8 |
| `block1_add` | Add of the block's input, Relu | 16x8x8 |
| `depthwise` | depthwise Conv 3x3, stride 2, pad 1 | 16x4x4 |
| `pointwise` | Conv 1x1, Relu | 32x4x4 |
| `pool` | MaxPool 2x2 | 32x2x2 |
| `flatten` | Flatten | 128 |
| `classifier` | Gemm | 10 |
| `softmax` | Softmax, in float | 10 |

Multiply-accumulates per image: {n_macs:,}. Quantization removes the Relu nodes: the zero point -128
of their outputs clips at 0.

## How it was made

`python -m tilewright.networks.digits.make -o DIR` makes all of these files: it trains in NumPy and
quantizes with onnxruntime (activations int8 per tensor, weights int8 per output channel and
symmetric, calibrated on training images only). It needs scikit-learn, onnx and onnxruntime.

The networks with narrow weights are trained with them from the start, all layers alike: in every
step each output channel of the weights is rounded to the values of the format, with the scale of
least squared error, and the gradient goes to what was rounded. In the files the weights are
integers of the narrowest ONNX type that holds them; `ternary` and `bipolar1`, for which there is
none, are named in the initializers' metadata as `tilewright.format`. onnxruntime takes them all.

{n_training:,} images train and {n_test} test, split at random within each class: the same writers
occur on both sides. The recipe was chosen on validation images split off the training images; test
images were used for nothing but the accuracies above.

## Data set

The images are from "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak, UCI
Machine Learning Repository, 1998, https://doi.org/10.24432/C50P49, licensed under CC BY 4.0
(https://creativecommons.org/licenses/by/4.0/), as packaged by scikit-learn (`load_digits`: the
test part of the original). Changes: levels divided by 16, images split in training and test.
"""

_N_MACS = 64 * 9 * 16 + 2 * 64 * 9 * 16 * 16 + 16 * 9 * 16 + 16 * 16 * 32 + 128 * 10


def readme(
    *, n_training: int, n_test: int, float_accuracy: float, accuracies: Mapping[str, float]
) -> str:
    """Text in Markdown; accuracies are fractions, those of the quantized networks by name."""
    return _TEXT.format(
        n_training=n_training,
        n_test=n_test,
        float_accuracy=float_accuracy,
        accuracies="\n".join(f"| `{name}` | {given:.2%} |" for name, given in accuracies.items()),
        n_macs=_N_MACS,
    )

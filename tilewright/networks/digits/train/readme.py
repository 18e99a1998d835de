"""The read-me of the finished network."""

__all__ = ["readme"]

_TEXT = """\
# digits: a small int8 network for handwritten digits

| file | what |
|---|---|
| `digits.onnx` | the network, int8 in QDQ form |
| `test.npz` | `image`: {n_test} test images, float32 ({n_test}, 1, 8, 8) |
| `labels.npy` | their labels, int64 ({n_test},) |

Input `image`: float32 (batch, 1, 8, 8), from 0 (paper) to 1 (ink): the data set's levels 0 to 16
divided by 16. Output `probabilities`: float32 (batch, 10). ONNX operator set 26, IR version 13.

## Accuracy

On the {n_test} test images, by onnxruntime with all graph optimisations disabled:
float32 {float_accuracy:.2%}, int8 {int8_accuracy:.2%}.

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


def readme(*, n_training: int, n_test: int, float_accuracy: float, int8_accuracy: float) -> str:
    """Text in Markdown; accuracies are fractions."""
    return _TEXT.format(
        n_training=n_training,
        n_test=n_test,
        float_accuracy=float_accuracy,
        int8_accuracy=int8_accuracy,
        n_macs=_N_MACS,
    )

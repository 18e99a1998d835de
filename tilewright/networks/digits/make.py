"""Makes everything in this folder but the code, from nothing.

    python -m tilewright.networks.digits.make -o DIR

Beside the int8 network it makes those of `NARROW`, trained with weights of fewer bits by the same
recipe on the same images.

450 of scikit-learn's 1,797 digits are set aside as test images by a stratified random split with
the seed ``TEST_SPLIT_SEED``. The other 1,347 are the training images: the network is trained on
all of them, and its quantization calibrated on all of them. The recipe was chosen on validation
images set aside from the training images. ``--validate`` measures it so: 270 of the training images
are split off in the same way (seed ``VALIDATION_SPLIT_SEED``), the other 1,077 train and calibrate.
The test images have no part in any of this: they only measure the finished network.

Running it twice on one machine, with the same packages, gives equal files in every byte; another
processor may round the sums of training otherwise and arrive at slightly different weights.
"""

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from golden.formats import TERNARY, BipolarFormat, IntFormat, WholeFormat
from tilewright.networks.digits.train.data import LabelledImages, load_images, split
from tilewright.networks.digits.train.export import accuracy, float_model, narrowed, quantize
from tilewright.networks.digits.train.readme import readme
from tilewright.networks.digits.train.training import Recipe, train

__all__ = ["NARROW", "Accuracies", "make", "train_and_quantize", "validate"]

N_TEST = 450
N_VALIDATION = 270
TEST_SPLIT_SEED = 2024
VALIDATION_SPLIT_SEED = 100

NARROW: Mapping[str, WholeFormat] = {
    "digits-w4a8": IntFormat(4),
    "digits-w2a8": IntFormat(2),
    "digits-ternary": TERNARY,
    "digits-w1a8": BipolarFormat(1),
}
"""Networks with narrow weights, by name, and the format of all their weights."""


@dataclass(frozen=True, kw_only=True)
class Accuracies:
    """Fractions of images in the right class, before and after quantization."""

    float32: float
    quantized: float

    def __str__(self) -> str:
        return f"float32 {self.float32:.2%}, quantized {self.quantized:.2%}"


def train_and_quantize(
    training: LabelledImages,
    held_out: LabelledImages,
    recipe: Recipe,
    path: Path,
    format: WholeFormat | None = None,
) -> Accuracies:
    """Train and calibrate on ``training``, write the quantized network, measure on ``held_out``.

    Weights are int8, or of ``format`` and trained so.
    """
    model = float_model(train(training, recipe, format))
    quantize(model, training, path)
    if format is not None:
        onnx.save(narrowed(onnx.load(path), model, format), path)
    return Accuracies(
        float32=accuracy(model.SerializeToString(), held_out),
        quantized=accuracy(path.read_bytes(), held_out),
    )


def make(directory: Path, recipe: Recipe) -> dict[str, Accuracies]:
    """Write the networks, the test images and labels, and the read-me.

    Each file appears complete or not at all.

    Returns
    -------
    dict of str to Accuracies
        Of each network, on the test images.
    """
    training, test = split(load_images(), N_TEST, np.random.default_rng(TEST_SPLIT_SEED))
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".make-") as name:
        temporary = Path(name)
        accuracies = _train_all(training, test, recipe, temporary)
        np.savez_compressed(temporary / "test.npz", image=test.images)
        np.save(temporary / "labels.npy", test.labels)
        text = readme(
            n_training=len(training),
            n_test=len(test),
            float_accuracy=accuracies["digits"].float32,
            accuracies={name: given.quantized for name, given in accuracies.items()},
        )
        (temporary / "README.md").write_text(text, encoding="utf-8")
        for file in sorted(temporary.iterdir()):
            file.replace(directory / file.name)
    return accuracies


def validate(recipe: Recipe) -> dict[str, Accuracies]:
    """Accuracies on validation images after training on the other training images."""
    training, _ = split(load_images(), N_TEST, np.random.default_rng(TEST_SPLIT_SEED))
    fitted, validation = split(training, N_VALIDATION, np.random.default_rng(VALIDATION_SPLIT_SEED))
    with tempfile.TemporaryDirectory() as directory:
        return _train_all(fitted, validation, recipe, Path(directory))


def _train_all(
    training: LabelledImages, held_out: LabelledImages, recipe: Recipe, directory: Path
) -> dict[str, Accuracies]:
    """Accuracies of every network, each written to a file of its name."""
    return {
        name: train_and_quantize(training, held_out, recipe, directory / f"{name}.onnx", format)
        for name, format in (("digits", None), *NARROW.items())
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tilewright.networks.digits.make",
        description="Train and quantize the digits networks, in about four minutes.",
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("-o", "--output", type=Path, metavar="DIR", help="write all files here")
    action.add_argument(
        "--validate", action="store_true", help="write nothing, print validation accuracies"
    )
    arguments = parser.parse_args()
    images = "validation" if arguments.validate else "test"
    recipe = Recipe()
    made = validate(recipe) if arguments.validate else make(arguments.output, recipe)
    for name, accuracies in made.items():
        print(f"{name}, {images} images: {accuracies}")


if __name__ == "__main__":
    main()

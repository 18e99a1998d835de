"""Makes everything in this folder but the code, from nothing.

    python -m tilewright.networks.digits.make -o DIR

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
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilewright.networks.digits.train.data import LabelledImages, load_images, split
from tilewright.networks.digits.train.export import accuracy, float_model, quantize
from tilewright.networks.digits.train.readme import readme
from tilewright.networks.digits.train.training import Recipe, train

__all__ = ["Accuracies", "make", "train_and_quantize", "validate"]

N_TEST = 450
N_VALIDATION = 270
TEST_SPLIT_SEED = 2024
VALIDATION_SPLIT_SEED = 100


@dataclass(frozen=True, kw_only=True)
class Accuracies:
    """Fractions of images in the right class, before and after quantization."""

    float32: float
    int8: float

    def __str__(self) -> str:
        return f"float32 {self.float32:.2%}, int8 {self.int8:.2%}"


def train_and_quantize(
    training: LabelledImages, held_out: LabelledImages, recipe: Recipe, path: Path
) -> Accuracies:
    """Train and calibrate on ``training``, write the int8 network, measure on ``held_out``."""
    model = float_model(train(training, recipe))
    quantize(model, training, path)
    return Accuracies(
        float32=accuracy(model.SerializeToString(), held_out),
        int8=accuracy(path.read_bytes(), held_out),
    )


def make(directory: Path, recipe: Recipe) -> Accuracies:
    """Write the network, the test images and labels, and the read-me.

    Each file appears complete or not at all.

    Returns
    -------
    Accuracies
        On the test images.
    """
    training, test = split(load_images(), N_TEST, np.random.default_rng(TEST_SPLIT_SEED))
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".make-") as name:
        temporary = Path(name)
        accuracies = train_and_quantize(training, test, recipe, temporary / "digits.onnx")
        np.savez_compressed(temporary / "test.npz", image=test.images)
        np.save(temporary / "labels.npy", test.labels)
        text = readme(
            n_training=len(training),
            n_test=len(test),
            float_accuracy=accuracies.float32,
            int8_accuracy=accuracies.int8,
        )
        (temporary / "README.md").write_text(text, encoding="utf-8")
        for file in sorted(temporary.iterdir()):
            file.replace(directory / file.name)
    return accuracies


def validate(recipe: Recipe) -> Accuracies:
    """Accuracies on validation images after training on the other training images."""
    training, _ = split(load_images(), N_TEST, np.random.default_rng(TEST_SPLIT_SEED))
    fitted, validation = split(training, N_VALIDATION, np.random.default_rng(VALIDATION_SPLIT_SEED))
    with tempfile.TemporaryDirectory() as directory:
        return train_and_quantize(fitted, validation, recipe, Path(directory) / "digits.onnx")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tilewright.networks.digits.make",
        description="Train and quantize the digits network, in about half a minute.",
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("-o", "--output", type=Path, metavar="DIR", help="write all files here")
    action.add_argument(
        "--validate", action="store_true", help="write nothing, print validation accuracies"
    )
    arguments = parser.parse_args()
    if arguments.validate:
        print(f"Validation: {validate(Recipe())}")
    else:
        print(f"Test: {make(arguments.output, Recipe())}")


if __name__ == "__main__":
    main()

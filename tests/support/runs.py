"""Runs of small networks: what goes in and comes out."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.running import NetworkRun

__all__ = ["SMALL", "X", "save", "values"]

SMALL = {"rows": 4, "cols": 4, "k_max": 512}
"""Params of an array that holds them."""

X: NDArray[np.float32] = np.linspace(-40, 40, 12, dtype=np.float32).reshape(3, 4)
"""Three samples of the dense network."""


def values(result: NetworkRun) -> dict[str, NDArray[Any]]:
    """Outputs by name."""
    with np.load(result.outputs) as file:
        return {name: file[name] for name in file.files}


def save(path: Path, **arrays: Any) -> Path:
    """Write an npz file."""
    np.savez(path, **arrays)
    return path

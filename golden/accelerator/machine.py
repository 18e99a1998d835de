"""The machine of an accelerator: the interpreter with its engine."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.description import Accelerator
from golden.accelerator.interpreter import Machine
from golden.discovery import find_modules

__all__ = ["machine_of"]


def machine_of(accelerator: Accelerator, dram: NDArray[np.uint8], bases: Sequence[int]) -> Machine:
    """A machine as `golden.accelerator.interpreter.execute` takes it.

    Parameters
    ----------
    accelerator : Accelerator
    dram : ndarray of uint8, shape (bytes,)
        What programs read and change.
    bases : sequence of int
        Base registers.
    """
    return Machine(
        lanes=accelerator.lanes,
        sizes=accelerator.sizes,
        multiply=_engine(accelerator),
        dram=dram,
        bases=tuple(bases),
    )


def _engine(accelerator: Accelerator) -> Callable[[Any, Any], NDArray[np.int64]]:
    golden = importlib.import_module(find_modules()[accelerator.engine].golden)
    ports = accelerator.layout

    def multiply(a: NDArray[np.int64], w: NDArray[np.int64]) -> NDArray[np.int64]:
        codes = ports.activations.format.encode(a), ports.weights.format.encode(w)
        sums = ports.results.format.decode(golden.matmul(accelerator.params, *codes))
        return np.asarray(sums, dtype=np.int64)

    return multiply

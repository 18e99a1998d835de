"""The machine of an accelerator: the interpreter with its engine."""

import importlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.description import Accelerator
from golden.accelerator.interpreter import Machine
from golden.discovery import find_modules
from golden.formats import Codes, Format
from golden.quantized import QuantizedTensor

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
        feeding=accelerator.feeding,
    )


def _engine(
    accelerator: Accelerator,
) -> Callable[[NDArray[np.int64], NDArray[np.int64], int], NDArray[np.int64]]:
    golden = importlib.import_module(find_modules()[accelerator.engine].golden)
    ports = accelerator.layout

    def multiply(a: NDArray[np.int64], w: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
        weight = ports.weights.format
        weights: Codes | QuantizedTensor = (
            weight.encode(w) if not bits else _narrow(weight, bits, w)
        )
        codes = golden.matmul(accelerator.params, ports.activations.format.encode(a), weights)
        return np.asarray(ports.results.format.decode(codes), dtype=np.int64)

    return multiply


def _narrow(weight: Format, bits: int, w: NDArray[np.int64]) -> QuantizedTensor:
    format = weight.with_bits(bits)
    return QuantizedTensor(codes=format.encode(w), format=format)

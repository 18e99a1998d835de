"""A network as a program."""

from collections import abc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.checker import Regions
from golden.accelerator.description import Accelerator
from golden.accelerator.encoding import Program
from golden.arith.requantize import Requantization
from golden.graph import Graph
from golden.operators.base import Arithmetic, Operand, Operator
from golden.tensors import Array, storage_dtype
from mapper.accelerator.layers import Image, View
from mapper.accelerator.mapping import Mapping
from mapper.accelerator.plan import Plan
from mapper.accelerator.residence import Residence

__all__ = ["CONSTANTS", "INPUTS", "OUTPUTS", "SPILLED", "LayerRecord", "Lowered", "Stored"]

CONSTANTS, INPUTS, OUTPUTS, SPILLED = range(4)
"""Base registers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """A tensor of the graph, in DRAM or in activation memory.

    Rows, pixels and channels follow each other; in activation memory each pixel begins a word.

    Parameters
    ----------
    tensor : str
    base : int or None
        Base register; None in activation memory.
    address : int
        First byte, or first word.
    image : Image
        Rows, pixels and channels.
    view : View
        Which of the numbers are where in the tensor.
    instruction : int
        The one that completes it; -1 for inputs. In activation memory the tensor is sure to be
        there until the next one begins.
    """

    tensor: str
    base: int | None
    address: int
    image: Image
    view: View
    instruction: int

    @property
    def bytes(self) -> int:
        """Bytes in DRAM."""
        return self.image.size

    @property
    def row_bytes(self) -> int:
        """Bytes from row to row in DRAM."""
        return self.image.width * self.image.channels

    def held(self, values: Array) -> NDArray[np.int8]:
        """What DRAM holds for values of the tensor: shape (bytes,)."""
        result = np.zeros(self.image.size, dtype=np.int8)
        result[self.view.index] = values.astype(np.int64) - self.view.offset
        return result

    def values(self, held: NDArray[np.int8]) -> NDArray[np.int64]:
        """Values of the tensor from what DRAM holds."""
        return held.astype(np.int64)[self.view.index] + self.view.offset

    def local_values(self, activations: NDArray[np.int8]) -> NDArray[np.int64]:
        """Values of the tensor from activation memory, shape (words, lanes)."""
        lanes = activations.shape[1]
        words = activations[self.address : self.address + self.image.words(lanes)]
        pixels = words.reshape(self.image.height * self.image.width, -1)
        return self.values(pixels[:, : self.image.channels].reshape(-1))


@dataclass(frozen=True, kw_only=True)
class LayerRecord:
    """A layer of the program.

    Parameters
    ----------
    name, kind : str
        Of the operator.
    instructions : tuple of int
        Numbers of its instructions; loads of constants for several layers count for the first.
    macs : int
        Multiply-accumulates.
    """

    name: str
    kind: str
    instructions: tuple[int, ...]
    macs: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Lowered:
    """A network as a program for an accelerator.

    Base registers: 0 constants, 1 inputs, 2 outputs, 3 what does not fit local memory.

    Parameters
    ----------
    graph : Graph
        What the program computes, bit for bit: the network with fixed-point requantization.
    accelerator : Accelerator
    program : Program
    constants : bytes
        Content of the constants.
    dram_bytes : tuple of int
        Bytes behind each base register.
    inputs, outputs : tuple of Stored
        What the host writes and reads.
    layers : tuple of LayerRecord
    tensors : tuple of Stored
        All that the program makes, but those over which another is written row by row.
    before, after : tuple of Operator
        What the host computes, see `pack` and `unpack`.
    plan : Plan
        What lies where.
    residence : Residence
        That as a schedule, with what moves.
    mapping : Mapping, optional
        What is known of it; None as long as a mapper tries it out.
    """

    graph: Graph
    accelerator: Accelerator
    program: Program
    constants: bytes
    dram_bytes: tuple[int, ...]
    inputs: tuple[Stored, ...]
    outputs: tuple[Stored, ...]
    layers: tuple[LayerRecord, ...]
    tensors: tuple[Stored, ...]
    before: tuple[Operator, ...]
    after: tuple[Operator, ...]
    plan: Plan
    residence: Residence
    mapping: Mapping | None = None

    @property
    def regions(self) -> Regions:
        """What the program may reach."""
        return Regions.of(self.accelerator, self.dram_bytes)

    def pack(self, inputs: abc.Mapping[str, Array]) -> bytes:
        """What the host writes behind base register 1.

        Parameters
        ----------
        inputs : mapping of str to ndarray
            Values of the inputs of the graph.

        Raises
        ------
        ValueError
            If an input is missing, or has the wrong shape, kind or range.
        """
        values = {
            name: self.graph.tensors[name].checked(inputs[name]) for name in self.graph.inputs
        }
        self._compute(self.before, values)
        return _joined(self.inputs, values, self.dram_bytes[INPUTS])

    def unpack(self, octets: bytes, inputs: abc.Mapping[str, Array]) -> dict[str, Array]:
        """Outputs of the graph.

        Parameters
        ----------
        octets : bytes
            What is behind base register 2 after a run.
        inputs : mapping of str to ndarray
            Values of the inputs of the graph; what the host computes may read them.
        """
        held = np.frombuffer(octets, dtype=np.int8)
        values = dict(inputs)
        self._compute(self.before, values)
        for entry in self.outputs:
            numbers = entry.values(held[entry.address : entry.address + entry.bytes])
            dtype = storage_dtype(self.graph.tensors[entry.tensor].element)
            values[entry.tensor] = numbers.astype(dtype)
        self._compute(self.after, values)
        return {name: values[name] for name in self.graph.outputs}

    def _compute(self, operators: Iterable[Operator], values: dict[str, Array]) -> None:
        arithmetic = Arithmetic(requantization=Requantization.TFLITE)
        for op in operators:
            operands = [
                Operand(tensor, values[tensor.name] if tensor.data is None else tensor.data)
                for tensor in self.graph.inputs_of(op)
            ]
            results = op.compute(operands, self.graph.outputs_of(op), arithmetic)
            values.update(zip(op.outputs, results, strict=True))


def _joined(entries: Sequence[Stored], values: abc.Mapping[str, Array], size: int) -> bytes:
    result = np.zeros(size, dtype=np.int8)
    for entry in entries:
        held = entry.held(values[entry.tensor])
        result[entry.address : entry.address + entry.bytes] = held
    return result.tobytes()

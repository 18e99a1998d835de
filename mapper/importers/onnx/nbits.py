"""MatMulNBits of onnxruntime: weights of a few bits in blocks along K."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.formats import IntFormat
from golden.operators import Dequantize, MatMul
from golden.tensors import FloatType, Quantization, Tensor
from mapper.importers.onnx.node import Node

__all__ = ["matmul_nbits"]

_BITS = (2, 4, 8)


@dataclass(frozen=True, kw_only=True)
class _Blocks:
    """Sizes of a node's weights."""

    k: int
    n: int
    bits: int
    size: int

    @property
    def count(self) -> int:
        """Blocks along K."""
        return -(-self.k // self.size)


def matmul_nbits(node: Node) -> None:
    """``a @ w + bias`` with ``w = (code - zero_point) * scale``, one scale a block of a column.

    onnxruntime, ContribOperators.md, com.microsoft.MatMulNBits. Codes are unsigned and lie along K,
    the first in the least significant bits of a byte; so do zero points along the blocks.
    """
    blocks = _Blocks(
        k=node.whole("K", 0),
        n=node.whole("N", 0),
        bits=node.whole("bits", 4),
        size=node.whole("block_size", 0),
    )
    if blocks.bits not in _BITS:
        raise ValueError(f"bits must be 2, 4 or 8, not {blocks.bits}")
    if min(blocks.k, blocks.n, blocks.size) < 1:
        raise ValueError("K, N and block_size must be at least 1")
    if node.has(4):
        raise ValueError("g_idx is not supported: export without reordered channels")
    draft = node.draft
    packed = node.constant(1).reshape(blocks.n, -1)
    codes = _unpacked(packed, blocks.bits)[:, : blocks.k]
    scale = node.constant(2).reshape(blocks.n, blocks.count).astype(np.float32)
    weights = Tensor(
        name=draft.unique_tensor_name(f"{node.name}/weights"),
        shape=(blocks.k, blocks.n),
        element=IntFormat(blocks.bits, signed=False),
        quantization=Quantization(
            scale=scale.T, zero_point=_zero_points(node, blocks).T, axis=0, group_size=blocks.size
        ),
        data=codes.T,
    )
    draft.add_tensor(weights)
    real = draft.unique_tensor_name(f"{node.name}/real")
    element = draft.tensor(node.inputs[0]).element
    if not isinstance(element, FloatType):
        raise ValueError(f"activations must be floating-point numbers, not {element}")
    draft.add(
        Dequantize(
            name=draft.unique_operator_name(f"{node.name}/dequantize"),
            inputs=(weights.name,),
            outputs=(real,),
        ),
        element=element,
    )
    bias = (node.inputs[5],) if node.has(5) else ()
    draft.add(MatMul(name=node.name, inputs=(node.inputs[0], real, *bias), outputs=(node.output,)))


def _zero_points(node: Node, blocks: _Blocks) -> NDArray[np.int64]:
    """Shape (N, blocks)."""
    if not node.has(3):
        return np.full((blocks.n, blocks.count), 1 << (blocks.bits - 1), np.int64)
    given = node.constant(3)
    if given.dtype != np.uint8:
        raise ValueError(
            f"zero points of {given.dtype} are not supported: quantize with integer zero points"
        )
    return _unpacked(given.reshape(blocks.n, -1), blocks.bits)[:, : blocks.count].astype(np.int64)


def _unpacked(rows: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Codes of each row of bytes, those in the least significant bits first."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    codes = (rows[..., np.newaxis] >> shifts) & np.uint8((1 << bits) - 1)
    return codes.reshape(len(rows), -1)

"""Integers of tensors as the accelerator holds them."""

from golden.arith.requantize import Clamp, Requantization
from golden.formats import INT8, UINT8
from golden.tensors import Tensor
from mapper.accelerator.views import NotInHardwareError

__all__ = ["code_offset", "codes_of", "is_held"]


def is_held(tensor: Tensor) -> bool:
    """Whether the accelerator can hold a tensor: 8 bits, quantized with one scale."""
    return (
        tensor.element in (INT8, UINT8)
        and tensor.quantization is not None
        and tensor.quantization.axis is None
    )


def code_offset(tensor: Tensor) -> int:
    """What its integers are held less by: 128 where they have no sign.

    Raises
    ------
    NotInHardwareError
        If the accelerator can not hold the tensor.
    """
    if not is_held(tensor):
        raise NotInHardwareError(
            f"has tensor {tensor.name!r} of {tensor.element}, not of 8 bits with one scale"
        )
    return 128 if tensor.element == UINT8 else 0


def codes_of(clamp: Clamp, tensor: Tensor) -> tuple[int, int]:
    """Smallest and largest integer within a range, as held."""
    low, high = clamp.codes(tensor, Requantization.TFLITE)
    return low - code_offset(tensor), high - code_offset(tensor)

"""Formats of weights for which ONNX has no data type, in the metadata of initializers."""

import numpy as np

from golden.formats import WholeFormat, parse_format
from golden.tensors import Array, Tensor, storage_dtype

__all__ = ["FORMAT_KEY", "labelled_tensor"]

FORMAT_KEY = "tilewright.format"
"""Key in ``metadata_props``; the value is the format's name, such as ``ternary``."""


def labelled_tensor(name: str, values: Array, format_name: str) -> Tensor:
    """A constant of a named format.

    Parameters
    ----------
    name : str
        Of the tensor.
    values : ndarray
        Integers of any dtype that ONNX has.
    format_name : str
        A format whose values are integers.

    Raises
    ------
    ValueError
        If there is no such format, or a value is none of it.
    """
    element = parse_format(format_name)
    if not isinstance(element, WholeFormat):
        raise ValueError(f"values of {element.name} are not all integers")
    whole = values.astype(np.int64)
    element.encode(whole)
    return Tensor(
        name=name, shape=values.shape, element=element, data=whole.astype(storage_dtype(element))
    )

"""The networks that come with the ``onnx`` package, which have shapes but no weights."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import onnx

from golden.errors import UserError
from mapper.importers.onnx import import_onnx
from mapper.scheduling.graph import SizedGraph, sized_graph

__all__ = ["LIGHT_MODELS", "light_model"]

LIGHT_MODELS: Mapping[str, Path] = MappingProxyType(
    {
        path.stem: path
        for path in sorted(
            (Path(onnx.__file__).parent / "backend" / "test" / "data" / "light").glob("*.onnx")
        )
    }
)
"""Files of the networks by name, as the installed package has them."""


def light_model(name: str, *, element_bytes: int = 1) -> SizedGraph:
    """One of these networks, batch 1.

    Parameters
    ----------
    name : str
        A key of `LIGHT_MODELS`.
    element_bytes : int
        Size of an element of any tensor.

    Raises
    ------
    UserError
        If the package has no such network.
    """
    path = LIGHT_MODELS.get(name)
    if path is None:
        raise UserError(
            f"light model must be one of {', '.join(LIGHT_MODELS) or 'none'}, not {name!r}"
        )
    return sized_graph(import_onnx(path), element_bytes=element_bytes)

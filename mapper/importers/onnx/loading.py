"""Reading ONNX files, and binding what they leave open."""

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # has no types
from onnx import inliner
from onnx.external_data_helper import load_external_data_for_model, uses_external_data

from mapper.importers.errors import ModelError

__all__ = ["bound_inputs", "load", "opset"]

OLDEST_OPSET = 7
"""First operator set with NumPy's broadcasting."""


def load(path: Path) -> onnx.ModelProto:
    """The checked model in a file.

    Raises
    ------
    ModelError
        If the file can not be read or is no valid ONNX model.
    """
    try:
        model = onnx.load_model(path, format="protobuf", load_external_data=False)
    except OSError as error:
        raise ModelError(f"can not read {path}: {error.strerror or error}") from None
    except (DecodeError, ValueError):
        raise ModelError(f"{path} is not an ONNX model, or was cut off or damaged") from None
    _load_values(model, path)
    return checked(model, str(path))


def _load_values(model: onnx.ModelProto, path: Path) -> None:
    """Read what the model keeps in files beside its own.

    Raises
    ------
    ModelError
        If one is missing or is not what the model says.
    """
    outside = filter(uses_external_data, model.graph.initializer)
    for entry in (entry for tensor in outside for entry in tensor.external_data):
        if entry.key == "location" and not (path.parent / entry.value).exists():
            raise ModelError(
                f"{path} keeps values in {path.parent / entry.value}, which is missing"
            )
    try:
        load_external_data_for_model(model, str(path.parent))
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise ModelError(f"{path} keeps values in a file that can not be read: {error}") from None


def checked(model: onnx.ModelProto, source: str) -> onnx.ModelProto:
    """``model``, with local functions inlined, if it is valid.

    Raises
    ------
    ModelError
        If it is not.
    """
    if not model.graph.node:
        raise ModelError(f"{source} is not an ONNX model, or has no operators")
    try:
        onnx.checker.check_model(model)
    except UnicodeDecodeError:
        raise ModelError(f"{source} is not an ONNX model, or was damaged") from None
    except onnx.checker.ValidationError as error:
        text = str(error).strip()
        first = text.splitlines()[0]
        # A sentence that breaks off after a colon goes on in the next lines.
        reason = " ".join(text.split()) if first.endswith(": ") else first
        raise ModelError(f"{source} is not a valid ONNX model: {reason}") from None
    return inliner.inline_local_functions(model) if model.functions else model


def opset(model: onnx.ModelProto) -> int:
    """Version of the standard operator set.

    Raises
    ------
    ValueError
        If it is too old.
    """
    versions = [entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}]
    version = max(versions, default=1)
    if version < OLDEST_OPSET:
        raise ValueError(
            f"operator set {version} is not supported: convert the model to {OLDEST_OPSET} or later"
        )
    return version


def bound_inputs(model: onnx.ModelProto, batch: int) -> dict[str, tuple[tuple[int, ...], int]]:
    """Shape and ONNX data type of each input that is no initializer.

    A leading size that the model leaves open becomes ``batch``, and so does any other size that
    has the same symbol.

    Raises
    ------
    ValueError
        If another size is open, or the model fixes the leading size to something else.
    """
    if batch < 1:
        raise ValueError(f"a batch is at least 1, not {batch}")
    constants = {tensor.name for tensor in model.graph.initializer}
    constants.update(tensor.values.name for tensor in model.graph.sparse_initializer)
    inputs = [value for value in model.graph.input if value.name not in constants]
    leading = [value.type.tensor_type.shape.dim[:1] for value in inputs]
    symbols = {dim[0].dim_param for dim in leading if dim and dim[0].dim_param}
    is_open = any(dim and not dim[0].HasField("dim_value") for dim in leading)
    if batch != 1 and not is_open:
        fixed = {dim[0].dim_value for dim in leading if dim}
        if fixed != {batch}:
            raise ValueError(
                f"the model fixes its batch to {', '.join(map(str, sorted(fixed)))}, so it can not"
                f" be {batch}: export it with an open batch"
            )
    bound = {}
    for value in inputs:
        if not value.type.HasField("tensor_type"):
            raise ValueError(f"input {value.name!r} is no tensor")
        sizes = []
        for position, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.HasField("dim_value"):
                sizes.append(dim.dim_value)
            elif position == 0 or dim.dim_param in symbols:
                sizes.append(batch)
            else:
                symbol = f" ({dim.dim_param!r})" if dim.dim_param else ""
                raise ValueError(
                    f"axis {position}{symbol} of input {value.name!r} has no fixed size: export the"
                    f" model with fixed sizes, only the batch may stay open"
                )
        bound[value.name] = (tuple(sizes), value.type.tensor_type.elem_type)
    return bound

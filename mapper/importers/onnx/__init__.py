"""Import of ONNX models."""

from pathlib import Path

import onnx

from golden.graph import Graph
from golden.tensors import Array
from mapper.importers.errors import ModelError
from mapper.importers.folding import fold_quantization
from mapper.importers.onnx.draft import Draft, element_of
from mapper.importers.onnx.labels import FORMAT_KEY, labelled_tensor
from mapper.importers.onnx.loading import bound_inputs, checked, load, opset
from mapper.importers.onnx.node import Node, dtype_of
from mapper.importers.onnx.registry import SUPPORTED, convert

__all__ = ["SUPPORTED", "import_onnx"]


def import_onnx(model: str | Path | onnx.ModelProto, *, batch: int = 1) -> Graph:
    """The graph of an ONNX model.

    Float models come as they are. In models quantized statically, in QDQ form or with QLinear
    operators, each group of dequantize, compute, quantize becomes one operator on quantized
    tensors. Constants are folded; Dropout and Identity vanish.

    Parameters
    ----------
    model : str, Path or ModelProto
        File, or a model in memory.
    batch : int
        Leading size of the inputs where the model leaves it open.

    Returns
    -------
    Graph
        All shapes are static; inputs and outputs are named as in the model.

    Raises
    ------
    ModelError
        If the file is no ONNX model, a size other than the batch is open, or an operator is not
        supported. The message names file and node and says what to do.
    """
    if isinstance(model, onnx.ModelProto):
        source = f"model {model.graph.name!r}"
        proto = checked(model, source)
    else:
        source = str(model)
        proto = load(Path(model))
    try:
        return fold_quantization(_build(proto, batch))
    except ValueError as error:
        raise ModelError(f"{source}: {error}") from None


def _build(model: onnx.ModelProto, batch: int) -> Graph:
    """The graph before folding: quantization is still in operators of its own."""
    draft = Draft()
    version = opset(model)
    for name, (shape, data_type) in bound_inputs(model, batch).items():
        try:
            draft.add_input(name, shape, element_of(dtype_of(data_type)))
        except ValueError as error:
            raise ValueError(f"input {name!r}: {error}") from None
    for initializer in model.graph.initializer:
        _add_initializer(draft, initializer)
    read = {name for proto in model.graph.node for name in proto.input}
    read.update(value.name for value in model.graph.output)
    for proto in model.graph.node:
        node = Node(
            name=draft.unique_operator_name(proto.name or _default_name(proto)),
            proto=proto,
            opset=version,
            inputs=tuple(draft.resolve(name) for name in proto.input),
            outputs=tuple(
                name if name in read or not index else "" for index, name in enumerate(proto.output)
            ),
            draft=draft,
        )
        try:
            convert(node)
        except ValueError as error:
            raise ValueError(f"node {node.name!r} ({node.kind}): {error}") from None
    return draft.graph(model.graph.name, tuple(value.name for value in model.graph.output))


def _add_initializer(draft: Draft, initializer: onnx.TensorProto) -> None:
    """Add a constant; integers are of the format that their metadata name, if they do."""
    values = _values(initializer)
    name = next((x.value for x in initializer.metadata_props if x.key == FORMAT_KEY), None)
    if name is None:
        draft.add_constant(initializer.name, values)
        return
    try:
        draft.add_tensor(labelled_tensor(initializer.name, values, name))
    except ValueError as error:
        raise ValueError(f"initializer {initializer.name!r}: {error}") from None


def _values(initializer: onnx.TensorProto) -> Array:
    """Values of an initializer."""
    try:
        dtype_of(initializer.data_type)
        return onnx.numpy_helper.to_array(initializer)
    except ValueError as error:
        raise ValueError(f"initializer {initializer.name!r}: {error}") from None


def _default_name(node: onnx.NodeProto) -> str:
    """A name for a node that has none."""
    return f"{node.op_type}:{next(iter(node.output), '')}"

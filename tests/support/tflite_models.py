"""TFLite models built in memory, and the reference interpreter that judges them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from golden.evaluate import evaluate
from golden.graph import Graph
from mapper.importers.tflite import import_tflite

Array = NDArray[Any]

TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.bool_): schema.TensorType.BOOL,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """A tensor of a model to build.

    ``data`` makes it a constant; a ``signature`` holds -1 where a size is open.
    """

    name: str
    shape: tuple[int, ...]
    dtype: Any = np.int8
    scale: Any = None
    zero_point: Any = 0
    axis: int = 0
    data: Array | None = None
    signature: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """An operator of a model to build; options are fields of the schema's ``<kind>OptionsT``."""

    code: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    options: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    custom: str | None = None


def constant(name: str, data: Array, **changes: Any) -> Given:
    """A tensor with data."""
    return Given(name=name, shape=data.shape, dtype=data.dtype, data=data, **changes)


def build(
    tensors: Sequence[Given],
    steps: Sequence[Step],
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    name: str = "net",
) -> bytes:
    """The flatbuffer of a model."""
    model = schema.ModelT()
    model.version = 3
    model.description = "built by a test"
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.name = name
    index = {tensor.name: i for i, tensor in enumerate(tensors)} | {"": -1}
    graph.tensors = [_tensor(tensor, model.buffers) for tensor in tensors]
    graph.inputs = [index[tensor] for tensor in inputs]
    graph.outputs = [index[tensor] for tensor in outputs]
    graph.operators = []
    model.operatorCodes = []
    for step in steps:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, step.code)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = step.version
        code.customCode = step.custom
        operator = schema.OperatorT()
        operator.opcodeIndex = len(model.operatorCodes)
        operator.inputs = [index[tensor] for tensor in step.inputs]
        operator.outputs = [index[tensor] for tensor in step.outputs]
        if step.options is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, step.options)
            operator.builtinOptions = getattr(schema, f"{step.options}T")()
            for key, value in step.fields.items():
                assert hasattr(operator.builtinOptions, key), key
                setattr(operator.builtinOptions, key, value)
        model.operatorCodes.append(code)
        graph.operators.append(operator)
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(given: Given, buffers: list[Any]) -> Any:
    tensor = schema.TensorT()
    tensor.name = given.name
    tensor.shape = list(given.shape)
    tensor.shapeSignature = None if given.signature is None else list(given.signature)
    tensor.type = TYPES[np.dtype(given.dtype)]
    tensor.buffer = 0
    if given.data is not None:
        tensor.buffer = len(buffers)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(given.data).tobytes(), np.uint8)
        buffers.append(buffer)
    if given.scale is not None:
        quantization = schema.QuantizationParametersT()
        scales = np.atleast_1d(np.asarray(given.scale, np.float32))
        quantization.scale = scales
        points = np.broadcast_to(np.asarray(given.zero_point, np.int64), scales.shape)
        quantization.zeroPoint = np.ascontiguousarray(points)
        quantization.quantizedDimension = given.axis
        tensor.quantization = quantization
    return tensor


def interpret(
    model: bytes,
    inputs: Mapping[str, Array],
    *,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> dict[str, Array]:
    """Every tensor of a model by name, computed by the reference kernels.

    ``shapes`` resizes inputs, for other batches than the model's.
    """
    interpreter = Interpreter(
        model_content=model,
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    index = {detail["name"]: detail["index"] for detail in interpreter.get_input_details()}
    for name, shape in (shapes or {}).items():
        interpreter.resize_tensor_input(index[name], shape)
    interpreter.allocate_tensors()
    for name, values in inputs.items():
        interpreter.set_tensor(index[name], values)
    interpreter.invoke()
    return {
        detail["name"]: interpreter.get_tensor(detail["index"])
        for detail in interpreter.get_tensor_details()
    }


def operator(
    code: str,
    tensors: Sequence[Given],
    *,
    options: str | None = None,
    version: int = 1,
    custom: str | None = None,
    **fields: Any,
) -> bytes:
    """A model of one operator: the last tensor is its output, those before it its inputs."""
    *inputs, output = tensors
    return build(
        tensors,
        [
            Step(
                code=code,
                inputs=tuple(tensor.name for tensor in inputs),
                outputs=(output.name,),
                options=options,
                fields=fields,
                version=version,
                custom=custom,
            )
        ],
        [tensor.name for tensor in inputs if tensor.data is None],
        [output.name],
    )


def in_file_layout(values: Mapping[str, Array]) -> dict[str, Array]:
    """Values of tensors by their names in the file, and laid out as there."""
    suffix = "/channels_first"
    moved = {
        name.removesuffix(suffix): value.transpose(0, 2, 3, 1)
        for name, value in values.items()
        if name.endswith(suffix)
    }
    return {**moved, **values}


def random_inputs(graph: Graph, rng: np.random.Generator) -> dict[str, Array]:
    """int8 all over its range; floats are normal."""
    inputs: dict[str, Array] = {}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        if tensor.is_float:
            inputs[name] = rng.normal(size=tensor.shape).astype(np.float32)
        else:
            low, high = tensor.int_format.min, tensor.int_format.max
            values = rng.integers(low, high, tensor.shape, endpoint=True)
            inputs[name] = tensor.checked(values)
    return inputs


def compare(model: bytes, inputs: Mapping[str, Array]) -> tuple[int, int, int]:
    """Every computed tensor of a model against the reference kernels.

    Returns
    -------
    tensors, elements, mismatches : int
    """
    graph = import_tflite(model)
    ours = in_file_layout(evaluate(graph, inputs))
    theirs = interpret(model, inputs)
    shared = [name for name in theirs if name in ours and name not in inputs]
    assert set(graph.outputs) <= set(shared)
    mismatches = 0
    for name in shared:
        assert ours[name].dtype == theirs[name].dtype
        assert ours[name].shape == theirs[name].shape
        mismatches += int(np.count_nonzero(ours[name] != theirs[name]))
    return len(shared), sum(theirs[name].size for name in shared), mismatches


def assert_exact(model: bytes, rng: np.random.Generator) -> None:
    """Bit for bit equal on random inputs, and where all are lowest or highest."""
    graph = import_tflite(model)
    drawn = random_inputs(graph, rng)
    for inputs in (
        drawn,
        {name: np.full_like(value, value.min()) for name, value in drawn.items()},
        {name: np.full_like(value, value.max()) for name, value in drawn.items()},
    ):
        assert compare(model, inputs)[2] == 0

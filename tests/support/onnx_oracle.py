"""onnxruntime as the judge of single operators.

An operator of a graph is written as an ONNX model of its own, in QDQ form where it is quantized,
and run with all graph optimizations off, so that onnxruntime computes on the dequantized floats.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from golden.evaluate import evaluate
from golden.formats import IntFormat
from golden.graph import Clamp, Graph
from golden.operators import (
    LRN,
    AveragePool,
    BatchNormalization,
    Cast,
    Clip,
    Concat,
    Conv,
    Function,
    Gather,
    HardSigmoid,
    LayerNormalization,
    LeakyRelu,
    MaxPool,
    Operator,
    Pad,
    ReduceMean,
    Reshape,
    Slice,
    Softmax,
    Transpose,
    Unary,
    Window,
)
from golden.tensors import Element, FloatType, Quantization, Tensor, storage_dtype

Array = NDArray[Any]

OPSET = 21
IR_VERSION = 10


def run_model(model: onnx.ModelProto, inputs: Mapping[str, Array]) -> list[Array]:
    """Outputs of a model in onnxruntime, on one thread, without graph optimizations."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return list(session.run(None, dict(inputs)))


def make_model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Array],
    outputs: Mapping[str, Any],
    constants: Mapping[str, Array] | None = None,
    *,
    opset: int = OPSET,
) -> onnx.ModelProto:
    """A model whose inputs have the shapes and types of arrays; outputs map to dtypes."""
    graph = helper.make_graph(
        list(nodes),
        "model",
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
            )
            for name, array in inputs.items()
        ],
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), None
            )
            for name, dtype in outputs.items()
        ],
        [numpy_helper.from_array(np.array(a), name) for name, a in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def single(
    operator: Operator,
    inputs: Sequence[Tensor],
    element: Element,
    quantization: Quantization | None = None,
) -> Graph:
    """A graph of one operator; tensors without data are its inputs."""
    shapes = operator.infer(inputs)
    outputs = [
        Tensor(name=name, shape=shape, element=element, quantization=quantization)
        for name, shape in zip(operator.outputs, shapes, strict=True)
    ]
    return Graph(
        name="single",
        inputs=tuple(tensor.name for tensor in inputs if tensor.data is None),
        outputs=operator.outputs,
        tensors={tensor.name: tensor for tensor in (*inputs, *outputs)},
        operators=(operator,),
    )


def random_values(rng: np.random.Generator, tensor: Tensor) -> Array:
    """Values all over a tensor's range; floats are normal."""
    dtype = storage_dtype(tensor.element)
    if isinstance(tensor.element, IntFormat):
        return rng.integers(
            tensor.element.min, tensor.element.max, tensor.shape, dtype=dtype, endpoint=True
        )
    return rng.normal(size=tensor.shape).astype(dtype)


def reference(graph: Graph, operator: Operator, values: Mapping[str, Array]) -> Array:
    """Output of one operator of a graph, by onnxruntime.

    Parameters
    ----------
    graph : Graph
        Holds the operator.
    operator : Operator
        Has one output.
    values : mapping of str to ndarray
        At least its inputs that are no constants.
    """
    nodes: list[onnx.NodeProto] = []
    constants: dict[str, Array] = {}
    given: dict[str, Array] = {}
    reals: list[str] = []
    for index, tensor in enumerate(graph.inputs_of(operator)):
        name = f"x{index}"
        if tensor.data is None:
            given[name] = values[tensor.name]
        else:
            constants[name] = tensor.data
        if tensor.quantization is not None:
            nodes.append(_conversion("DequantizeLinear", name, tensor, constants))
            name = f"{name}_out"
        reals.append(name)
    (output,) = graph.outputs_of(operator)
    nodes.extend(_operator_nodes(operator, graph, reals, constants))
    clamp = getattr(operator, "clamp", Clamp())
    result = "y"
    if clamp != Clamp():
        nodes.append(helper.make_node("Clip", ["y", "low", "high"], ["clipped"]))
        constants["low"] = np.asarray(clamp.low, np.float32)
        constants["high"] = np.asarray(clamp.high, np.float32)
        result = "clipped"
    if output.quantization is not None:
        nodes.append(_conversion("QuantizeLinear", result, output, constants))
        result = f"{result}_out"
    dtype = storage_dtype(output.element)
    return run_model(make_model(nodes, given, {result: dtype}, constants), given)[0]


def _conversion(
    kind: str, source: str, tensor: Tensor, constants: dict[str, Array]
) -> onnx.NodeProto:
    """A Q or DQ node."""
    quantization = tensor.quantized
    names = [f"{source}_scale", f"{source}_zero_point"]
    constants[names[0]] = np.asarray(quantization.scale)
    constants[names[1]] = quantization.zero_point.astype(storage_dtype(tensor.element))
    axis = {} if quantization.axis is None else {"axis": quantization.axis}
    return helper.make_node(kind, [source, *names], [f"{source}_out"], **axis)


def _window(window: Window) -> dict[str, Any]:
    return {
        "kernel_shape": window.kernel,
        "strides": window.strides,
        "dilations": window.dilations,
        "pads": window.pads,
        "ceil_mode": int(window.ceil_mode),
    }


def _operator_nodes(
    operator: Operator, graph: Graph, inputs: list[str], constants: dict[str, Array]
) -> list[onnx.NodeProto]:
    """The operator itself, from ``inputs`` to ``y``."""
    kind = operator.kind
    attributes: dict[str, Any] = {}
    match operator:
        case Conv():
            attributes = {
                "strides": operator.strides,
                "dilations": operator.dilations,
                "pads": operator.pads,
                "group": operator.groups,
            }
        case MaxPool():
            attributes = _window(operator.window)
        case AveragePool():
            attributes = _window(operator.window)
            attributes["count_include_pad"] = int(operator.count_include_pad)
        case Reshape():
            inputs = [*inputs, "shape"]
            constants["shape"] = np.array(operator.shape, np.int64)
        case Transpose():
            attributes = {"perm": operator.permutation}
        case Concat() | Gather() | Softmax():
            attributes = {"axis": operator.axis}
        case Slice():
            ends = [
                start + step * size
                for start, step, size in zip(
                    operator.starts, operator.steps, operator.sizes, strict=True
                )
            ]
            ends = [end if end >= 0 else -(2**31) for end in ends]
            rows = {"starts": operator.starts, "ends": ends}
            rows |= {"axes": range(len(ends)), "steps": operator.steps}
            constants |= {name: np.array(list(row), np.int64) for name, row in rows.items()}
            inputs = [*inputs, *rows]
        case Pad():
            constants["pads"] = np.array(operator.pads, np.int64)
            real = float(operator.value)
            source = graph.inputs_of(operator)[0].quantization
            if source is not None:
                real = float(source.dequantize(np.asarray(operator.value)))
            constants["value"] = np.asarray(real, np.float32)
            inputs = [*inputs, "pads", "value"]
        case ReduceMean():
            constants["axes"] = np.array(operator.axes, np.int64)
            inputs = [*inputs, "axes"]
            attributes = {"keepdims": int(operator.keep_axes)}
        case LeakyRelu():
            attributes = {"alpha": operator.alpha}
        case HardSigmoid():
            attributes = {"alpha": operator.alpha, "beta": operator.beta}
        case LRN():
            attributes = {
                "size": operator.size,
                "alpha": operator.alpha,
                "beta": operator.beta,
                "bias": operator.bias,
            }
        case BatchNormalization():
            attributes = {"epsilon": operator.epsilon}
        case LayerNormalization():
            attributes = {"axis": operator.axis, "epsilon": operator.epsilon}
        case Unary(function=Function.GELU_TANH):
            kind, attributes = "Gelu", {"approximate": "tanh"}
        case Cast():
            dtype = storage_dtype(operator.element)
            attributes = {"to": helper.np_dtype_to_tensor_dtype(dtype)}
        case Clip():
            kind = "Identity"
    if kind in {"Quantize", "Dequantize"}:
        kind = "Identity"
    if kind == "MatMul" and len(inputs) > 2:
        return [
            helper.make_node("MatMul", inputs[:2], ["product"]),
            helper.make_node("Add", ["product", inputs[2]], ["y"]),
        ]
    return [helper.make_node(kind, inputs, ["y"], **attributes)]


def disagreement(graph: Graph, inputs: Mapping[str, Array]) -> tuple[int, int, int]:
    """Compare every operator with onnxruntime on equal inputs: those that evaluation computed.

    Quantized outputs are compared as integers. Float outputs count as different beyond a relative
    error of 1e-5. Means that lie on a tie are left out: with equal scales every second mean of two
    is one, and there onnxruntime's float sums round to either side.

    Returns
    -------
    elements, different, largest : int
        Compared elements, those that differ, and the largest difference of integers.
    """
    values = evaluate(graph, inputs)
    elements = different = largest = 0
    for operator in graph.operators:
        (output,) = graph.outputs_of(operator)
        ours, theirs = values[output.name], reference(graph, operator, values)
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype
        elements += ours.size
        if isinstance(output.element, FloatType):
            different += int((~np.isclose(ours, theirs, rtol=1e-5, atol=1e-6)).sum())
            continue
        difference = np.abs(ours.astype(np.int64) - theirs.astype(np.int64))
        if isinstance(operator, AveragePool | ReduceMean):
            difference = np.where(_ties(graph, operator, values), 0, difference)
        different += int(np.count_nonzero(difference))
        largest = max(largest, int(difference.max(initial=0)))
    return elements, different, largest


def _ties(graph: Graph, operator: AveragePool | ReduceMean, values: Mapping[str, Array]) -> Array:
    """Where a mean, as a multiple of the output's scale, is nearly half between two integers."""
    (source,), (output,) = graph.inputs_of(operator), graph.outputs_of(operator)
    centred = source.quantized.centred(values[source.name]).astype(np.float64)
    if isinstance(operator, AveragePool):
        counts = operator.window.counts(source.shape[2:], operator.count_include_pad)
        means = operator.window.sums(centred) / counts
    else:
        means = centred.mean(axis=operator.axes, keepdims=operator.keep_axes)
    steps = means * float(source.quantized.scale) / float(output.quantized.scale)
    return np.abs(np.abs(steps - np.rint(steps)) - 0.5) < 1e-5


def assert_agrees(graph: Graph, inputs: Mapping[str, Array]) -> None:
    """At most one in a thousand elements differs, and by one step."""
    elements, different, largest = disagreement(graph, inputs)
    assert largest <= 1
    assert different * 1000 <= elements

"""Elementwise operators, normalizations and reductions of ONNX."""

import numpy as np

from golden.graph import Clamp
from golden.operators import (
    LRN,
    Add,
    BatchNormalization,
    Cast,
    Clip,
    Div,
    Function,
    HardSigmoid,
    LayerNormalization,
    LeakyRelu,
    Mul,
    Pow,
    ReduceMean,
    Reshape,
    Softmax,
    Sub,
    Unary,
)
from mapper.importers.onnx.draft import element_of
from mapper.importers.onnx.node import Node, dtype_of

__all__ = [
    "add",
    "add_softmax",
    "batch_normalization",
    "cast",
    "clip",
    "div",
    "gelu",
    "hard_sigmoid",
    "layer_normalization",
    "leaky_relu",
    "lrn",
    "mul",
    "power",
    "reduce_mean",
    "relu",
    "softmax",
    "sub",
    "sum_all",
    "unary",
]


def add(node: Node) -> None:
    """Add."""
    node.draft.add(Add(**node.operands))


def sub(node: Node) -> None:
    """Sub."""
    node.draft.add(Sub(**node.operands))


def mul(node: Node) -> None:
    """Mul."""
    node.draft.add(Mul(**node.operands))


def div(node: Node) -> None:
    """Div."""
    node.draft.add(Div(**node.operands))


def power(node: Node) -> None:
    """Pow."""
    node.draft.add(Pow(**node.operands))


def sum_all(node: Node) -> None:
    """Sum, as a chain of additions."""
    draft = node.draft
    total, *others = node.inputs
    if not others:
        draft.add_alias(node.output, total)
    for number, other in enumerate(others):
        last = number == len(others) - 1
        output = node.output if last else draft.unique_tensor_name(f"{node.output}/{number}")
        name = node.name if last else draft.unique_operator_name(f"{node.name}/{number}")
        draft.add(Add(name=name, inputs=(total, other), outputs=(output,)))
        total = output


def unary(node: Node) -> None:
    """Any function of `Function` that has its name from ONNX."""
    node.draft.add(Unary(**node.operands, function=Function(node.kind)))


def gelu(node: Node) -> None:
    """Gelu."""
    mode = node.text("approximate", "none")
    if mode not in {"none", "tanh"}:
        raise ValueError(f"approximate must be none or tanh, not {mode!r}")
    function = Function.GELU if mode == "none" else Function.GELU_TANH
    node.draft.add(Unary(**node.operands, function=function))


def leaky_relu(node: Node) -> None:
    """LeakyRelu."""
    node.draft.add(LeakyRelu(**node.operands, alpha=node.real("alpha", 0.01)))


def hard_sigmoid(node: Node) -> None:
    """HardSigmoid."""
    node.draft.add(
        HardSigmoid(**node.operands, alpha=node.real("alpha", 0.2), beta=node.real("beta", 0.5))
    )


def relu(node: Node) -> None:
    """Relu."""
    node.draft.add(Clip(**node.operands, clamp=Clamp(low=0.0)))


def clip(node: Node) -> None:
    """Clip; its bounds are attributes before operator set 11, constant inputs since."""
    low, high = node.real("min", -np.inf), node.real("max", np.inf)
    if node.has(1):
        low = float(node.constant(1))
    if node.has(2):
        high = float(node.constant(2))
    operands = {**node.operands, "inputs": node.inputs[:1]}
    # ONNX lets the upper bound win where the bounds cross.
    node.draft.add(Clip(**operands, clamp=Clamp(low=min(low, high), high=high)))


def cast(node: Node) -> None:
    """Cast."""
    element = element_of(dtype_of(node.whole("to", 0)))
    node.draft.add(Cast(**node.operands, element=element), element=element)


def batch_normalization(node: Node) -> None:
    """BatchNormalization, for inference."""
    if node.whole("training_mode", 0):
        raise ValueError("training_mode is set: export the model for inference")
    node.draft.add(BatchNormalization(**node.operands, epsilon=node.real("epsilon", 1e-5)))


def layer_normalization(node: Node) -> None:
    """LayerNormalization."""
    node.draft.add(
        LayerNormalization(
            **node.operands, axis=node.axis("axis", -1), epsilon=node.real("epsilon", 1e-5)
        )
    )


def lrn(node: Node) -> None:
    """LRN."""
    node.draft.add(
        LRN(
            **node.operands,
            size=node.whole("size", 1),
            alpha=node.real("alpha", 1e-4),
            beta=node.real("beta", 0.75),
            bias=node.real("bias", 1.0),
        )
    )


def reduce_mean(node: Node) -> None:
    """ReduceMean."""
    axes = node.integers("axes", 1)
    rank = len(node.shape())
    if not axes:
        axes = () if node.whole("noop_with_empty_axes", 0) else tuple(range(rank))
    node.draft.add(
        ReduceMean(
            **{**node.operands, "inputs": node.inputs[:1]},
            axes=tuple(sorted(axis % rank for axis in axes)),
            keep_axes=bool(node.whole("keepdims", 1)),
        )
    )


def softmax(node: Node) -> None:
    """Softmax; before operator set 13 it runs over all axes from ``axis`` on."""
    add_softmax(node, node.inputs[0], node.output)


def add_softmax(node: Node, source: str, output: str) -> None:
    """Softmax of ``source``, with the attributes of ``node``."""
    draft = node.draft
    shape = draft.tensor(source).shape
    version = node.whole("opset", node.opset)
    axis = node.axis("axis", -1 if version >= 13 else 1, len(shape))
    if version >= 13 or all(size == 1 for size in shape[axis + 1 :]):
        draft.add(Softmax(name=node.name, inputs=(source,), outputs=(output,), axis=axis))
        return
    flat = draft.unique_tensor_name(f"{output}/flat")
    result = draft.unique_tensor_name(f"{output}/softmax")
    before, after = int(np.prod(shape[:axis])), int(np.prod(shape[axis:]))
    draft.add(
        Reshape(
            name=draft.unique_operator_name(f"{node.name}/flatten"),
            inputs=(source,),
            outputs=(flat,),
            shape=(before, after),
        )
    )
    draft.add(Softmax(name=node.name, inputs=(flat,), outputs=(result,), axis=1))
    draft.add(
        Reshape(
            name=draft.unique_operator_name(f"{node.name}/restore"),
            inputs=(result,),
            outputs=(output,),
            shape=shape,
        )
    )

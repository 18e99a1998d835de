"""Convolutions and pools of ONNX."""

from golden.operators import AveragePool, Conv, MaxPool, Window
from golden.operators.window import same_pads
from mapper.importers.onnx.node import Node

__all__ = ["average_pool", "conv", "global_average_pool", "global_max_pool", "max_pool"]


def conv(node: Node) -> None:
    """Conv."""
    window = _window(node, node.shape(1)[2:])
    if node.ints("kernel_shape", window.kernel) != window.kernel:
        raise ValueError(
            f"kernel_shape {node.ints('kernel_shape', ())} is not the weights' {window.kernel}"
        )
    node.draft.add(
        Conv(
            **node.operands,
            strides=window.strides,
            dilations=window.dilations,
            pads=window.pads,
            groups=node.whole("group", 1),
        )
    )


def max_pool(node: Node) -> None:
    """MaxPool."""
    node.draft.add(MaxPool(**node.operands, window=_window(node, node.ints("kernel_shape", ()))))


def average_pool(node: Node) -> None:
    """AveragePool."""
    node.draft.add(
        AveragePool(
            **node.operands,
            window=_window(node, node.ints("kernel_shape", ())),
            count_include_pad=bool(node.whole("count_include_pad", 0)),
        )
    )


def global_average_pool(node: Node) -> None:
    """GlobalAveragePool: one window that covers everything."""
    node.draft.add(AveragePool(**node.operands, window=Window(kernel=node.shape()[2:])))


def global_max_pool(node: Node) -> None:
    """GlobalMaxPool: one window that covers everything."""
    node.draft.add(MaxPool(**node.operands, window=Window(kernel=node.shape()[2:])))


def _window(node: Node, kernel: tuple[int, ...]) -> Window:
    """Window of a node, automatic padding worked out."""
    rank = len(kernel)
    strides = node.ints("strides", [1] * rank)
    dilations = node.ints("dilations", [1] * rank)
    pads = node.ints("pads", [0] * 2 * rank)
    mode = node.text("auto_pad", "NOTSET")
    if mode in {"SAME_UPPER", "SAME_LOWER"}:
        pads = same_pads(node.shape()[2:], kernel, strides, dilations)
        if mode == "SAME_LOWER":
            pads = (*pads[rank:], *pads[:rank])
    elif mode == "VALID":
        pads = (0,) * 2 * rank
    elif mode != "NOTSET":
        raise ValueError(f"auto_pad {mode!r} is not one of NOTSET, SAME_UPPER, SAME_LOWER, VALID")
    return Window(
        kernel=kernel,
        strides=strides,
        dilations=dilations,
        pads=pads,
        ceil_mode=bool(node.whole("ceil_mode", 0)),
    )

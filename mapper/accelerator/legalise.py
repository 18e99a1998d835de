"""From a graph to the layers that the accelerator computes, and what is left to the host."""

from collections.abc import Iterable
from dataclasses import replace

from golden.arith.requantize import Requantization
from golden.errors import UserError
from golden.graph import Graph
from golden.operators import (
    Add,
    AveragePool,
    Clip,
    Conv,
    Dequantize,
    MatMul,
    MaxPool,
    Pad,
    Quantize,
    ReduceMean,
    Reshape,
    Sub,
    Transpose,
)
from golden.operators.base import Operator
from golden.tensors import Tensor
from mapper.accelerator.codes import code_offset, codes_of, is_held
from mapper.accelerator.elementwise import ELEMENTWISE, addition, pool, table_layer, varying
from mapper.accelerator.layers import AddLayer, Layer, Network, ProductLayer
from mapper.accelerator.products import convolution, mean, product
from mapper.accelerator.views import NotInHardwareError, Views

__all__ = ["legalise"]

_FREE = (Dequantize, Quantize, Reshape, Transpose)
"""What the host always does at the interface."""


def legalise(graph: Graph, lanes: int, *, host_fallback: bool = False) -> Network:
    """Layers for an accelerator.

    Parameters
    ----------
    graph : Graph
        With fixed-point requantization.
    lanes : int
        Channels of a word.
    host_fallback : bool
        Whether the host may compute what follows the last layer of the accelerator.

    Raises
    ------
    UserError
        If an operator is not in hardware; the message names it.
    """
    if graph.requantization is not Requantization.TFLITE:
        raise ValueError("the accelerator computes graphs with fixed-point requantization")
    return _Legaliser(graph, lanes).network(host_fallback)


class _Legaliser:
    def __init__(self, graph: Graph, lanes: int) -> None:
        self._graph = graph
        self._views = Views(lanes)
        self._layers: list[Layer] = []
        self._reasons: dict[str, str] = {}
        self._chains: dict[str, tuple[Operator, ...]] = {}
        self._padded: dict[str, Pad] = {}
        self._before: dict[str, Operator] = {}
        for name in graph.inputs:
            tensor = graph.tensors[name]
            if is_held(tensor):
                self._views.add_input(name, tensor.shape, code_offset(tensor))
        for op in graph.operators:
            try:
                self._take(op)
            except NotInHardwareError as reason:
                self._reasons[op.name] = str(reason)

    def _take(self, op: Operator) -> None:
        match op:
            case Quantize() | Transpose() | Reshape() if self._from_host(op):
                return
            case Reshape() | Transpose() if op.inputs[0] in self._views:
                self._look(op)
                return
            case Pad() if op.inputs[0] in self._views:
                self._pad(op)
                return
        if isinstance(op, ELEMENTWISE) and self._elementwise(op):
            return
        for name in op.inputs:
            known = name in self._views or (name in self._padded and isinstance(op, Conv))
            if not known and not self._graph.tensors[name].is_constant:
                raise NotInHardwareError(self._missing(name))
        match op:
            case Conv():
                self._layers.append(self._convolution(op))
            case MatMul():
                self._layers.append(product(self._graph, op, self._views))
            case ReduceMean():
                self._layers.append(mean(self._graph, op, self._views))
            case Add() | Sub():
                self._layers.append(addition(self._graph, op, self._views))
            case MaxPool() | AveragePool():
                self._layers.append(pool(self._graph, op, self._views))
            case _:
                raise NotInHardwareError("is of a kind that the accelerator does not compute")

    def _missing(self, name: str) -> str:
        producer = self._graph.producer(name)
        if producer is None:
            return f"reads tensor {name!r}, which is not of 8 bits quantized with one scale"
        return f"reads what {producer.name!r} makes"

    def _from_host(self, op: Operator) -> bool:
        """Whether the host makes the tensor, from inputs of the network alone; an input then."""
        (output,) = self._graph.outputs_of(op)
        name = op.inputs[0]
        if not isinstance(op, Quantize) or name in self._views or name in self._chains:
            return False
        needed = self._host_operators([name])
        if needed is None or not is_held(output):
            return False
        self._before |= {entry.name: entry for entry in (*needed, op)}
        self._views.add_input(output.name, output.shape, code_offset(output))
        return True

    def _host_operators(self, names: Iterable[str]) -> list[Operator] | None:
        """What makes tensors of inputs of the network; None if the accelerator is needed."""
        needed: dict[str, Operator] = {}
        pending = [name for name in names if not self._graph.tensors[name].is_constant]
        while pending:
            name = pending.pop()
            if name in self._graph.inputs:
                continue
            op = self._graph.producer(name)
            if op is None or name in self._views or name in self._chains:
                return None
            needed[op.name] = op
            pending += [key for key in op.inputs if not self._graph.tensors[key].is_constant]
        return [op for op in self._graph.operators if op.name in needed]

    def _look(self, op: Reshape | Transpose) -> None:
        x, output = self._graph.tensors[op.inputs[0]], self._graph.tensors[op.outputs[0]]
        if not _alike(x, output):
            raise NotInHardwareError("changes the scale")
        index = self._views.views[x.name].index
        if isinstance(op, Transpose):
            self._views.alias(output.name, index.transpose(op.permutation), x.name)
        else:
            self._views.alias(output.name, index.reshape(op.shape), x.name)

    def _pad(self, op: Pad) -> None:
        """Padding is left to the convolutions that read it."""
        x, output = self._graph.tensors[op.inputs[0]], self._graph.tensors[op.outputs[0]]
        rank = len(x.shape)
        outer = (*op.pads[:2], *op.pads[rank : rank + 2])
        if any(outer) or op.value != int(x.quantized.zero_point) or not _alike(x, output):
            raise NotInHardwareError("pads channels, or with another value than the zero point")
        self._padded[output.name] = op

    def _elementwise(self, op: Operator) -> bool:
        """Take a function of one number; whether it is one."""
        try:
            source = varying(self._graph, op)
        except NotInHardwareError:
            return False
        (output,) = self._graph.outputs_of(op)
        chain = (*self._chains.get(source, ()), op)
        if source not in self._views and source not in self._chains:
            return False
        if not is_held(output):
            self._chains[output.name] = chain
        elif not (isinstance(op, Clip) and self._clamped(op)):
            self._layers.append(table_layer(self._graph, chain, self._views))
        return True

    def _clamped(self, op: Clip) -> bool:
        """Leave a clamp to the layer that makes its input, where nothing else reads that."""
        x, output = self._graph.tensors[op.inputs[0]], self._graph.tensors[op.outputs[0]]
        alone = len(self._graph.consumers(x.name)) == 1 and x.name not in self._graph.outputs
        if not (alone and self._layers and x.name in self._views and _alike(x, output)):
            return False
        view, layer = self._views.views[x.name], self._layers[-1]
        if layer.target != view.value or not isinstance(layer, ProductLayer | AddLayer):
            return False
        low, high = codes_of(op.clamp, output)
        self._layers[-1] = replace(
            layer, low=min(max(layer.low, low), high), high=min(max(layer.high, low), high)
        )
        self._views.alias(output.name, view.index, x.name)
        del self._views.views[x.name]
        return True

    def _convolution(self, op: Conv) -> ProductLayer:
        pad = self._padded.get(op.inputs[0])
        if pad is None:
            return convolution(self._graph, op, self._views, op.inputs[0], op.pads)
        rank = len(pad.pads) // 2
        more = (*pad.pads[2:rank], *pad.pads[rank + 2 :])
        pads = tuple(a + b for a, b in zip(op.pads, more, strict=True))
        return convolution(self._graph, op, self._views, pad.inputs[0], pads)

    def network(self, host_fallback: bool) -> Network:
        """Layers that something needs, and what the host computes."""
        after, read = self._after(host_fallback)
        needed = {self._views.views[name].value for name in read}
        for layer in reversed(self._layers):
            if layer.target in needed:
                needed.update(layer.sources)
        layers = tuple(layer for layer in self._layers if layer.target in needed)
        if not layers:
            raise UserError(
                f"network {self._graph.name!r} has nothing that the accelerator computes"
            )
        outputs = {self._views.views[name].value for name in read}
        if any(self._views.values[number].is_input for number in outputs):
            raise UserError(f"an output of network {self._graph.name!r} is one of its inputs")
        values = tuple(
            replace(value, is_output=number in outputs)
            for number, value in enumerate(self._views.values)
        )
        return Network(
            values=values,
            layers=layers,
            views={name: view for name, view in self._views.views.items() if view.value in needed},
            before=tuple(op for op in self._graph.operators if op.name in self._before),
            after=after,
        )

    def _after(self, host_fallback: bool) -> tuple[tuple[Operator, ...], set[str]]:
        """What the host computes at the end, and tensors that it reads."""
        needed: set[str] = set()
        read: set[str] = set()
        pending = list(self._graph.outputs)
        while pending:
            name = pending.pop()
            op = self._graph.producer(name)
            if name in self._views:
                read.add(name)
            elif op is not None and not self._graph.tensors[name].is_constant:
                needed.add(op.name)
                pending += op.inputs
        after = tuple(op for op in self._graph.operators if op.name in needed)
        behind = any(op.products(self._graph.inputs_of(op)) for op in after)
        for op in (*self._before.values(), *after):
            if isinstance(op, _FREE) or (host_fallback and not behind):
                continue
            reason = self._reasons.get(op.name, "computes with floats")
            advice = (
                "the host computes no products, and there are some from there on"
                if behind
                else "it is at the end of the network, where host fallback helps"
            )
            raise UserError(
                f"operator {op.name!r} ({op.kind}) is not in hardware: it {reason}; {advice}"
            )
        return after, read


def _alike(a: Tensor, b: Tensor) -> bool:
    """Whether equal integers stand for equal numbers."""
    return (
        a.element == b.element
        and a.quantization is not None
        and b.quantization is not None
        and a.quantization.equals(b.quantization)
    )

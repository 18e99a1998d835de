"""Folding of quantization: dequantize, compute, quantize becomes one quantized operator.

The rules hold for any format that states quantization by operators of its own.
"""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from golden.arith.requantize import Clamp
from golden.formats import IntFormat
from golden.graph import Graph
from golden.operators import (
    Add,
    Arithmetic,
    AveragePool,
    Clip,
    Concat,
    Conv,
    Dequantize,
    Gather,
    MatMul,
    MaxPool,
    Mul,
    Operand,
    Operator,
    Pad,
    Quantize,
    ReduceMean,
    Reshape,
    Slice,
    Sub,
    Transpose,
)
from golden.tensors import Quantization, Tensor

__all__ = ["fold_quantization"]

_PRODUCTS = (Conv, MatMul)
_CLAMPED = (Conv, MatMul, Add, Sub, Mul, AveragePool, ReduceMean)
"""Operators that a following Relu or Clip becomes part of."""

_MOVEMENTS = (MaxPool, Reshape, Transpose, Slice, Pad, Gather)
"""Operators whose results are values of their first input, or a constant."""

_OPERAND_BITS = 16
_BIAS = IntFormat(32)
_SAME_SCALE = 1e-6
"""Relative difference of scales that comes from rounding their product."""


def fold_quantization(graph: Graph) -> Graph:
    """The graph with quantized operators where that keeps its meaning.

    An operator is folded if all its inputs are dequantized (a bias may be a float constant), its
    only reader is a Quantize, possibly after Relu or Clip, and activations and output have one
    scale each. Operators between a Dequantize and an operator to fold that only select, move or
    clamp values exactly work on the integers too. The rest stays as it is; what nothing reads any
    more is dropped.
    """
    return _Folding(graph).result()


@dataclass(frozen=True, kw_only=True)
class _Match:
    """What ends in a Quantize: an operator to fold, and the clamp after it."""

    core: Operator
    clamp: Clamp


class _Folding:
    """One pass over a graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._tensors = dict(graph.tensors)
        self._producers = {name: op for op in graph.operators for name in op.outputs}
        self._readers = Counter(name for op in graph.operators for name in op.inputs)
        self._readers.update(graph.outputs)
        self._operators: list[Operator] = []
        self._sources: dict[str, Tensor] = {}

    def result(self) -> Graph:
        """The folded graph."""
        for operator in self._graph.operators:
            folded = self._folded(operator) if isinstance(operator, Quantize) else None
            self._operators.extend(folded or [operator])
        return _pruned(self._graph, self._tensors, self._operators)

    def _folded(self, quantize: Quantize) -> list[Operator] | None:
        """Operators that replace a Quantize and what it quantizes."""
        output = self._tensors[quantize.outputs[0]]
        if not _is_operand(output):
            return None
        for match in self._matches(quantize):
            inputs = self._inputs(match.core)
            if inputs is not None:
                return self._quantized(match, inputs, quantize)
        return None

    def _matches(self, quantize: Quantize) -> list[_Match]:
        """Candidates, the one that takes in most operators first."""
        matches: list[_Match] = []
        clamp = Clamp()
        name = quantize.inputs[0]
        while self._readers[name] == 1 and name in self._producers:
            operator = self._producers[name]
            if not isinstance(operator, Clip):
                if isinstance(operator, (*_CLAMPED, *_MOVEMENTS, Concat)):
                    matches.append(_Match(core=operator, clamp=clamp))
                break
            clamp = operator.clamp.then(clamp)
            matches.append(_Match(core=replace(operator, clamp=clamp), clamp=Clamp()))
            name = operator.inputs[0]
        return matches[::-1]

    def _quantized(
        self, match: _Match, inputs: tuple[str, ...], quantize: Quantize
    ) -> list[Operator]:
        """The operator on quantized tensors, with a Clip of its own where it takes in none."""
        core, output = match.core, quantize.outputs[0]
        if isinstance(core, _CLAMPED):
            clamp = core.clamp.then(match.clamp)
            return [replace(core, inputs=inputs, outputs=(output,), clamp=clamp)]
        if isinstance(core, Pad):
            core = _pad_of_integers(core, self._tensors[inputs[0]])
        if match.clamp == Clamp():
            return [replace(core, inputs=inputs, outputs=(output,))]
        whole = f"{output}/unclamped"
        self._tensors[whole] = replace(self._tensors[output], name=whole)
        return [
            replace(core, inputs=inputs, outputs=(whole,)),
            Clip(name=quantize.name, inputs=(whole,), outputs=(output,), clamp=match.clamp),
        ]

    def _inputs(self, core: Operator) -> tuple[str, ...] | None:
        """Quantized inputs in place of the real ones; None if some can not be."""
        if isinstance(core, _PRODUCTS):
            return self._product_inputs(core)
        count = 1 if isinstance(core, Gather) else len(core.inputs)
        sources = [self._source(name) for name in core.inputs[:count]]
        taken = [x for x in sources if x is not None and _is_operand(x)]
        if len(taken) < count or (isinstance(core, Pad) and not _holds(taken[0], core.value)):
            return None
        return (*(x.name for x in taken), *core.inputs[count:])

    def _product_inputs(self, core: Conv | MatMul) -> tuple[str, ...] | None:
        """Quantized activations, weights and bias of a matrix product."""
        a, w = (self._source(name) for name in core.inputs[:2])
        if a is None or w is None or not _is_operand(a):
            return None
        columns = 0 if isinstance(core, Conv) else len(w.shape) - 1
        if not _is_operand(w, columns) and not (
            isinstance(core, MatMul) and _is_matrix_in_groups(w)
        ):
            return None
        if len(core.inputs) == 2:
            return a.name, w.name
        scale = np.asarray(a.quantized.scale * w.quantized.scale, np.float32)
        if w.quantized.group_size is not None:
            # No scale is that of all sums: the bias keeps its own, or has its column's largest.
            own = self._source(core.inputs[2])
            if own is not None and own.data is not None and _is_bias(own):
                return a.name, w.name, own.name
            scale = scale.max(axis=0)
        target = Quantization.of(scale, 0, 0 if scale.ndim else None)
        bias = self._bias(core, target)
        return None if bias is None else (a.name, w.name, bias)

    def _bias(self, core: Conv | MatMul, target: Quantization) -> str | None:
        """Name of the bias as integers of the scale that sums have."""
        name = core.inputs[2]
        source = self._source(name)
        constant = self._tensors[name] if source is None else source
        if constant.data is None:
            return None
        if source is None:
            codes = np.rint(constant.data.astype(np.float64) / target.scale)
        elif _same_scale(source.quantized, target):
            if source.quantized.equals(target) and source.element == _BIAS:
                return source.name
            codes = constant.data.astype(np.float64)
        else:
            real = source.quantized.centred(constant.data) * source.quantized.scale.astype(
                np.float64
            )
            codes = np.rint(real / target.scale)
        if codes.size and not _BIAS.contains(int(codes.min()), int(codes.max())):
            return None
        name = f"{core.name}/bias"
        self._tensors[name] = Tensor(
            name=name,
            shape=constant.shape,
            element=_BIAS,
            quantization=target,
            data=codes.astype(np.int32),
        )
        return name

    def _source(self, name: str) -> Tensor | None:
        """Quantized tensor that holds the same numbers as a real one, if there is or can be one."""
        producer = self._producers.get(name)
        if isinstance(producer, Dequantize):
            return self._tensors[producer.inputs[0]]
        if name not in self._sources and isinstance(producer, (*_MOVEMENTS, Clip)):
            before = self._source(producer.inputs[0])
            if before is not None and _is_exact(producer, before):
                self._sources[name] = self._on_integers(producer, before)
        return self._sources.get(name)

    def _on_integers(self, operator: Operator, source: Tensor) -> Tensor:
        """Output of a copy of ``operator`` that reads ``source`` instead of its real numbers."""
        name = f"{operator.outputs[0]}/quantized"
        if isinstance(operator, Pad):
            operator = _pad_of_integers(operator, source)
        copy = replace(
            operator,
            name=f"{operator.name}/quantized",
            inputs=(source.name, *operator.inputs[1:]),
            outputs=(name,),
        )
        output = replace(
            source,
            name=name,
            shape=self._tensors[operator.outputs[0]].shape,
            quantization=_moved_quantization(operator, source.quantized),
            data=None,
        )
        if source.data is None or len(copy.inputs) > 1:
            self._operators.append(copy)
        else:
            # Nothing is requantized, so that moving the integers alone is enough.
            ends = (source, output)
            if source.quantized.axis is not None:
                ends = (replace(source, quantization=None), replace(output, quantization=None))
            (data,) = copy.compute([Operand(ends[0], source.data)], ends[1:], Arithmetic())
            output = replace(output, data=data)
        self._tensors[name] = output
        return output


def _is_operand(tensor: Tensor, axis: int | None = None) -> bool:
    """Whether a tensor holds quantized integers with one scale, or scales along ``axis``."""
    return (
        tensor.quantization is not None
        and tensor.whole_format.bits <= _OPERAND_BITS
        and tensor.quantization.axis in {None, axis}
        and tensor.quantization.group_size is None
    )


def _is_matrix_in_groups(tensor: Tensor) -> bool:
    """Whether a matrix of integers has scales for groups of its rows."""
    return (
        tensor.quantization is not None
        and tensor.whole_format.bits <= _OPERAND_BITS
        and tensor.quantization.group_size is not None
        and (len(tensor.shape), tensor.quantization.axis) == (2, 0)
    )


def _is_exact(operator: Operator, source: Tensor) -> bool:
    """Whether an operator on integers means just what it does on the real numbers."""
    quantization = source.quantized
    if isinstance(operator, Transpose):
        return source.is_constant or quantization.axis is None
    if quantization.axis is not None:
        return False
    if isinstance(operator, Pad):
        return _holds(source, operator.value)
    if isinstance(operator, Clip):
        element = source.int_format
        ends = quantization.dequantize(np.array([element.min, element.max]))
        low, high = operator.clamp.low, operator.clamp.high
        return bool(low <= ends[0] or _holds(source, low)) and bool(
            high >= ends[1] or _holds(source, high)
        )
    return True


def _holds(tensor: Tensor, value: float) -> bool:
    """Whether a real number is exactly one that a per-tensor quantized tensor can hold."""
    code = tensor.quantized.quantize(value, tensor.int_format)
    return bool(tensor.quantized.dequantize(code) == np.float32(value))


def _pad_of_integers(pad: Pad, source: Tensor) -> Pad:
    """The padding with its real value as an integer of ``source``."""
    return replace(pad, value=source.quantized.quantize(pad.value, source.int_format).item())


def _moved_quantization(operator: Operator, given: Quantization) -> Quantization:
    """Quantization after a movement: a permutation takes the axis along."""
    if not isinstance(operator, Transpose) or given.axis is None:
        return given
    axis = operator.permutation.index(given.axis)
    if given.group_size is None:
        return replace(given, axis=axis)
    return replace(
        given,
        scale=given.scale.transpose(operator.permutation),
        zero_point=given.zero_point.transpose(operator.permutation),
        axis=axis,
    )


def _is_bias(tensor: Tensor) -> bool:
    """Whether a tensor holds integers of 32 bits without zero points."""
    return tensor.element == _BIAS and not tensor.quantized.zero_point.any()


def _same_scale(given: Quantization, target: Quantization) -> bool:
    """Whether two quantizations differ by the rounding of a product at most."""
    return not given.zero_point.any() and bool(
        np.allclose(given.scale, target.scale, rtol=_SAME_SCALE, atol=0)
    )


def _pruned(graph: Graph, tensors: dict[str, Tensor], operators: list[Operator]) -> Graph:
    """The graph of the operators that its outputs depend on."""
    needed = set(graph.outputs)
    kept = []
    for operator in reversed(operators):
        if needed.intersection(operator.outputs):
            kept.append(operator)
            needed.update(operator.inputs)
    names = {*needed, *graph.inputs, *(name for op in kept for name in op.outputs)}
    return replace(
        graph,
        tensors={name: tensor for name, tensor in tensors.items() if name in names},
        operators=tuple(reversed(kept)),
    )

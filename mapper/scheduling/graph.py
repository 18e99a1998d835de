"""Graphs as schedulers see them: operators, and tensors with their sizes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from golden.errors import UserError
from golden.graph import Graph
from golden.operators.base import Operator
from golden.operators.layout import Reshape
from golden.operators.unary import Unary
from golden.tensors import FloatType, Shape, Tensor, storage_dtype

__all__ = ["INPUT", "SizedGraph", "SizedOperator", "SizedTensor", "sized_graph"]

INPUT = "Input"
"""Kind of the operators that bring an input of the network into the scratchpad."""

_ELEMENTWISE = frozenset(
    {
        *("Add", "Sub", "Mul", "Div", "Clip", "BatchNormalization", "LeakyRelu", "HardSigmoid"),
        *("HardSwish", "Sigmoid", "Tanh", "Gelu", "GeluTanh", "Abs", "Neg", "Exp", "Sqrt"),
    }
)
"""Kinds that read each element of an input before they write the same element of the output."""


@dataclass(frozen=True, kw_only=True)
class SizedTensor:
    """A tensor of which only the size is known.

    Parameters
    ----------
    name : str
        Unique in its graph.
    size_bytes : int
        At least 1.
    is_weight : bool
        Whether it lies in memory before the network starts; nothing produces it.
    memory_bytes : int, optional
        What a copy in memory takes, at least 1, where that is not ``size_bytes``: in the scratchpad
        there may be padding.
    read_bytes : int, optional
        What operators need of that copy, at least 1, where that is less: steps of a window may pass
        over a part.

    Raises
    ------
    UserError
        If a size is not positive.
    """

    name: str
    size_bytes: int
    is_weight: bool = False
    memory_bytes: int | None = None
    read_bytes: int | None = None

    def __post_init__(self) -> None:
        for size in (self.size_bytes, self.copy_bytes, self.least_read_bytes):
            if size < 1:
                raise UserError(
                    f"tensor {self.name!r} must have a size of at least 1 byte, not {size}"
                )

    @property
    def copy_bytes(self) -> int:
        """What a copy in memory takes."""
        return self.size_bytes if self.memory_bytes is None else self.memory_bytes

    @property
    def least_read_bytes(self) -> int:
        """What a retrieval moves at least."""
        return self.copy_bytes if self.read_bytes is None else self.read_bytes


@dataclass(frozen=True, kw_only=True)
class SizedOperator:
    """An operator that runs in one step, with all its inputs and outputs in the scratchpad.

    Parameters
    ----------
    name : str
        Unique in its graph.
    kind : str
        What it does, in the words of `golden.operators`: ``Conv``, ``MatMul``, ``Add``, ...
    inputs, outputs : tuple of str
        Names of tensors; weights are inputs. Operators of kind ``Input`` read nothing.
    macs : int
        Multiply-accumulates.
    parameters : int
        Learned numbers that belong to it, those included that are too small to be tensors.
    in_place : tuple of str
        Inputs whose bytes its output may take where nothing reads them later.
    is_view : bool
        Whether the output is the same bytes as the first input, so that it costs nothing.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    macs: int = 0
    parameters: int = 0
    in_place: tuple[str, ...] = ()
    is_view: bool = False

    @property
    def tensors(self) -> tuple[str, ...]:
        """Names of inputs and outputs, each once."""
        return tuple(dict.fromkeys((*self.inputs, *self.outputs)))


@dataclass(frozen=True, kw_only=True, eq=False)
class SizedGraph:
    """A network as a scheduler sees it: Li, Gupta and Malik, COSMA, arXiv 2311.18246, section III.

    Parameters
    ----------
    name : str
        Of the network.
    tensors : mapping of str to SizedTensor
        By name.
    operators : tuple of SizedOperator
        Each after those that produce its inputs.
    outputs : tuple of str
        Tensors that leave the network.

    Raises
    ------
    UserError
        If names are unknown or used twice, a tensor has no or two producers, or operators form a
        cycle or are listed before those that they depend on.
    """

    name: str
    tensors: Mapping[str, SizedTensor]
    operators: tuple[SizedOperator, ...]
    outputs: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "tensors", MappingProxyType(dict(self.tensors)))
        for name, tensor in self.tensors.items():
            if tensor.name != name:
                raise self._error(f"tensor {tensor.name!r} is listed as {name!r}")
        names = Counter(operator.name for operator in self.operators)
        twice = next((name for name, count in names.items() if count > 1), None)
        if twice is not None:
            raise self._error(f"two operators are named {twice!r}, but names must be unique")
        self._check_tensors()
        self._check_order()

    def _error(self, problem: str) -> UserError:
        return UserError(f"network {self.name!r}: {problem}")

    def _check_tensors(self) -> None:
        produced: dict[str, str] = {}
        for operator in self.operators:
            for name in (*operator.tensors, *operator.in_place):
                if name not in self.tensors:
                    raise self._error(
                        f"operator {operator.name!r} names {name!r}, which is no tensor of it"
                    )
            for name in operator.outputs:
                if name in produced:
                    raise self._error(
                        f"operators {produced[name]!r} and {operator.name!r} both produce tensor"
                        f" {name!r}, but one must"
                    )
                produced[name] = operator.name
            if not operator.outputs:
                raise self._error(f"operator {operator.name!r} must produce a tensor")
        for name, tensor in self.tensors.items():
            if tensor.is_weight and name in produced:
                raise self._error(
                    f"operator {produced[name]!r} produces {name!r}, but weights are given"
                )
            if not tensor.is_weight and name not in produced:
                raise self._error(f"nothing produces tensor {name!r}, which is no weight")
        for name in self.outputs:
            if name not in produced:
                raise self._error(f"output {name!r} must be a tensor that an operator produces")

    def _check_order(self) -> None:
        known = {name for name, tensor in self.tensors.items() if tensor.is_weight}
        for operator in self.operators:
            early = next((name for name in operator.inputs if name not in known), None)
            if early is not None:
                circle = self._circle()
                if circle:
                    raise self._error(
                        f"operators {', '.join(map(repr, circle))} form a cycle, so none can be"
                        " first"
                    )
                raise self._error(
                    f"operator {operator.name!r} must be listed after"
                    f" {self._producers[early].name!r}, which produces its input {early!r}"
                )
            known.update(operator.outputs)

    def _circle(self) -> list[str]:
        """Names of operators that wait for one another, each before its reader; mostly none."""
        waiting = {
            operator.name: {
                self._producers[name].name for name in operator.inputs if name in self._producers
            }
            for operator in self.operators
        }
        while free := [name for name, before in waiting.items() if not before]:
            for name in free:
                del waiting[name]
            for before in waiting.values():
                before.difference_update(free)
        # Each operator left waits for another one left: walking back must come round.
        walk: list[str] = []
        at = next(iter(waiting), None)
        while at is not None and at not in walk:
            walk.append(at)
            at = min(waiting[at])
        if at is None:
            return []
        circle = walk[walk.index(at) :][::-1]
        first = circle.index(min(circle))
        return circle[first:] + circle[:first]

    @cached_property
    def _producers(self) -> dict[str, SizedOperator]:
        return {name: operator for operator in self.operators for name in operator.outputs}

    @cached_property
    def _consumers(self) -> dict[str, tuple[SizedOperator, ...]]:
        readers: dict[str, list[SizedOperator]] = {}
        for operator in self.operators:
            for name in dict.fromkeys(operator.inputs):
                readers.setdefault(name, []).append(operator)
        return {name: tuple(operators) for name, operators in readers.items()}

    def producer(self, tensor: str) -> SizedOperator | None:
        """Operator that produces ``tensor``; None for weights."""
        return self._producers.get(tensor)

    def consumers(self, tensor: str) -> tuple[SizedOperator, ...]:
        """Operators that read ``tensor``, each once."""
        return self._consumers.get(tensor, ())

    def bytes_of(self, tensors: Iterable[str]) -> int:
        """Sum of the sizes of tensors."""
        return sum(self.tensors[name].size_bytes for name in tensors)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all operators."""
        return sum(operator.macs for operator in self.operators)

    @property
    def parameters(self) -> int:
        """Learned numbers of all operators."""
        return sum(operator.parameters for operator in self.operators)


def sized_graph(graph: Graph, *, element_bytes: int | None = None) -> SizedGraph:
    """What a scheduler needs to know of a graph.

    Inputs get an operator of their own. Constants with more than one long axis become weights;
    vectors such as biases stay with their operators. Reshapes are marked as views.

    Parameters
    ----------
    graph : Graph
    element_bytes : int, optional
        Size of every element; if left out, what the elements of each tensor take, a tensor being
        rounded up to whole bytes.

    Raises
    ------
    UserError
        If ``element_bytes`` is not positive.
    """
    if element_bytes is not None and element_bytes < 1:
        raise UserError(f"element_bytes must be at least 1, not {element_bytes}")
    constants = {name for name, tensor in graph.tensors.items() if tensor.is_constant}
    vectors = {name for name in constants if _is_vector(graph.tensors[name].shape)}
    unread = constants.difference(name for op in graph.operators for name in op.inputs)
    tensors = {
        name: SizedTensor(
            name=name, size_bytes=_size_bytes(tensor, element_bytes), is_weight=name in constants
        )
        for name, tensor in graph.tensors.items()
        if name not in vectors | unread
    }
    operators = [
        SizedOperator(name=f"{INPUT}:{name}", kind=INPUT, inputs=(), outputs=(name,))
        for name in graph.inputs
    ]
    counted: set[str] = set()
    for operator in graph.operators:
        own = constants.intersection(operator.inputs) - counted
        counted |= own
        sized = _sized_operator(graph, operator, vectors)
        parameters = sum(_elements(graph.tensors[name].shape) for name in own)
        operators.append(replace(sized, parameters=parameters))
    return SizedGraph(
        name=graph.name, tensors=tensors, operators=tuple(operators), outputs=graph.outputs
    )


def _sized_operator(graph: Graph, operator: Operator, vectors: set[str]) -> SizedOperator:
    kind = operator.function.value if isinstance(operator, Unary) else operator.kind
    inputs = tuple(name for name in operator.inputs if name not in vectors)
    shape = graph.tensors[operator.outputs[0]].shape
    return SizedOperator(
        name=operator.name,
        kind=kind,
        inputs=inputs,
        outputs=operator.outputs,
        macs=sum(product.macs for product in operator.products(graph.inputs_of(operator))),
        in_place=tuple(
            name
            for name in dict.fromkeys(inputs)
            if kind in _ELEMENTWISE
            and graph.tensors[name].shape == shape
            and not graph.tensors[name].is_constant
        ),
        is_view=isinstance(operator, Reshape),
    )


def _elements(shape: Shape) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _is_vector(shape: Shape) -> bool:
    return sum(size > 1 for size in shape) < 2


def _size_bytes(tensor: Tensor, element_bytes: int | None) -> int:
    if element_bytes is not None:
        return _elements(tensor.shape) * element_bytes
    element = tensor.element
    if isinstance(element, FloatType):
        return _elements(tensor.shape) * storage_dtype(element).itemsize
    return (_elements(tensor.shape) * element.bits + 7) // 8

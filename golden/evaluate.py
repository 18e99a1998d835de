"""Evaluation of a graph: the value of every tensor."""

from collections.abc import Iterator, Mapping

from golden.graph import Graph
from golden.operators.base import Arithmetic, Operand, Operator, Product, exact_product
from golden.tensors import Array

__all__ = ["evaluate", "steps"]


def evaluate(
    graph: Graph, inputs: Mapping[str, Array], *, product: Product = exact_product
) -> dict[str, Array]:
    """Values of all tensors but constants.

    Parameters
    ----------
    graph : Graph
        The network.
    inputs : mapping of str to ndarray
        Values of each input, of its shape; integers where it is quantized.
    product : callable, optional
        Computes every integer matrix product, see `golden.operators.Product`.

    Returns
    -------
    dict of str to ndarray
        Inputs first, then the outputs of the operators in order, in storage dtypes.

    Raises
    ------
    ValueError
        If an input is missing, unknown, or has the wrong shape, kind or range.
    """
    values = _checked_inputs(graph, inputs)
    for _, outputs in steps(graph, values, product=product):
        values.update(outputs)
    return values


def steps(
    graph: Graph, inputs: Mapping[str, Array], *, product: Product = exact_product
) -> Iterator[tuple[Operator, dict[str, Array]]]:
    """Each operator with the values of its outputs, in order.

    A value is forgotten once its last reader is done, so that a large network needs little memory.

    Parameters
    ----------
    graph, inputs, product
        As in `evaluate`.

    Yields
    ------
    operator : Operator
        The one just computed.
    outputs : dict of str to ndarray
        Its results.
    """
    live = _checked_inputs(graph, inputs)
    last_use = {name: op.name for op in graph.operators for name in op.inputs}
    arithmetic = Arithmetic(product=product, requantization=graph.requantization)
    for operator in graph.operators:
        operands = [
            Operand(tensor, live[tensor.name] if tensor.data is None else tensor.data)
            for tensor in graph.inputs_of(operator)
        ]
        results = operator.compute(operands, graph.outputs_of(operator), arithmetic)
        outputs = dict(zip(operator.outputs, results, strict=True))
        live.update(outputs)
        yield operator, outputs
        for name in operator.inputs:
            if last_use[name] == operator.name:
                live.pop(name, None)


def _checked_inputs(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Inputs in the graph's order and storage dtypes."""
    if sorted(inputs) != sorted(graph.inputs):
        raise ValueError(
            f"the inputs of {graph.name!r} are {', '.join(graph.inputs)},"
            f" not {', '.join(inputs) or 'none'}"
        )
    return {name: graph.tensors[name].checked(inputs[name]) for name in graph.inputs}

"""What no schedule can do without."""

from mapper.scheduling.graph import SizedGraph, SizedOperator

__all__ = ["least_operator_bytes", "why_none_fits"]


def least_operator_bytes(
    graph: SizedGraph, operator: SizedOperator, *, in_place: bool = False
) -> int:
    """Bytes that an operator needs at once: its inputs and outputs.

    Parameters
    ----------
    graph : SizedGraph
    operator : SizedOperator
        One of the graph.
    in_place : bool
        Whether outputs take the place of inputs that allow it and are no smaller, each of one.
    """
    needed = graph.bytes_of(operator.tensors)
    if not in_place:
        return needed
    sizes = graph.tensors
    free = sorted(
        (sizes[name].size_bytes for name in {*operator.in_place} & {*operator.inputs}), reverse=True
    )
    # The largest input serves all outputs that another serves, so that the largest output that
    # fits has the first choice.
    for size in sorted((sizes[name].size_bytes for name in operator.outputs), reverse=True):
        if free and free[0] >= size:
            del free[0]
            needed -= size
    return needed


def why_none_fits(graph: SizedGraph, capacity_bytes: int, *, in_place: bool = False) -> str:
    """Why no schedule can exist, in a sentence; empty where this alone forbids none.

    Parameters
    ----------
    graph : SizedGraph
    capacity_bytes : int
        Of the scratchpad.
    in_place : bool
        As that of `least_operator_bytes`.
    """
    used = {name: None for operator in graph.operators for name in operator.tensors}
    largest = max(used, key=lambda name: graph.tensors[name].size_bytes, default=None)
    if largest is not None and graph.tensors[largest].size_bytes > capacity_bytes:
        return (
            f"tensor {largest!r} has {graph.tensors[largest].size_bytes} bytes, but the scratchpad"
            f" has {capacity_bytes}"
        )
    for operator in graph.operators:
        needed = least_operator_bytes(graph, operator, in_place=in_place)
        if needed > capacity_bytes:
            return (
                f"operator {operator.name!r} needs {needed} bytes at once for its inputs and"
                f" outputs, but the scratchpad has {capacity_bytes}"
            )
    return ""

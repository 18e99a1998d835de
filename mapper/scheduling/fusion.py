"""Other graphs of the same network: fused, without weights, without views."""

from collections.abc import Sequence
from dataclasses import replace

from mapper.scheduling.graph import SizedGraph, SizedOperator

__all__ = ["FOLLOWERS", "HOSTS", "activations_only", "clamped_on_read", "fused", "without_views"]

HOSTS = frozenset({"Conv", "MatMul", "Add", "Sub", "Mul", "BatchNormalization"})
"""Kinds of operators that can do a follower's work on each result before they write it."""

FOLLOWERS = frozenset({"BatchNormalization", "Clip", "HardSigmoid", "HardSwish"})
"""Kinds that are a factor, an offset and a clamp: batch normalization folds into the weights of a
convolution (Jacob et al., CVPR 2018, section 3.2), the others are no more than arithmetic on the
result."""

_SCALES = frozenset({"Add", "Sub", "Mul", "Div"})
_READERS = frozenset({"Conv", "MatMul"})


def fused(
    graph: SizedGraph,
    *,
    hosts: frozenset[str] = HOSTS,
    followers: frozenset[str] = FOLLOWERS,
) -> SizedGraph:
    """The graph with each follower done by the operator before it, as in inference.

    An operator and its follower become one where nothing else reads what is between them. The
    tensor between them is gone; the operator keeps its name and kind, and adds up the work.
    Arithmetic with a constant vector, which has one tensor for input, is a follower too.

    Parameters
    ----------
    graph : SizedGraph
    hosts, followers : frozenset of str
        Kinds.
    """
    done: dict[str, SizedOperator] = {}
    maker: dict[str, str] = {}
    gone: set[str] = set()
    for operator in graph.operators:
        host = done.get(maker.get(next(iter(operator.inputs), ""), ""))
        if host is not None and _fits(graph, host, operator, hosts, followers):
            weights = tuple(name for name in operator.inputs[1:] if name not in host.inputs)
            gone.update(host.outputs)
            merged = replace(
                host,
                inputs=(*host.inputs, *weights),
                outputs=operator.outputs,
                macs=host.macs + operator.macs,
                parameters=host.parameters + operator.parameters,
            )
        else:
            merged = operator
        done[merged.name] = merged
        maker.update(dict.fromkeys(merged.outputs, merged.name))
    return replace(
        graph,
        tensors={name: tensor for name, tensor in graph.tensors.items() if name not in gone},
        operators=tuple(done.values()),
    )


def _fits(
    graph: SizedGraph,
    host: SizedOperator,
    follower: SizedOperator,
    hosts: frozenset[str],
    followers: frozenset[str],
) -> bool:
    """Whether ``host`` can do the work of ``follower``, which reads its output first."""
    (between, *others) = host.outputs
    return (
        host.kind in hosts
        and (
            follower.kind in followers
            or (follower.kind in _SCALES and follower.inputs == host.outputs)
        )
        and not others
        and between not in graph.outputs
        and len(graph.consumers(between)) == 1
        and all(graph.tensors[name].is_weight for name in follower.inputs[1:])
        and len(follower.outputs) == 1
    )


def activations_only(graph: SizedGraph) -> SizedGraph:
    """The graph without its weights, as if they came straight from memory.

    The smaller of the two tensor sets that COSMA, arXiv 2311.18246, is evaluated with.
    """
    return replace(
        graph,
        tensors={name: tensor for name, tensor in graph.tensors.items() if not tensor.is_weight},
        operators=tuple(
            replace(
                operator,
                inputs=tuple(name for name in operator.inputs if not graph.tensors[name].is_weight),
            )
            for operator in graph.operators
        ),
    )


def without_views(graph: SizedGraph) -> SizedGraph:
    """The graph in which readers of a view read what it is a view of.

    A view that leaves the network stays, so that outputs keep their names, and so does a view of
    a weight.
    """
    return _bypassing(graph, [operator for operator in graph.operators if operator.is_view])


def clamped_on_read(graph: SizedGraph) -> SizedGraph:
    """The graph in which convolutions and matrix products clamp what they read.

    Clips that nothing else reads are gone: cells found by architecture search begin with such, and
    there the tensor before the clip is needed too, so that no operator before can do it.
    """
    clips = [
        operator
        for operator in graph.operators
        if operator.kind == "Clip"
        and all(reader.kind in _READERS for reader in graph.consumers(operator.outputs[0]))
    ]
    return _bypassing(graph, clips)


def _bypassing(graph: SizedGraph, bypassed: Sequence[SizedOperator]) -> SizedGraph:
    """The graph in which readers of operators read the first inputs of these instead.

    Operators stay where their output leaves the network or their input is a weight.
    """
    names = {operator.name for operator in bypassed}
    source: dict[str, str] = {}
    operators: list[SizedOperator] = []
    for operator in graph.operators:
        seen = replace(
            operator,
            inputs=tuple(source.get(name, name) for name in operator.inputs),
            in_place=tuple(source.get(name, name) for name in operator.in_place),
        )
        (output, *_) = operator.outputs
        if (
            operator.name in names
            and output not in graph.outputs
            and not graph.tensors[seen.inputs[0]].is_weight
        ):
            source[output] = seen.inputs[0]
        else:
            operators.append(seen)
    return replace(
        graph,
        tensors={name: tensor for name, tensor in graph.tensors.items() if name not in source},
        operators=tuple(operators),
    )

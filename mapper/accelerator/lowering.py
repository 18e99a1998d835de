"""Lowering: a network and an accelerator in, a program out."""

from golden.accelerator.description import Accelerator
from golden.graph import Graph
from mapper.accelerator.legalise import legalise
from mapper.accelerator.lowered import Lowered
from mapper.accelerator.planning import decide_greedily
from mapper.accelerator.realisation import realised
from mapper.accelerator.reference import with_fixed_point

__all__ = ["lower"]


def lower(graph: Graph, accelerator: Accelerator, *, host_fallback: bool = False) -> Lowered:
    """The program of a network.

    Parameters
    ----------
    graph : Graph
        Quantized to 8 bits.
    accelerator : Accelerator
    host_fallback : bool
        Whether the host may compute what is not in hardware at the end of the network.

    Raises
    ------
    UserError
        If an operator is not in hardware, or a layer does not fit the accelerator.
    """
    fixed = with_fixed_point(graph)
    network = legalise(fixed, accelerator.lanes, host_fallback=host_fallback)
    decisions = decide_greedily(network, accelerator)
    return realised(fixed, network, accelerator, decisions)

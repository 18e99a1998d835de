"""Lowering: a network and an accelerator in, a program out."""

from dataclasses import replace

from golden.accelerator.description import Accelerator
from golden.errors import UserError
from golden.graph import Graph
from mapper import clock
from mapper.accelerator.legalise import legalise
from mapper.accelerator.lowered import Lowered
from mapper.accelerator.mapping import Mapper, Proof, mapping_of
from mapper.accelerator.narrowing import narrowed
from mapper.accelerator.planning import decide_greedily
from mapper.accelerator.realisation import realised
from mapper.accelerator.reference import with_fixed_point

__all__ = ["TIME_LIMIT_S", "lower"]

TIME_LIMIT_S = 60.0
"""Seconds that the optimal mapper has, unless told otherwise."""


def lower(
    graph: Graph,
    accelerator: Accelerator,
    *,
    host_fallback: bool = False,
    mapper: Mapper = Mapper.GREEDY,
    time_limit: float = TIME_LIMIT_S,
    solver: str | None = None,
) -> Lowered:
    """The program of a network.

    Parameters
    ----------
    graph : Graph
        Quantized to 8 bits.
    accelerator : Accelerator
    host_fallback : bool
        Whether the host may compute what is not in hardware at the end of the network.
    mapper : Mapper
        Who decides what lies where, and how layers are cut.
    time_limit : float
        Seconds after which the optimal mapper ends with the best that it has.
    solver : str, optional
        PuLP's name of the solver that the optimal mapper uses; None for the best one installed.

    Raises
    ------
    UserError
        If an operator is not in hardware, or a layer does not fit the accelerator.
    """
    if not time_limit > 0:
        raise UserError(f"time_limit must be more than 0 seconds, not {time_limit}")
    begin = clock.now()
    fixed = with_fixed_point(graph)
    network = legalise(fixed, accelerator.lanes, host_fallback=host_fallback)
    network = narrowed(network, accelerator.feeding)
    if mapper is Mapper.GREEDY:
        decisions = decide_greedily(network, accelerator)
        lowered, proof = realised(fixed, network, accelerator, decisions), None
    else:
        # Imported late: it needs solvers.
        from mapper.accelerator.optimal.search import search

        found = search(fixed, network, accelerator, time_limit=time_limit, solver=solver)
        lowered = found.trial.lowered
        proof = Proof(
            bound_bytes=found.fewest.bound_bytes,
            compulsory_bytes=found.fewest.compulsory_bytes,
            cycles_bound=found.cycles_bound,
            graph_bytes=None if found.fewest.choice is None else found.fewest.choice.bytes,
            trials=found.trials,
        )
    mapping = mapping_of(
        lowered.residence,
        lowered.plan,
        accelerator,
        image_bytes=len(lowered.constants),
        mapper=mapper,
        proof=proof,
        seconds=clock.now() - begin,
    )
    return replace(lowered, mapping=mapping)

"""The optimal mapper: fewest bytes, then fewest cycles, neither ever more than the greedy one's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from golden.accelerator.description import Accelerator
from golden.errors import UserError
from golden.graph import Graph
from mapper import clock
from mapper.accelerator.decisions import Decisions
from mapper.accelerator.layers import Network
from mapper.accelerator.optimal.bounds import cycles_bound
from mapper.accelerator.optimal.decoding import decoded
from mapper.accelerator.optimal.descent import descended
from mapper.accelerator.optimal.graph_level import Fewest, fewest_bytes, roomier, variants
from mapper.accelerator.optimal.polish import polished
from mapper.accelerator.optimal.space import space_of
from mapper.accelerator.optimal.trials import Trial, Trials
from mapper.accelerator.planning import decide_greedily

__all__ = ["Found", "search"]

_MOST_TRIALS = 40
"""Programs that a descent simulates, however much time there is."""

_MOST_CLOSE = 2
"""Trials with a few cycles too many that are descended from."""

_BYTES_SHARE = 0.5
"""Of the time, for the integer programs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What the search ends with.

    Parameters
    ----------
    trial : Trial
    fewest : Fewest
    cycles_bound : int
        No program takes fewer.
    trials : int
        Programs that were simulated.
    """

    trial: Trial
    fewest: Fewest
    cycles_bound: int
    trials: int


def search(
    graph: Graph,
    network: Network,
    accelerator: Accelerator,
    *,
    time_limit: float,
    solver: str | None = None,
) -> Found:
    """Map a network.

    Parameters
    ----------
    graph : Graph
        With fixed-point requantization.
    network : Network
        Of the graph.
    accelerator : Accelerator
    time_limit : float
        Seconds after which it ends with the best that it has.
    solver : str, optional
        PuLP's name of the solver of integer programs.

    Raises
    ------
    UserError
        If a layer does not fit the accelerator.
    """
    begin = clock.now()
    deadline = begin + time_limit
    trials = Trials(graph, network, accelerator, deadline=deadline)
    refusal: UserError | None = None
    found: list[Trial] = []
    try:
        greedy = trials.run(decide_greedily(network, accelerator))
        found += [] if greedy is None else [greedy]
    except UserError as error:
        greedy, refusal = None, error
    space = space_of(network, accelerator)
    solving = begin + time_limit * _BYTES_SHARE
    fewest = fewest_bytes(space, deadline=solving, solver=solver)

    def try_out(candidates: Iterable[Decisions]) -> None:
        polishes = (polished(network, accelerator, decisions) for decisions in candidates)
        found.extend(trial for trial in map(trials.run, polishes) if trial is not None)

    if fewest.choice is not None:
        try_out([decoded(space, fewest.choice)])
        try_out(variants(space.usual(), fewest, deadline=solving, solver=solver))
    if not found:
        raise refusal or UserError(
            f"activation_bytes={accelerator.activation_bytes} has no room for network"
            f" {graph.name!r}"
        )
    bound = cycles_bound(network, accelerator, moved_bytes=fewest.bound_bytes)
    start = min(found, key=_rank)
    best = descended(start, trials, accelerator, least_cycles=bound, most=_MOST_TRIALS)
    if greedy is not None and best.cycles > greedy.cycles:
        # Fewer bytes, but more cycles than without a search: look for something in between.
        try_out(roomier(space.usual(), fewest, deadline=deadline, solver=solver))
        best = _between(found, greedy, trials, accelerator, bound)
    return Found(trial=best, fewest=fewest, cycles_bound=bound, trials=trials.count)


def _between(
    found: Sequence[Trial], greedy: Trial, trials: Trials, accelerator: Accelerator, bound: int
) -> Trial:
    """The fewest bytes found with no more cycles than the greedy mapping takes."""
    allowed = min((trial for trial in found if trial.cycles <= greedy.cycles), key=_rank)
    # What takes a few cycles more may take fewer after a descent.
    close = sorted(
        (trial for trial in found if trial.bytes < allowed.bytes), key=lambda trial: trial.cycles
    )
    for trial in close[:_MOST_CLOSE]:
        better = descended(
            trial, trials, accelerator, least_cycles=bound, most=_MOST_TRIALS // _MOST_CLOSE
        )
        if better.cycles <= greedy.cycles:
            allowed = min(allowed, better, key=_rank)
    return descended(allowed, trials, accelerator, least_cycles=bound, most=_MOST_TRIALS // 2)


def _rank(trial: Trial) -> tuple[int, int]:
    return trial.bytes, trial.cycles

"""Decisions tried out: the program that they make, and its exact cycles and bytes."""

from dataclasses import dataclass

from golden.accelerator.description import Accelerator, MemoryKind
from golden.accelerator.instructions import BASES
from golden.accelerator.registers import Counter
from golden.errors import UserError
from golden.graph import Graph
from mapper import clock
from mapper.accelerator.decisions import Decisions
from mapper.accelerator.layers import Network
from mapper.accelerator.lowered import Lowered
from mapper.accelerator.placement import Fit, NoRoomError
from mapper.accelerator.programs import program_layers, region_bases
from mapper.accelerator.realisation import realised
from sim.accelerator.simulation import Simulation, simulate

__all__ = ["Trial", "Trials"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """A program that was simulated.

    Parameters
    ----------
    decisions : Decisions
    lowered : Lowered
    simulation : Simulation
    """

    decisions: Decisions
    lowered: Lowered
    simulation: Simulation

    @property
    def cycles(self) -> int:
        """Of the program."""
        return self.simulation.cycles

    @property
    def bytes(self) -> int:
        """Over the data port, both ways."""
        counters = self.simulation.counters
        return counters[Counter.READ_BYTES] + counters[Counter.WRITTEN_BYTES]


class Trials:
    """Tries decisions of a network, as long as there is time.

    Parameters
    ----------
    graph : Graph
        With fixed-point requantization.
    network : Network
        Of the graph.
    accelerator : Accelerator
    deadline : float
        In the seconds of `mapper.clock.now`.
    """

    def __init__(
        self,
        graph: Graph,
        network: Network,
        accelerator: Accelerator,
        *,
        deadline: float,
    ) -> None:
        self._graph = graph
        self._network = network
        self._accelerator = accelerator
        self._deadline = deadline
        self.count = 0
        """Programs that were simulated."""

    @property
    def are_over(self) -> bool:
        """Whether there is no time for more."""
        return clock.now() >= self._deadline

    def run(self, decisions: Decisions) -> Trial | None:
        """Make the program and simulate it; None if it does not fit."""
        try:
            lowered = realised(self._graph, self._network, self._accelerator, decisions, Fit.EXACT)
        except (NoRoomError, UserError):
            return None
        # Only where others use the memory do addresses count beyond a burst, and pages are longer.
        banked = self._accelerator.memory.kind is MemoryKind.BANKED
        bases = region_bases(lowered) if banked else (0,) * BASES
        simulation = simulate(self._accelerator, program_layers(lowered), bases=bases)
        self.count += 1
        return Trial(decisions=decisions, lowered=lowered, simulation=simulation)

"""How a network is mapped: what is known of it, and how activation memory is shared."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from golden.accelerator.description import Accelerator
from mapper.accelerator.arrangement import TileRoom
from mapper.accelerator.plan import Plan
from mapper.accelerator.residence import Residence
from mapper.scheduling.checker import check
from mapper.scheduling.schedule import traffic
from mapper.status import Status

__all__ = ["Mapper", "Mapping", "Proof", "Share", "mapping_of"]


class Mapper(StrEnum):
    """Who decides.

    GREEDY: keeps values in activation memory as long as there is room. OPTIMAL: fewest bytes by
    integer programs, then fewest cycles by simulation, neither more than the greedy mapper's.
    """

    GREEDY = "greedy"
    OPTIMAL = "optimal"


@dataclass(frozen=True, kw_only=True)
class Share:
    """Of activation memory, while some layers are computed together.

    Parameters
    ----------
    layers : tuple of str
        Their names.
    resident_bytes : int
        Values that are there as a whole.
    tile_bytes : int
        Room for tiles that come from DRAM or go there.
    free_bytes : int
    """

    layers: tuple[str, ...]
    resident_bytes: int
    tile_bytes: int
    free_bytes: int


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a search has proven.

    Parameters
    ----------
    bound_bytes : int
        No mapping moves less, in both directions together.
    compulsory_bytes : int
        What moves if activation memory is as large as it takes; 0 where that is not known.
    cycles_bound : int
        No program takes fewer cycles.
    graph_bytes : int or None
        The fewest bytes for which there are addresses; None where none were found.
    trials : int
        Programs that were simulated.
    """

    bound_bytes: int
    compulsory_bytes: int
    cycles_bound: int
    graph_bytes: int | None
    trials: int


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """A network's mapping.

    Bytes are those of whole beats over the data port.

    Parameters
    ----------
    mapper : Mapper
    status : Status
        OPTIMAL where it is proven that no mapping moves fewer bytes.
    input_bytes, output_bytes, constant_bytes : int
        That any mapping moves: each input, output and constant once.
    spilled_bytes, retrieved_bytes : int
        What goes to memory and comes from there beyond that, constants included.
    bound_bytes : int or None
        No mapping spills and retrieves less together; None where that is not known.
    cycles_bound : int or None
        No program takes fewer cycles; None where that is not known.
    graph_bytes : int or None
        The fewest bytes that a mapping moves in all, whatever its cycles; None where not known.
    trials : int
        Programs that were simulated.
    seconds : float
        That it took.
    capacity_bytes, peak_bytes : int
        Of activation memory, and what is used of it at most at a time.
    shares : tuple of Share
        In the order of time.
    """

    mapper: Mapper
    status: Status
    input_bytes: int
    output_bytes: int
    constant_bytes: int
    spilled_bytes: int
    retrieved_bytes: int
    bound_bytes: int | None
    cycles_bound: int | None
    graph_bytes: int | None
    trials: int
    seconds: float
    capacity_bytes: int
    peak_bytes: int
    shares: tuple[Share, ...]

    @property
    def compulsory_bytes(self) -> int:
        """What any mapping moves."""
        return self.input_bytes + self.output_bytes + self.constant_bytes

    @property
    def objective_bytes(self) -> int:
        """What a larger activation memory could save."""
        return self.spilled_bytes + self.retrieved_bytes

    @property
    def total_bytes(self) -> int:
        """Everything."""
        return self.compulsory_bytes + self.objective_bytes

    @property
    def gap(self) -> float | None:
        """(objective - bound) / objective in bytes: 0 if optimal, None where there is no bound."""
        if self.bound_bytes is None:
            return None
        return (self.objective_bytes - self.bound_bytes) / max(self.objective_bytes, 1)


def mapping_of(
    residence: Residence,
    plan: Plan,
    accelerator: Accelerator,
    *,
    image_bytes: int,
    mapper: Mapper,
    proof: Proof | None = None,
    seconds: float = 0.0,
) -> Mapping:
    """The report of a mapping, with a schedule that has passed the checker.

    Parameters
    ----------
    residence : Residence
    plan : Plan
    accelerator : Accelerator
    image_bytes : int
        Of the constants in DRAM.
    mapper : Mapper
    proof : Proof, optional
    seconds : float
        That it took.

    Raises
    ------
    AssertionError
        If the schedule violates a rule, or its bytes undercut a bound: the mapper is wrong.
    """
    violation = check(residence.graph, residence.schedule)
    if violation is not None:
        raise AssertionError(f"the {mapper} mapper is wrong: {violation.message}")
    moved = traffic(residence.graph, residence.schedule)
    beats = -(-image_bytes // accelerator.bus_bytes) * accelerator.bus_bytes
    inputs = moved.input_bytes + moved.weight_bytes
    constants = min(beats, residence.constant_bytes)
    if proof is not None and proof.compulsory_bytes:
        # Rows that are read in another format may take more words of weights, and rows of inputs
        # may be read that no result needs: other mappings do without.
        left = max(proof.compulsory_bytes - moved.output_bytes, 0)
        constants = min(constants, max(left - inputs, 0))
        inputs = min(inputs, left - constants)
    total = moved.total_bytes + residence.constant_bytes
    status = Status.FEASIBLE
    if proof is not None:
        if total < proof.bound_bytes:
            raise AssertionError(
                f"the {mapper} mapper is wrong: {total} bytes undercut its bound of"
                f" {proof.bound_bytes}"
            )
        status = Status.OPTIMAL if total == proof.bound_bytes else Status.FEASIBLE
    shares = tuple(_shares(plan, accelerator))
    capacity = accelerator.sizes.activations * accelerator.lanes
    return Mapping(
        mapper=mapper,
        status=status,
        input_bytes=inputs,
        output_bytes=moved.output_bytes,
        constant_bytes=constants,
        spilled_bytes=moved.spilled_bytes,
        retrieved_bytes=total - moved.output_bytes - inputs - constants - moved.spilled_bytes,
        bound_bytes=None
        if proof is None
        else max(proof.bound_bytes - moved.output_bytes - inputs - constants, 0),
        cycles_bound=None if proof is None else proof.cycles_bound,
        graph_bytes=None if proof is None else proof.graph_bytes,
        trials=0 if proof is None else proof.trials,
        seconds=seconds,
        capacity_bytes=capacity,
        peak_bytes=max(capacity - share.free_bytes for share in shares),
        shares=shares,
    )


def _shares(plan: Plan, accelerator: Accelerator) -> Sequence[Share]:
    lanes, words = accelerator.lanes, accelerator.sizes.activations
    shares = []
    for number, stage in enumerate(plan.stages):
        present = [item for item in plan.items if item.first <= number <= item.last]
        tiles = sum(item.words for item in present if isinstance(item.key, TileRoom))
        used = sum(item.words for item in present)
        shares.append(
            Share(
                layers=tuple(plan.layers[layer].name for layer in stage),
                resident_bytes=(used - tiles) * lanes,
                tile_bytes=tiles * lanes,
                free_bytes=(words - used) * lanes,
            )
        )
    return shares

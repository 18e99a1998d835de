"""How many bytes of tensors a network needs at once.

A tensor is live from the first to the last operator that touches it: an activation from the one
that produces it, a weight from the first that reads it. During an operator, everything live and
everything that the operator touches is in the scratchpad.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from golden.errors import UserError
from mapper.scheduling.graph import SizedGraph, SizedOperator

__all__ = [
    "Budgets",
    "LeastPeak",
    "budgets",
    "footprints",
    "largest_operator_bytes",
    "least_peak",
    "listed_order",
    "operators_in_order",
    "peak_bytes",
]


def listed_order(graph: SizedGraph) -> tuple[str, ...]:
    """Names of the operators in the order of the graph."""
    return tuple(operator.name for operator in graph.operators)


def largest_operator_bytes(graph: SizedGraph, *, in_place: bool = False) -> int:
    """Inputs and outputs of the largest operator: no schedule works with less.

    M_R of COSMA, arXiv 2311.18246.

    Parameters
    ----------
    graph : SizedGraph
    in_place : bool
        Whether outputs take the places of inputs that allow it.
    """
    return max(
        graph.bytes_of(operator.tensors)
        - (_overlaid(graph, operator, operator.inputs) if in_place else 0)
        for operator in graph.operators
    )


def footprints(
    graph: SizedGraph, order: Sequence[str], *, in_place: bool = False
) -> tuple[int, ...]:
    """Bytes in the scratchpad while each operator runs, where nothing is spilled.

    Parameters
    ----------
    graph : SizedGraph
    order : sequence of str
        Names of all operators.
    in_place : bool
        Whether an output takes the place of an input that allows it and dies.

    Returns
    -------
    tuple of int
        In the order of ``order``.

    Raises
    ------
    UserError
        If the order does not have each operator once, after those that it depends on.
    """
    operators = operators_in_order(graph, order)
    left = {name: len(graph.consumers(name)) for name in graph.tensors}
    live: set[str] = set()
    used = 0
    result: list[int] = []
    for operator in operators:
        fresh = [name for name in operator.tensors if name not in live]
        live.update(fresh)
        used += graph.bytes_of(fresh)
        for name in dict.fromkeys(operator.inputs):
            left[name] -= 1
        dead = [name for name in operator.tensors if not left[name]]
        result.append(used - (_overlaid(graph, operator, dead) if in_place else 0))
        live.difference_update(dead)
        used -= graph.bytes_of(dead)
    return tuple(result)


def operators_in_order(graph: SizedGraph, order: Sequence[str]) -> list[SizedOperator]:
    """The operators of a graph in an order of their names.

    Raises
    ------
    UserError
        If the order does not have each operator once, after those that it depends on.
    """
    named = {operator.name: operator for operator in graph.operators}
    if sorted(order) != sorted(named):
        raise UserError(
            f"an order of network {graph.name!r} must have each of its {len(named)} operators once"
        )
    known = {name for name, tensor in graph.tensors.items() if tensor.is_weight}
    for name in order:
        missing = next((read for read in named[name].inputs if read not in known), None)
        if missing is not None:
            raise UserError(
                f"operator {name!r} must come after the one that produces its input {missing!r}"
            )
        known.update(named[name].outputs)
    return [named[name] for name in order]


def _overlaid(graph: SizedGraph, operator: SizedOperator, dead: Sequence[str]) -> int:
    """Bytes of outputs that can be those of inputs that die, each of one."""
    sizes = graph.tensors
    return _most_overlaid(
        [
            sizes[name].size_bytes
            for name in {*operator.in_place} & {*operator.inputs}
            if name in dead
        ],
        [sizes[name].size_bytes for name in operator.outputs],
    )


def _most_overlaid(dying: Sequence[int], made: Sequence[int]) -> int:
    """Most bytes of outputs that fit in the places of inputs, each in one.

    The largest output that fits has the first choice: larger inputs serve all that smaller do.

    Parameters
    ----------
    dying, made : sequence of int
        Bytes of inputs and of outputs.
    """
    total = 0
    free = sorted(dying, reverse=True)
    for size in sorted(made, reverse=True):
        if free and free[0] >= size:
            del free[0]
            total += size
    return total


def peak_bytes(graph: SizedGraph, order: Sequence[str], *, in_place: bool = False) -> int:
    """Most bytes in the scratchpad at a time; parameters and errors as those of `footprints`."""
    return max(footprints(graph, order, in_place=in_place))


@dataclass(frozen=True, kw_only=True)
class LeastPeak:
    """An order of small peak.

    Parameters
    ----------
    order : tuple of str
        Names of all operators.
    peak_bytes : int
        Of this order.
    bound_bytes : int
        No order has a smaller peak.
    """

    order: tuple[str, ...]
    peak_bytes: int
    bound_bytes: int

    @property
    def is_optimal(self) -> bool:
        """Whether no order has a smaller peak."""
        return self.peak_bytes == self.bound_bytes


def least_peak(
    graph: SizedGraph, *, in_place: bool = False, max_states: int = 200_000
) -> LeastPeak:
    """The order of the smallest peak: M_P of COSMA, arXiv 2311.18246, section III-E1.

    Searches sets of executed operators, those of the smallest peak so far first. That peak starts
    from what no order avoids: during an operator, whatever operators before and after it on a path
    through it touch is live. An operator runs at once if it fits below the peak so far and leaves
    no more bytes live than before. That loses nothing: in any order of the rest, moving this
    operator to the front adds no bytes at any step, because what it frees now it would also free
    later.

    Parameters
    ----------
    graph : SizedGraph
    in_place : bool
        Whether outputs take the places of inputs that allow it and die.
    max_states : int
        Sets kept before the search gives up; then the result is the listed order, with the bound
        reached so far.

    Returns
    -------
    LeastPeak
    """
    search = _PeakSearch(graph, in_place)
    return search.run(max_states)


@dataclass(frozen=True)
class _State:
    """A set of executed operators and how it was reached."""

    done: int
    ready: tuple[int, ...]
    live_bytes: int
    previous: "_State | None"
    ran: tuple[int, ...]

    def order(self) -> list[int]:
        parts: list[tuple[int, ...]] = []
        state: _State | None = self
        while state is not None:
            parts.append(state.ran)
            state = state.previous
        return [number for part in reversed(parts) for number in part]


class _PeakSearch:
    """Best-first search; sets of operators are bit masks."""

    def __init__(self, graph: SizedGraph, in_place: bool) -> None:
        self._graph = graph
        self._in_place = in_place
        number = {operator.name: index for index, operator in enumerate(graph.operators)}
        toucher = dict.fromkeys(graph.tensors, 0)
        for index, operator in enumerate(graph.operators):
            for name in operator.tensors:
                toucher[name] |= 1 << index
        # Tensors are their bytes and the mask of the operators that touch them.
        self._sizes = [(tensor.size_bytes, toucher[name]) for name, tensor in graph.tensors.items()]
        self._touched = [
            [(graph.tensors[name].size_bytes, toucher[name]) for name in operator.tensors]
            for operator in graph.operators
        ]
        # Inputs that may leave their places to outputs, where that is asked for, and outputs.
        self._handovers = [
            (
                [
                    (graph.tensors[name].size_bytes, toucher[name])
                    for name in {*operator.in_place} & {*operator.inputs}
                    if in_place
                ],
                [graph.tensors[name].size_bytes for name in operator.outputs],
            )
            for operator in graph.operators
        ]
        self._before = [0] * len(number)
        self._after: list[list[int]] = [[] for _ in number]
        for index, operator in enumerate(graph.operators):
            for name in operator.inputs:
                producer = graph.producer(name)
                if producer is not None:
                    self._before[index] |= 1 << number[producer.name]
            readers = {
                number[reader.name] for name in operator.outputs for reader in graph.consumers(name)
            }
            self._after[index] = sorted(readers)

    def run(self, max_states: int) -> LeastPeak:
        graph = self._graph
        everything = (1 << len(graph.operators)) - 1
        floor = self._unavoidable()
        ready = tuple(index for index, before in enumerate(self._before) if not before)
        start = self._settled(_State(0, ready, 0, None, ()), floor)
        # Ties go to the set with most operators executed, so that the search dives.
        heap = [(floor, -start.done.bit_count(), 0, start)]
        best = {start.done: floor}
        pushed = 0
        bound = floor
        while heap:
            peak, _, _, state = heapq.heappop(heap)
            bound = peak
            if state.done == everything:
                return self._result(state.order(), peak)
            if best[state.done] < peak:
                continue
            if pushed > max_states:
                break
            for index in state.ready:
                higher = max(peak, self._costs(index, state)[0])
                following = self._settled(self._executed(state, index), higher)
                if higher < best.get(following.done, higher + 1):
                    best[following.done] = higher
                    pushed += 1
                    entry = (higher, -following.done.bit_count(), pushed, following)
                    heapq.heappush(heap, entry)
        return self._result(list(range(len(graph.operators))), bound)

    def _unavoidable(self) -> int:
        """Bytes that are in the scratchpad during some operator whatever the order."""
        count = len(self._before)
        above = [0] * count
        for index, before in enumerate(self._before):
            for other in range(index):
                if before >> other & 1:
                    above[index] |= above[other] | 1 << other
        below = [0] * count
        for index in reversed(range(count)):
            for later in self._after[index]:
                below[index] |= below[later] | 1 << later
        return max(
            sum(
                size
                for size, touchers in self._sizes
                if touchers >> index & 1 or (touchers & above[index] and touchers & below[index])
            )
            - self._overlaid(index, (1 << count) - 1)
            for index in range(count)
        )

    def _result(self, order: Sequence[int], bound: int) -> LeastPeak:
        names = tuple(self._graph.operators[index].name for index in order)
        peak = peak_bytes(self._graph, names, in_place=self._in_place)
        return LeastPeak(order=names, peak_bytes=peak, bound_bytes=min(peak, bound))

    def _costs(self, index: int, state: _State) -> tuple[int, int]:
        """Bytes in the scratchpad during an operator, and live after it."""
        done = state.done
        after = done | 1 << index
        during = state.live_bytes
        freed = 0
        for size, touchers in self._touched[index]:
            if not touchers & done:
                during += size
            if not touchers & ~after:
                freed += size
        return during - self._overlaid(index, after), during - freed

    def _overlaid(self, index: int, after: int) -> int:
        """Bytes of an operator's outputs in the places of inputs that nothing else is to read."""
        inputs, made = self._handovers[index]
        if not inputs:
            return 0
        return _most_overlaid([size for size, touchers in inputs if not touchers & ~after], made)

    def _executed(self, state: _State, index: int) -> _State:
        done = state.done | 1 << index
        fresh = [later for later in self._after[index] if not self._before[later] & ~done]
        return _State(
            done,
            (*(other for other in state.ready if other != index), *fresh),
            self._costs(index, state)[1],
            state,
            (index,),
        )

    def _settled(self, state: _State, floor: int) -> _State:
        """After all operators that run at once."""
        ran: list[int] = []
        origin = state
        progress = True
        while progress:
            progress = False
            for index in state.ready:
                during, live = self._costs(index, state)
                if during <= floor and live <= state.live_bytes:
                    state = self._executed(state, index)
                    ran.append(index)
                    progress = True
                    break
        return _State(
            state.done,
            state.ready,
            state.live_bytes,
            origin.previous,
            (*origin.ran, *ran),
        )


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """Sizes of scratchpad to compare schedules at, as COSMA, arXiv 2311.18246, does.

    Parameters
    ----------
    m_r_bytes : int
        Inputs and outputs of the largest operator.
    m_h_bytes : int
        Halfway between the other two, rounded down.
    m_p_bytes : int
        Smallest peak of any order, or of the best one found.
    m_p_is_optimal : bool
        Whether no order has a smaller peak.
    """

    m_r_bytes: int
    m_h_bytes: int
    m_p_bytes: int
    m_p_is_optimal: bool


def budgets(graph: SizedGraph, *, in_place: bool = False, max_states: int = 200_000) -> Budgets:
    """The three budgets of a network; other parameters as those of `least_peak`."""
    least = least_peak(graph, in_place=in_place, max_states=max_states)
    smallest = largest_operator_bytes(graph, in_place=in_place)
    return Budgets(
        m_r_bytes=smallest,
        m_h_bytes=(smallest + least.peak_bytes) // 2,
        m_p_bytes=least.peak_bytes,
        m_p_is_optimal=least.is_optimal,
    )

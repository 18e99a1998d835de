"""The least bytes of small graphs, by trying everything that a schedule can do.

Written from the rules of `mapper.scheduling.checker` and the words of `Step`, with no model of
integer programs and no intervals: a state is which operators have run, which tensors lie whole at
which address, and which have a copy in memory. From a state, each operator that is ready is tried
with each set of tensors that stay, each that come, each that are spilled, and each address.

`Moves.ALL` does that to the letter. `Moves.USEFUL` leaves out what cannot help:

- retrieving a tensor that this operator does not read. It can come to the same address when it is
  read, because nothing else lay there meanwhile;
- spilling a tensor that stays whole. It can be spilled in the step that drops or overwrites it;
- keeping a tensor that nothing reads later.

States are taken up in the order of their bytes so far plus the least bytes to the end without
addresses, which is what the same moves cost where only the sum of sizes has to fit. No way to the
end costs less, so that the first end that comes up is the least.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import NamedTuple

from mapper.scheduling.graph import INPUT, SizedGraph, SizedOperator
from mapper.scheduling.schedule import Placement, Schedule, Step


class Moves(Enum):
    ALL = "everything that is allowed"
    USEFUL = "everything that may help"


@dataclass(frozen=True)
class Answer:
    """The least bytes with a schedule that has them, and the least bytes without addresses."""

    least_bytes: int
    schedule: Schedule
    relaxed_bytes: int


class State(NamedTuple):
    """Between two steps, without addresses; each set as bits."""

    done: int
    whole: int
    saved: int
    read: int


class Move(NamedTuple):
    """One step, without addresses; ``inside`` tells the input that an output lies in."""

    operator: int
    kept: int
    retrieved: int
    spilled: int
    inside: tuple[tuple[int, int], ...]
    cost: int
    after: State


Places = tuple[tuple[int, int], ...]
"""Tensors with their addresses, in the order of the tensors."""


def least(
    graph: SizedGraph,
    capacity: int,
    *,
    in_place: bool = False,
    order: tuple[str, ...] | None = None,
    moves: Moves = Moves.USEFUL,
) -> Answer | None:
    """The least non-compulsory bytes of any schedule; None if there is none."""
    return _Search(graph, capacity, in_place, order, moves).run()


class _Search:
    def __init__(
        self,
        graph: SizedGraph,
        capacity: int,
        in_place: bool,
        order: tuple[str, ...] | None,
        moves: Moves,
    ) -> None:
        self.graph = graph
        self.capacity = capacity
        self.in_place = in_place
        self.moves = moves
        self.names = list(graph.tensors)
        self.number = {name: index for index, name in enumerate(self.names)}
        self.sizes = [graph.tensors[name].size_bytes for name in self.names]
        self.copies = [graph.tensors[name].copy_bytes for name in self.names]
        self.operators = list(graph.operators)
        if order is not None:
            by_name = {operator.name: operator for operator in graph.operators}
            self.operators = [by_name[name] for name in order]
        self.is_ordered = order is not None
        self.inputs = [self.bits(operator.inputs) for operator in self.operators]
        self.outputs = [self.bits(operator.outputs) for operator in self.operators]
        self.weights = self.bits(n for n in self.names if graph.tensors[n].is_weight)
        self.saved_when_made = self.bits(graph.outputs) | self.bits(
            name
            for operator in self.operators
            if operator.kind == INPUT
            for name in operator.outputs
        )
        self.everything = (1 << len(self.operators)) - 1
        self.remaining = cache(self._remaining)
        self.choices = cache(self._choices)

    def bits(self, names) -> int:
        return sum(1 << self.number[name] for name in set(names))

    def members(self, mask: int) -> list[int]:
        return [index for index in range(len(self.names)) if mask >> index & 1]

    def size(self, mask: int) -> int:
        return sum(self.sizes[index] for index in self.members(mask))

    def copied(self, mask: int) -> int:
        return sum(self.copies[index] for index in self.members(mask))

    def ready(self, done: int) -> Iterator[int]:
        made = self.weights
        for index, outputs in enumerate(self.outputs):
            if done >> index & 1:
                made |= outputs
        for index, inputs in enumerate(self.inputs):
            if not done >> index & 1 and not inputs & ~made:
                yield index
                if self.is_ordered:
                    return
            elif self.is_ordered and not done >> index & 1:
                return

    def wanted(self, done: int) -> int:
        """Tensors that an operator will read."""
        wanted = 0
        for index, inputs in enumerate(self.inputs):
            if not done >> index & 1:
                wanted |= inputs
        return wanted

    # Without addresses

    def _choices(self, state: State) -> list[Move]:
        return [move for index in self.ready(state.done) for move in self._moves(state, index)]

    def _moves(self, state: State, index: int) -> Iterator[Move]:
        done = state.done | 1 << index
        inputs, outputs = self.inputs[index], self.outputs[index]
        is_useful = self.moves is Moves.USEFUL
        later = self.wanted(done)
        stays = state.whole & (later | inputs) if is_useful else state.whole
        for kept, inside in itertools.product(
            _subsets(stays), self._insides(self.operators[index])
        ):
            overwritten = sum(1 << below for _, below in inside)
            if is_useful:
                gone = state.whole & (~kept | overwritten)
                again = inputs & ~kept
                spills = [gone & ~state.saved & (later | again)]
            else:
                spills = list(_subsets(state.whole))
            for spilled in spills:
                saved = state.saved | spilled
                comes = saved & ~kept & ~outputs
                if is_useful:
                    comings = [again] if not again & ~saved else []
                else:
                    comings = list(_subsets(comes))
                for retrieved in comings:
                    present = kept | retrieved
                    if inputs & ~present or overwritten & ~present:
                        continue
                    free = self.size(sum(1 << above for above, _ in inside))
                    if self.size(present | outputs) - free > self.capacity:
                        continue
                    whole = present & ~overwritten | outputs
                    first = retrieved & self.weights & ~state.read
                    yield Move(
                        index,
                        kept,
                        retrieved,
                        spilled,
                        inside,
                        self.copied(spilled) + self.copied(retrieved & ~first),
                        State(
                            done,
                            whole & later if is_useful else whole,
                            saved | outputs & self.saved_when_made,
                            state.read | retrieved & self.weights,
                        ),
                    )

    def _insides(self, operator: SizedOperator) -> Iterator[tuple[tuple[int, int], ...]]:
        """Ways for outputs to lie in inputs, each input taken by one."""
        below = [self.number[name] for name in dict.fromkeys(operator.in_place)]
        outputs = [self.number[name] for name in operator.outputs]
        options = [
            [None, *(b for b in below if self.sizes[b] >= self.sizes[o])]
            if self.in_place
            else [None]
            for o in outputs
        ]
        for chosen in itertools.product(*options):
            taken = [b for b in chosen if b is not None]
            if len(set(taken)) == len(taken):
                yield tuple((o, b) for o, b in zip(outputs, chosen, strict=True) if b is not None)

    def _remaining(self, state: State) -> float:
        """Least bytes from here to the end, where only sums of sizes have to fit."""
        if state.done == self.everything:
            return 0
        return min(
            (move.cost + self.remaining(move.after) for move in self.choices(state)),
            default=float("inf"),
        )

    # With addresses

    def run(self) -> Answer | None:
        start = State(0, 0, self.weights, 0)
        relaxed = limit = self.remaining(start)
        while limit < float("inf"):
            steps, limit = self._reached(start, limit)
            if steps is not None:
                schedule = Schedule(capacity_bytes=self.capacity, steps=tuple(steps))
                return Answer(int(limit), schedule, int(relaxed))
        return None

    def _reached(self, start: State, limit: float) -> tuple[list[Step] | None, float]:
        """Steps to the end within so many bytes; or none, and the least bytes that may do."""
        beyond = float("inf")
        seen: dict[tuple[State, Places], int] = {}
        # Depth first: what is left to be tried after each step, and the step.
        trail = [(self._next(start, (), 0, limit), None)]
        while trail:
            tried, _ = trail[-1]
            found = next(tried, None)
            if found is None:
                trail.pop()
                continue
            move, during, total = found
            if move is None:
                beyond = min(beyond, total)
                continue
            after = tuple(place for place in during if move.after.whole >> place[0] & 1)
            key = (move.after, self._canonical(after))
            if seen.get(key, total + 1) <= total:
                continue
            seen[key] = total
            following = self._next(move.after, after, total, limit)
            trail.append((following, self._step(move, during)))
            if move.after.done == self.everything:
                return [step for _, step in trail if step is not None], limit
        return None, beyond

    def _next(
        self, state: State, places: Places, spent: int, limit: float
    ) -> Iterator[tuple[Move | None, Places, float]]:
        """Steps with their bytes so far; instead of a step that leads too far, bytes to the end."""
        for move in self.choices(state):
            total = spent + move.cost
            least_total = total + self.remaining(move.after)
            if least_total > limit:
                yield None, (), least_total
                continue
            for during in self._placed(move, places):
                yield move, during, total

    def _canonical(self, places: Places) -> Places:
        """The same for a scratchpad and its mirror image, where nothing depends on direction."""
        if self.in_place:
            return places
        mirrored = tuple((i, self.capacity - at - self.sizes[i]) for i, at in places)
        return min(places, mirrored)

    def _placed(self, move: Move, places: Places) -> Iterator[Places]:
        """All ways to place what comes and what is made."""
        kept = {i: at for i, at in places if move.kept >> i & 1}
        taken = 0
        for i, at in kept.items():
            taken |= self._bytes(i, at)
        inside = dict(move.inside)
        outputs = self.outputs[move.operator]
        fresh = [i for i in self.members(move.retrieved | outputs) if i not in inside]
        for found in self._all_places(fresh, taken):
            placed = {**kept, **dict(zip(fresh, found, strict=True))}
            for above, below in inside.items():
                placed[above] = placed[below]
            yield tuple(sorted(placed.items()))

    def _all_places(self, fresh: list[int], taken: int) -> Iterator[tuple[int, ...]]:
        if not fresh:
            yield ()
            return
        first, *rest = fresh
        for at in range(self.capacity - self.sizes[first] + 1):
            own = self._bytes(first, at)
            if not taken & own:
                for others in self._all_places(rest, taken | own):
                    yield at, *others

    def _bytes(self, i: int, at: int) -> int:
        return ((1 << self.sizes[i]) - 1) << at

    def _step(self, move: Move, during: Places) -> Step:
        return Step(
            operator=self.operators[move.operator].name,
            resident=tuple(Placement(tensor=self.names[i], address=at) for i, at in during),
            spilled=tuple(self.names[i] for i in self.members(move.spilled)),
            retrieved=tuple(self.names[i] for i in self.members(move.retrieved)),
        )


def _subsets(mask: int) -> Iterator[int]:
    subset = mask
    while True:
        yield subset
        if not subset:
            return
        subset = subset - 1 & mask

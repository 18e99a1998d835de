"""Fewest bytes: the integer program over all orders, with addresses that exist.

Each order is solved with every layer for itself and one place for tiles, as nothing needs less
room. The best answer that has addresses is the optimum if no order has a smaller one, and if
all that was passed over is proven to have no addresses.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from mapper import clock
from mapper.accelerator.arrangement import arrange
from mapper.accelerator.decisions import Decisions
from mapper.accelerator.optimal.decoding import decoded
from mapper.accelerator.optimal.orders import alone, interleaving, orders_of, together
from mapper.accelerator.optimal.residency import Answer, Choice, Residency, Setting
from mapper.accelerator.optimal.space import Space
from mapper.accelerator.placement import Fit, NoRoomError
from mapper.status import Status

__all__ = ["Fewest", "fewest_bytes", "roomier", "variants"]

_MOST_ORDERS = 200
"""Orders that are looked at."""

_TRIES = 30
"""Answers without addresses that are passed over before room is taken off."""

_SHRINKS = 8
"""Parts of activation memory that are taken off, one by one, until there are addresses."""


@dataclass(frozen=True, kw_only=True)
class Fewest:
    """What is known of the bytes of a network.

    Parameters
    ----------
    status : Status
    choice : Choice or None
        That moves fewest.
    orders : tuple of tuple of int
        Those that may move as few, the most promising first.
    bound_bytes : int
        Nothing moves less.
    compulsory_bytes : int
        What moves if activation memory is as large as it takes.
    """

    status: Status
    choice: Choice | None
    orders: tuple[tuple[int, ...], ...]
    bound_bytes: int
    compulsory_bytes: int


def fewest_bytes(space: Space, *, deadline: float, solver: str | None = None) -> Fewest:
    """The choice that moves fewest bytes.

    Parameters
    ----------
    space : Space
    deadline : float
        In the seconds of `mapper.clock.now`.
    solver : str, optional
        PuLP's name of it.
    """
    words = space.accelerator.sizes.activations
    given = next(orders_of(space.layers))
    roomy = Residency(space, Setting(stages=alone(given), turns=1), None)
    free = roomy.solve(time_limit=_left(deadline), solver=solver)
    compulsory = free.bound_bytes or 0
    relaxed = _Relaxed(space, words, deadline, solver)
    passed = 0
    while passed < _TRIES and (entry := relaxed.least(compulsory)) is not None:
        placed, is_proof = _placed(space, entry.choice)
        if placed is not None:
            bound = entry.bytes if relaxed.is_proven or entry.bytes == compulsory else compulsory
            return Fewest(
                status=Status.OPTIMAL if bound == entry.bytes else Status.FEASIBLE,
                choice=entry.choice,
                orders=tuple(relaxed.orders(entry.bytes)),
                bound_bytes=bound,
                compulsory_bytes=compulsory,
            )
        passed += 1
        relaxed.pass_over(entry, is_proof=is_proof)
    left = relaxed.least(compulsory)
    bound = left.bytes if left is not None and relaxed.is_proven else compulsory
    choice = _shrunk(space, given, deadline, solver)
    status = Status.FEASIBLE
    if choice is None:
        status = Status.INFEASIBLE if left is None and relaxed.is_proven else Status.UNKNOWN
    return Fewest(
        status=status,
        choice=choice,
        orders=(given,),
        bound_bytes=bound,
        compulsory_bytes=compulsory,
    )


def variants(
    space: Space, fewest: Fewest, *, deadline: float, solver: str | None = None
) -> Iterator[Decisions]:
    """Other decisions that move as few bytes and may take fewer cycles.

    Layers that the vector unit goes on with are computed together, and tiles have two places, where
    there is room for that.
    """
    assert fewest.choice is not None
    for order in fewest.orders[:_MOST_VARIED]:
        for stages in (together(space.layers, order), alone(order)):
            for turns in (2, 1):
                setting = Setting(stages=stages, turns=turns)
                decisions = _solved(space, setting, deadline, solver, fewest.choice.bytes)
                if decisions is not None:
                    yield decisions
                    break


def roomier(
    space: Space, fewest: Fewest, *, deadline: float, solver: str | None = None
) -> Iterator[Decisions]:
    """Decisions with room for units to work at the same time, if that moves more bytes."""
    for order in fewest.orders[:_MOST_VARIED]:
        for stages, turns in (
            (alone(order), 2),
            (together(space.layers, order), 1),
            (together(space.layers, order), 2),
        ):
            decisions = _solved(space, Setting(stages=stages, turns=turns), deadline, solver)
            if decisions is not None:
                yield decisions


def _solved(
    space: Space,
    setting: Setting,
    deadline: float,
    solver: str | None,
    most_bytes: int | None = None,
) -> Decisions | None:
    words = space.accelerator.sizes.activations
    program = Residency(space, setting, words, most_bytes=most_bytes)
    answer = program.solve(time_limit=_left(deadline), solver=solver)
    return None if answer.choice is None else decoded(space, answer.choice)


_MOST_VARIED = 3
"""Orders of which variants are looked at."""


class _Entry:
    """An answer for an order; those that move less come first, and of equals the earlier."""

    def __init__(self, answer: Answer, order: tuple[int, ...], program: Residency) -> None:
        assert answer.choice is not None
        self.choice = answer.choice
        self.order = order
        self.program = program
        self.bytes = answer.choice.bytes

    def __lt__(self, other: "_Entry") -> bool:
        return (self.bytes, self.order) < (other.bytes, other.order)


class _Relaxed:
    """Answers for all orders, whatever the addresses.

    Parameters
    ----------
    space : Space
    words : int
        Of activation memory.
    deadline : float
    solver : str or None
    """

    def __init__(self, space: Space, words: int, deadline: float, solver: str | None) -> None:
        self._space = space
        self._words = words
        self._deadline = deadline
        self._solver = solver
        self._coming = islice(orders_of(space.layers), _MOST_ORDERS + 1)
        self._seen = 0
        self._heap: list[_Entry] = []
        self.is_proven = True
        """Whether no answer is smaller than the least, but for those passed over."""

    def least(self, enough: int) -> _Entry | None:
        """The least answer; orders are looked at until one has no more than ``enough`` bytes."""
        while not self._heap or self._heap[0].bytes > enough:
            order = next(self._coming, None)
            if order is None:
                break
            if self._seen == _MOST_ORDERS or clock.now() >= self._deadline:
                self.is_proven = False
                break
            self._seen += 1
            setting = Setting(stages=alone(order), turns=1)
            self._solve(Residency(self._space, setting, self._words), order)
        return self._heap[0] if self._heap else None

    def orders(self, most_bytes: int) -> Iterator[tuple[int, ...]]:
        """Orders with answers of up to so many bytes, those that keep units busy first."""
        yield from sorted(
            (entry.order for entry in self._heap if entry.bytes <= most_bytes),
            key=lambda order: (-interleaving(self._space.layers, order), order),
        )

    def pass_over(self, entry: _Entry, *, is_proof: bool) -> None:
        """Look for another answer in place of the least one."""
        self.is_proven = self.is_proven and is_proof
        heapq.heappop(self._heap)
        entry.program.exclude(entry.choice)
        self._solve(entry.program, entry.order)

    def _solve(self, program: Residency, order: tuple[int, ...]) -> None:
        left = _left(self._deadline)
        answer = program.solve(time_limit=left, solver=self._solver)
        if answer.status not in (Status.OPTIMAL, Status.INFEASIBLE):
            self.is_proven = False
        if answer.choice is not None:
            heapq.heappush(self._heap, _Entry(answer, order, program))


def _left(deadline: float) -> float:
    return max(deadline - clock.now(), 0.0)


def _placed(space: Space, choice: Choice) -> tuple[Decisions | None, bool]:
    """Decisions that have addresses; else whether it is proven that there are none."""
    decisions = decoded(space, choice)
    try:
        arrange(space.network, space.accelerator, decisions, Fit.EXACT)
    except NoRoomError as error:
        return None, error.is_proven
    return decisions, True


def _shrunk(
    space: Space, order: tuple[int, ...], deadline: float, solver: str | None
) -> Choice | None:
    """A choice that has addresses, made for less room than there is."""
    words = space.accelerator.sizes.activations
    for part in range(1, _SHRINKS):
        setting = Setting(stages=alone(order), turns=1)
        room = words * (_SHRINKS - part) // _SHRINKS
        program = Residency(space, setting, room)
        answer = program.solve(time_limit=_left(deadline), solver=solver)
        if answer.choice is not None and _placed(space, answer.choice)[0] is not None:
            return answer.choice
    return None

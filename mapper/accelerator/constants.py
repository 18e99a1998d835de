"""Constants: the order in which they lie in DRAM, and when they are loaded to where."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.description import Accelerator
from golden.accelerator.instructions import Load, LocalMemory
from golden.errors import UserError
from mapper.accelerator.actions import Action, PieceUse

__all__ = ["Loaded", "with_constants"]

_AHEAD = 2
"""Loads of constants for later layers that may be under way."""

_MOST_WORDS = 1 << 16
_MOST_ROW_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class Loaded:
    """Instructions with constants.

    Parameters
    ----------
    actions : tuple of Action
        With addresses of constants, and with loads of them.
    image : bytes
        Constants, in the order in which they are loaded first.
    """

    actions: tuple[Action, ...]
    image: bytes


@dataclass
class _Instance:
    """Constants from when they are loaded to when they are used last."""

    piece: object
    words: int
    first: int
    last: int
    layer: int
    stage: int
    address: int = -1


def with_constants(
    actions: Sequence[Action],
    pieces: Mapping[object, NDArray[np.int8]],
    accelerator: Accelerator,
) -> Loaded:
    """Load constants before they are used, a layer ahead where there is room.

    Raises
    ------
    UserError
        If what a layer needs does not fit its memory.
    """
    image = _Image(pieces, accelerator.bus_bytes)
    sizes = accelerator.sizes
    weights = _Memory("weights", LocalMemory.WEIGHTS, sizes.weights, actions, image)
    parameters = _Memory("parameters", LocalMemory.PARAMETERS, sizes.parameters, actions, image)
    busy = _last_loads(actions)
    result: list[Action] = []
    for number, action in enumerate(actions):
        if number == 0 and weights.next_use < math.inf:
            result += weights.load_for(weights.next_use, number)
        for memory in (weights, parameters):
            result += memory.load_for(number, number)
        result.append(parameters.addressed(weights.addressed(action, number), number))
        busy_stage = action.stage if number < busy[action.stage] else None
        for memory in sorted((weights, parameters), key=lambda entry: entry.next_use):
            result += memory.load_ahead(number + 1, busy_stage)
    return Loaded(tuple(result), bytes(image.octets))


def _last_loads(actions: Sequence[Action]) -> dict[int, int]:
    """For each stage its last load of activations, -1 for none."""
    last = {action.stage: -1 for action in actions}
    for number, action in enumerate(actions):
        if isinstance(action.instruction, Load):
            last[action.stage] = number
    return last


class _Image:
    """Constants in DRAM. Each piece begins at a beat, so that what it takes is its own."""

    def __init__(self, pieces: Mapping[object, NDArray[np.int8]], alignment: int) -> None:
        self.pieces = pieces
        self._alignment = alignment
        self.octets = bytearray()
        self._addresses: dict[object, int] = {}

    def follows(self, piece: object, end: int) -> bool:
        """Whether a piece lies, or may be put, at ``end``."""
        return self._addresses.get(piece, self._next) == end

    def address(self, piece: object) -> int:
        """First byte of a piece; new ones come last."""
        if piece not in self._addresses:
            self._addresses[piece] = self._next
            self.octets += bytes(self._next - len(self.octets))
            self.octets += self.pieces[piece].tobytes()
        return self._addresses[piece]

    @property
    def _next(self) -> int:
        return -(-len(self.octets) // self._alignment) * self._alignment


class _Memory:
    """A memory of constants while the program goes on."""

    def __init__(
        self,
        field: str,
        memory: LocalMemory,
        words: int,
        actions: Sequence[Action],
        image: _Image,
    ) -> None:
        self._field = field
        self._memory = memory
        self._words = words
        self._image = image
        self._instances, self._used = _instances(field, actions, image.pieces)
        self._next = 0
        self._head = 0
        self._live: list[_Instance] = []
        self._ahead: list[int] = []

    @property
    def next_use(self) -> float:
        """The action that first needs what is not loaded yet; infinite if there is none."""
        if self._next == len(self._instances):
            return math.inf
        return self._instances[self._next].first

    def load_for(self, use: float, number: int) -> list[Action]:
        """Loads that an action needs, at a place in the program.

        Raises
        ------
        UserError
            If there is no room.
        """
        result = []
        while self._next < len(self._instances) and self._instances[self._next].first <= use:
            action = self._load(number, merge=self._next > 0)
            if action is None:
                raise UserError(
                    f"the memory for {self._field} has no room for what a layer needs at a time;"
                    f" raise {self._field.removesuffix('s')}_bytes"
                )
            result.append(action)
        return result

    def load_ahead(self, number: int, busy: int | None) -> list[Action]:
        """A load for later, if there is room.

        Parameters
        ----------
        number : int
            The action that comes next.
        busy : int, optional
            A stage that has loads of activations to come: nothing is loaded for others then.
        """
        self._ahead = [first for first in self._ahead if first >= number]
        if self._next == len(self._instances) or len(self._ahead) >= _AHEAD:
            return []
        instance = self._instances[self._next]
        if busy is not None and busy != instance.stage:
            return []
        action = self._load(number, merge=self._next > 0)
        if action is None:
            return []
        self._ahead.append(instance.first)
        return [action]

    def addressed(self, action: Action, number: int) -> Action:
        """An action with the address of what it uses."""
        use = _use(action, self._field)
        if use is None:
            return action
        address: dict[str, Any] = {self._field: self._used[number].address + use.offset}
        return replace(action, instruction=replace(action.instruction, **address))

    def _load(self, number: int, *, merge: bool) -> Action | None:
        """Load the next instances at once."""
        self._live = [instance for instance in self._live if instance.last >= number]
        first = self._instances[self._next]
        start = self._room(first.words)
        if start is None:
            return None
        address = self._image.address(first.piece)
        chosen, words = [first], first.words
        limit = min(self._words // 4, _MOST_WORDS)
        for instance in self._instances[self._next + 1 :] if merge else ():
            lanes = self._image.pieces[first.piece].shape[1]
            total = words + instance.words
            if (
                total > limit
                or total * lanes > _MOST_ROW_BYTES
                or not self._fits(start, total)
                or not self._image.follows(instance.piece, address + words * lanes)
            ):
                break
            self._image.address(instance.piece)
            chosen.append(instance)
            words = total
        place = start
        for instance in chosen:
            instance.address = place
            place += instance.words
        self._live += chosen
        self._next += len(chosen)
        self._head = place
        lanes = self._image.pieces[first.piece].shape[1]
        return Action(
            instruction=Load(
                memory=self._memory,
                address=address,
                row_bytes=words * lanes,
                groups=words,
                group_step=lanes,
                group_bytes=lanes,
                local=start,
            ),
            layer=first.layer,
            stage=first.stage,
        )

    def _room(self, words: int) -> int | None:
        """Where there is room: best after what was loaded last."""
        places = [self._head, 0, *(entry.address + entry.words for entry in self._live)]
        return next((place for place in places if self._fits(place, words)), None)

    def _fits(self, start: int, words: int) -> bool:
        return start + words <= self._words and not any(
            start < entry.address + entry.words and entry.address < start + words
            for entry in self._live
        )


def _use(action: Action, field: str) -> PieceUse | None:
    use: PieceUse | None = getattr(action, field)
    return use


def _instances(
    field: str, actions: Sequence[Action], pieces: Mapping[object, NDArray[np.int8]]
) -> tuple[list[_Instance], dict[int, _Instance]]:
    """What has to be there, of each layer one piece after the other; and which an action uses."""
    newest: dict[int, _Instance] = {}
    used: dict[int, _Instance] = {}
    result = []
    for number, action in enumerate(actions):
        use = _use(action, field)
        if use is None:
            continue
        instance = newest.get(action.layer)
        if instance is None or instance.piece != use.piece:
            instance = newest[action.layer] = _Instance(
                piece=use.piece,
                words=len(pieces[use.piece]),
                first=number,
                last=number,
                layer=action.layer,
                stage=action.stage,
            )
            result.append(instance)
        instance.last = number
        used[number] = instance
    return result, used

"""A lowered network as a schedule, which the checker of schedules can replay."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from golden.accelerator.description import Accelerator
from golden.accelerator.instructions import Load, LocalMemory, Store
from mapper.accelerator.actions import Action
from mapper.accelerator.arrangement import TileRoom
from mapper.accelerator.layers import Layer, Network
from mapper.accelerator.plan import Plan
from mapper.scheduling.graph import SizedGraph, SizedOperator, SizedTensor
from mapper.scheduling.schedule import Placement, Schedule, Step, Window

__all__ = ["Residence", "residence_of"]


@dataclass(frozen=True, kw_only=True)
class Residence:
    """What lies where in activation memory, and what moves.

    Parameters
    ----------
    graph : SizedGraph
        Layers that are computed together are one operator, inputs of the network are weights:
        they lie in memory before it starts.
    schedule : Schedule
        Its scratchpad is activation memory.
    constant_bytes : int
        Of constants, which have memories of their own.
    """

    graph: SizedGraph
    schedule: Schedule
    constant_bytes: int


def residence_of(
    name: str, network: Network, plan: Plan, actions: Sequence[Action], accelerator: Accelerator
) -> Residence:
    """The schedule of a plan, with the bytes that its instructions move.

    Parameters
    ----------
    name : str
        Of the network.
    network : Network
    plan : Plan
    actions : sequence of Action
        All of the program.
    accelerator : Accelerator
    """
    return _Residence(name, network, plan, actions, accelerator).result()


@dataclass(frozen=True)
class _Held:
    """A value in a place, and in which groups of layers."""

    value: int
    place: Hashable
    first: int
    last: int
    loaded: bool


class _Residence:
    def __init__(
        self,
        name: str,
        network: Network,
        plan: Plan,
        actions: Sequence[Action],
        accelerator: Accelerator,
    ) -> None:
        self._name = name
        self._network = network
        self._plan = plan
        self._lanes = accelerator.lanes
        self._bus = accelerator.bus_bytes
        self._capacity = accelerator.sizes.activations * accelerator.lanes
        self._groups = list(_groups(plan))
        self._group_of = {layer: i for i, group in enumerate(self._groups) for layer in group}
        self._makers = {layer.target: number for number, layer in enumerate(plan.layers)}
        # Values that are never there as a whole.
        self._inner = {
            value
            for (number, value), source in plan.sources.items()
            if value in plan.replaced
            and source.place == plan.targets[number].place
            and self._group_of[number] == self._group_of[self._makers[value]]
        }
        self._items = {item.key: item for item in plan.items}
        self._held = self._all_held()
        self._names = self._all_names()
        self._constants = 0
        # By group, value, direction and first word of a tile; and by value, direction and place.
        self._passed: Counter[tuple[int, int, bool, int]] = Counter()
        self._moved: Counter[tuple[int, bool, Hashable]] = Counter()
        for action in actions:
            self._count(action)

    def _count(self, action: Action) -> None:
        """Add the bytes of an instruction."""
        instruction = action.instruction
        if isinstance(instruction, Load):
            octets = _beat_bytes(instruction, _fetched(instruction), self._bus)
            if instruction.memory is not LocalMemory.ACTIVATIONS:
                self._constants += octets
                return
        elif isinstance(instruction, Store):
            row_bytes = instruction.groups * instruction.group_bytes
            octets = _beat_bytes(instruction, row_bytes, self._bus)
        else:
            return
        assert action.moved is not None
        value, place = action.moved
        is_store = isinstance(instruction, Store)
        if place is None:
            group = self._group_of[action.layer]
            self._passed[group, value, is_store, instruction.local] += octets
        else:
            self._moved[value, is_store, place] += octets

    def result(self) -> Residence:
        """The graph and its schedule."""
        graph = SizedGraph(
            name=self._name,
            tensors={tensor.name: tensor for tensor in self._tensors()},
            operators=tuple(self._operator(group) for group in range(len(self._groups))),
            outputs=tuple(value.name for value in self._network.values if value.is_output),
        )
        steps = tuple(self._step(group) for group in range(len(self._groups)))
        return Residence(
            graph=graph,
            schedule=Schedule(capacity_bytes=self._capacity, steps=steps),
            constant_bytes=self._constants,
        )

    def _all_held(self) -> list[_Held]:
        spans: dict[tuple[int, Hashable], list[int]] = {}
        loaded = set()
        for number, layer in enumerate(self._plan.layers):
            for value in layer.sources:
                source = self._plan.sources[number, value]
                if source.place is not None:
                    spans.setdefault((value, source.place), []).append(self._group_of[number])
                    loaded |= {(value, source.place)} if source.loaded else set()
            target = self._plan.targets[number]
            if target.place is not None:
                spans.setdefault((layer.target, target.place), []).append(self._group_of[number])
        return [
            _Held(value, place, min(groups), max(groups), (value, place) in loaded)
            for (value, place), groups in spans.items()
            if value not in self._inner
        ]

    def _all_names(self) -> dict[tuple[int, Hashable], str]:
        """Names of tensors; further copies of an input, in other formats, have their own."""
        names = {}
        seen = Counter[int]()
        for held in self._held:
            name = self._network.values[held.value].name
            seen[held.value] += 1
            other = self._network.values[held.value].is_input and seen[held.value] > 1
            names[held.value, held.place] = f"{name} ({seen[held.value]})" if other else name
        return names

    def _tensors(self) -> Iterator[SizedTensor]:
        read = {value for layer in self._plan.layers for value in layer.sources}
        whole = {(held.value, self._names[held.value, held.place]): held for held in self._held}
        known = set()
        for (number, name), held in whole.items():
            known.add(number)
            yield self._tensor(number, name, self._items[held.place].words)
        for number, value in enumerate(self._network.values):
            exists = number in self._makers or number in read
            if exists and number not in known | self._inner:
                yield self._tensor(number, value.name, value.image.words(self._lanes))

    def _tensor(self, number: int, name: str, words: int) -> SizedTensor:
        value = self._network.values[number]
        return SizedTensor(
            name=name,
            size_bytes=words * self._lanes,
            is_weight=value.is_input,
            memory_bytes=self._copy_bytes(number),
            read_bytes=self._read_bytes(number),
        )

    def _copy_bytes(self, value: int) -> int:
        """Whole beats of a value in memory."""
        return -(-self._network.values[value].image.size // self._bus) * self._bus

    def _read_bytes(self, value: int) -> int | None:
        """What is read each time of a value in memory; None for all of it, or where none is."""
        whole = self._copy_bytes(value)
        at_once = [
            count
            for (own, is_store, _), count in self._moved.items()
            if own == value and not is_store
        ]
        in_tiles = Counter[int]()
        for (group, own, is_store, _), count in self._passed.items():
            if own == value and not is_store:
                in_tiles[group] += count
        least = min([*at_once, *in_tiles.values()], default=whole)
        return least if least < whole else None

    def _tensor_name(self, number: int, value: int) -> str:
        """Of what a layer reads."""
        place = self._plan.sources[number, value].place
        return self._names.get((value, place), self._network.values[value].name)

    def _operator(self, group: int) -> SizedOperator:
        layers = self._layers(group)
        made = {layer.target for _, layer in layers}
        inputs = dict.fromkeys(
            self._tensor_name(number, value)
            for number, layer in layers
            for value in layer.sources
            if value not in made
        )
        outputs = [
            self._network.values[layer.target].name
            for _, layer in layers
            if layer.target not in self._inner
        ]
        places = {self._plan.targets[number].place for number, _ in layers}
        over = (
            self._names[held.value, held.place]
            for held in self._held
            if held.place in places and held.place is not None and held.value not in made
        )
        return SizedOperator(
            name=" + ".join(layer.name for _, layer in layers),
            kind=layers[0][1].kind,
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            macs=sum(layer.macs for _, layer in layers),
            in_place=tuple(name for name in dict.fromkeys(over) if name in inputs),
        )

    def _layers(self, group: int) -> list[tuple[int, Layer]]:
        return [(number, self._plan.layers[number]) for number in self._groups[group]]

    def _step(self, group: int) -> Step:
        present = [held for held in self._held if held.first <= group <= held.last]
        retrieved = [held for held in present if held.loaded and held.first == group]
        spilled = self._spilled(group)
        moved = {
            self._names[held.value, held.place]: self._moved[held.value, False, held.place]
            for held in retrieved
        }
        written = [*spilled, *(layer.target for _, layer in self._layers(group))]
        for value in written:
            target = self._plan.targets[self._makers[value]]
            if value in spilled or (
                self._network.values[value].is_output and target.place is not None
            ):
                moved[self._network.values[value].name] = self._moved[value, True, target.place]
        return Step(
            operator=self._operator(group).name,
            resident=tuple(
                Placement(
                    tensor=self._names[held.value, held.place],
                    address=self._plan.places[held.place] * self._lanes,
                )
                for held in present
            ),
            spilled=tuple(self._network.values[value].name for value in spilled),
            retrieved=tuple(self._names[held.value, held.place] for held in retrieved),
            windows=tuple(self._windows(group)),
            moved_bytes=moved,
        )

    def _spilled(self, group: int) -> list[int]:
        """Values that stay and were copied to memory by the group before."""
        if group == 0:
            return []
        return [
            layer.target
            for number, layer in self._layers(group - 1)
            if self._plan.targets[number].stored
            and self._plan.targets[number].place is not None
            and not self._network.values[layer.target].is_output
        ]

    def _windows(self, group: int) -> Iterator[Window]:
        for number, layer in self._layers(group):
            for value in (*layer.sources, layer.target):
                for turn in (0, 1):
                    room = TileRoom(number, value, turn)
                    if room in self._items:
                        word = self._plan.places[room]
                        is_store = value == layer.target
                        yield Window(
                            tensor=self._network.values[value].name,
                            address=word * self._lanes,
                            size_bytes=self._items[room].words * self._lanes,
                            moved_bytes=self._passed[group, value, is_store, word],
                        )


def _groups(plan: Plan) -> Iterator[tuple[int, ...]]:
    """Stages, in two where a layer needs what one before it has brought to DRAM.

    That is so if it reads it from there, or writes over it.
    """
    for stage in plan.stages:
        group: list[int] = []
        for number in stage:
            stored = {
                plan.layers[other].target: plan.targets[other].place
                for other in group
                if plan.targets[other].stored
            }
            layer = plan.layers[number]
            needs = any(
                value in stored
                and (
                    plan.sources[number, value].place is None or plan.sources[number, value].loaded
                )
                for value in layer.sources
            )
            place = plan.targets[number].place
            if needs or (place is not None and place in stored.values()):
                yield tuple(group)
                group = []
            group.append(number)
        yield tuple(group)


def _fetched(load: Load) -> int:
    """Bytes of a row that are fetched: none beyond the last group."""
    reach = (load.groups - 1) * load.group_step + load.group_bytes - load.pad_left
    return max(min(load.row_bytes, reach), 0)


def _beat_bytes(instruction: Load | Store, row_bytes: int, bus: int) -> int:
    """Of all beats that rows touch."""
    total = 0
    for row in range(instruction.rows):
        first = instruction.address + row * instruction.row_step
        total += bool(row_bytes) * (-(-(first + row_bytes) // bus) - first // bus) * bus
    return total

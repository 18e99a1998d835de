"""Random schedules that work, with moves that serve no purpose."""

from collections.abc import Sequence

import numpy as np

from mapper.scheduling.graph import INPUT, SizedGraph, SizedOperator
from mapper.scheduling.schedule import Placement, Schedule, Step, Window


def draw_schedule(rng: np.random.Generator, net: SizedGraph) -> Schedule:
    """A schedule in a scratchpad with room for everything twice.

    Tensors stay, are dropped, spilled and retrieved at random, as long as the operators have what
    they read: at random addresses, or through windows. Outputs take the place of inputs at random.
    """
    return _Drawing(rng, net).run()


def needed_later(net: SizedGraph, order: Sequence[str], step: int) -> set[str]:
    """Tensors that an operator after this step reads."""
    later = order[step + 1 :]
    return {name for op in net.operators if op.name in later for name in op.inputs}


class _Drawing:
    def __init__(self, rng: np.random.Generator, net: SizedGraph) -> None:
        self.rng = rng
        self.net = net
        self.sizes = {name: tensor.size_bytes for name, tensor in net.tensors.items()}
        self.capacity = 2 * sum(self.sizes.values()) + 2
        self.places: dict[str, int] = {}
        self.saved = {name for name, tensor in net.tensors.items() if tensor.is_weight}
        self.steps: list[Step] = []

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def run(self) -> Schedule:
        order = self.order()
        by_name = {operator.name: operator for operator in self.net.operators}
        for number, name in enumerate(order):
            self.step(by_name[name], needed_later(self.net, order, number))
        return Schedule(capacity_bytes=self.capacity, steps=tuple(self.steps))

    def order(self) -> list[str]:
        order: list[str] = []
        made = set(self.saved)
        while len(order) < len(self.net.operators):
            ready = [
                operator
                for operator in self.net.operators
                if operator.name not in order and made.issuperset(operator.inputs)
            ]
            chosen = ready[int(self.rng.integers(len(ready)))]
            order.append(chosen.name)
            made.update(chosen.outputs)
        return order

    def step(self, operator: SizedOperator, later: set[str]) -> None:
        kept: dict[str, int] = {}
        spilled = []
        for name, at in self.places.items():
            stays = self.chance(0.8 if name in operator.inputs else 0.6)
            wanted = name in later or name in operator.inputs
            if name not in self.saved and ((wanted and not stays) or self.chance(0.1)):
                spilled.append(name)
                self.saved.add(name)
            if stays:
                kept[name] = at
        passing, retrieved = [], []
        for name in dict.fromkeys(operator.inputs):
            if name in kept:
                continue
            if self.chance(0.2):
                passing.append(name)
            else:
                retrieved.append(name)
        retrieved += [
            name
            for name in sorted(self.saved.difference(kept, retrieved, operator.tensors))
            if self.chance(0.1)
        ]
        places = dict(kept)
        self.place(places, retrieved)
        inside = self.inside(operator, places, later, spilled)
        written = [name for name in operator.outputs if name not in inside and self.chance(0.1)]
        self.place(places, [n for n in operator.outputs if n not in inside and n not in written])
        windows = self.windows(places, [*passing, *written])
        places |= {name: places[below] for name, below in inside.items()}
        self.steps.append(
            Step(
                operator=operator.name,
                resident=tuple(
                    Placement(tensor=name, address=at) for name, at in sorted(places.items())
                ),
                spilled=tuple(spilled),
                retrieved=tuple(retrieved),
                windows=tuple(windows),
            )
        )
        self.saved.update(written)
        if operator.kind == INPUT:
            self.saved.update(operator.outputs)
        self.saved.update(set(operator.outputs).intersection(self.net.outputs))
        self.places = {name: at for name, at in places.items() if name not in inside.values()}

    def inside(
        self, operator: SizedOperator, places: dict[str, int], later: set[str], spilled: list[str]
    ) -> dict[str, str]:
        """Outputs that take the place of an input."""
        inside: dict[str, str] = {}
        for name in operator.outputs:
            for below in operator.in_place:
                fits = below in places and self.sizes[name] <= self.sizes[below]
                if not fits or name in inside or below in inside.values() or self.chance(0.3):
                    continue
                if below in later and below not in self.saved:
                    if below not in self.places:
                        continue
                    spilled.append(below)
                    self.saved.add(below)
                inside[name] = below
        return inside

    def place(self, places: dict[str, int], names: Sequence[str]) -> None:
        for name in names:
            places[name] = self.free(places, (), self.sizes[name])

    def free(self, places: dict[str, int], windows: Sequence[Window], size: int) -> int:
        spans = [(at, at + self.sizes[name]) for name, at in places.items()]
        spans += [(window.address, window.address + window.size_bytes) for window in windows]
        return int(
            self.rng.choice(
                [
                    at
                    for at in range(self.capacity - size + 1)
                    if all(at + size <= begin or end <= at for begin, end in spans)
                ]
            )
        )

    def windows(self, places: dict[str, int], names: Sequence[str]) -> list[Window]:
        windows: list[Window] = []
        for name in names:
            for part in range(int(self.rng.integers(1, 3))):
                copy = self.net.tensors[name].copy_bytes
                window = Window(
                    tensor=name,
                    address=self.free(places, windows, 1),
                    size_bytes=1,
                    moved_bytes=copy if part == 0 else int(self.rng.integers(copy + 1)),
                )
                windows.append(window)
        return windows

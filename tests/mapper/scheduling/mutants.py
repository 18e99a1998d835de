"""Schedules with one thing wrong, by construction.

Each function takes a schedule that works and breaks it, at a random step where it can. It gives the
mutant with the step at which the fault shows; or nothing, where this schedule has no such step.
Comments say why the mutant does not work, and why nothing else is wrong before that: steps before
are as they were, and within a step a replay looks at names, windows, places, spills, retrievals,
what is kept, and what the operator finds, in this order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from mapper.scheduling.checker import Rule
from mapper.scheduling.graph import INPUT, SizedGraph, SizedOperator
from mapper.scheduling.schedule import Placement, Schedule, Step, Window


@dataclass(frozen=True)
class Site:
    """A step of a schedule, with what has to be known to break it."""

    net: SizedGraph
    schedule: Schedule
    number: int

    @property
    def step(self) -> Step:
        return self.schedule.steps[self.number]

    @property
    def operator(self) -> SizedOperator:
        return next(op for op in self.net.operators if op.name == self.step.operator)

    @property
    def places(self) -> dict[str, int]:
        return {place.tensor: place.address for place in self.step.resident}

    @property
    def before(self) -> set[str]:
        """Tensors in the scratchpad in the step before."""
        if self.number == 0:
            return set()
        return {place.tensor for place in self.schedule.steps[self.number - 1].resident}

    @property
    def kept(self) -> list[str]:
        """Tensors that are there from the step before."""
        fresh = {*self.step.retrieved, *self.operator.outputs}
        return [name for name in self.places if name not in fresh]

    @property
    def passing(self) -> list[str]:
        return list(dict.fromkeys(window.tensor for window in self.step.windows))

    @property
    def saved(self) -> set[str]:
        """Tensors with a copy in memory once this step has spilled."""
        saved = {name for name, tensor in self.net.tensors.items() if tensor.is_weight}
        for number, step in enumerate(self.schedule.steps[: self.number + 1]):
            saved.update(step.spilled)
            site = replace(self, number=number)
            if number < self.number:
                outputs = set(site.operator.outputs)
                is_input = site.operator.kind == INPUT
                saved |= outputs if is_input else outputs & {*self.net.outputs, *site.passing}
        return saved

    def size(self, name: str) -> int:
        return self.net.tensors[name].size_bytes

    def changed(self, **fields) -> Schedule:
        steps = list(self.schedule.steps)
        steps[self.number] = replace(self.step, **fields)
        return replace(self.schedule, steps=tuple(steps))

    def placed(self, name: str, address: int) -> tuple[Placement, ...]:
        """What is resident, with a tensor at this address."""
        others = tuple(place for place in self.step.resident if place.tensor != name)
        return (*others, Placement(tensor=name, address=address))

    def without(self, name: str) -> tuple[Placement, ...]:
        return tuple(place for place in self.step.resident if place.tensor != name)

    def roomier(self, room: int, **fields) -> Schedule:
        """The step changed, in a scratchpad with so many bytes more, which nothing uses."""
        changed = self.changed(**fields)
        return replace(changed, capacity_bytes=changed.capacity_bytes + room)


Mutant = tuple[Schedule, int]
Breaker = Callable[[np.random.Generator, Site], Mutant | None]
BREAKERS: dict[Rule, list[Breaker]] = {rule: [] for rule in Rule}


def breaks(rule: Rule) -> Callable[[Breaker], Breaker]:
    def register(breaker: Breaker) -> Breaker:
        BREAKERS[rule].append(breaker)
        return breaker

    return register


def mutants(breaker: Breaker, cases: Iterator[tuple[int, SizedGraph, Schedule]]) -> Iterator[tuple]:
    """A mutant of each schedule, with graph and step, where there is something to break."""
    for seed, net, schedule in cases:
        rng = np.random.default_rng(seed)
        for number in rng.permutation(len(schedule.steps)):
            mutant = breaker(rng, Site(net, schedule, int(number)))
            if mutant is not None:
                yield net, *mutant
                break


def pick(rng: np.random.Generator, names):
    """One of these at random; None if there are none."""
    names = sorted(names) if isinstance(names, set) else list(names)
    return names[int(rng.integers(len(names)))] if names else None


# An operator may be asked for only once, after those that it depends on, and all have to run. Who
# runs is looked at before anything else in a step.


@breaks(Rule.ORDER)
def run_twice(rng, site):
    steps = site.schedule.steps
    again = int(rng.integers(site.number + 1, len(steps) + 1))
    return replace(site.schedule, steps=(*steps[:again], site.step, *steps[again:])), again


@breaks(Rule.ORDER)
def never_run(rng, site):
    # It is the last step that is missing: others lack their inputs first.
    steps = site.schedule.steps[:-1]
    return replace(site.schedule, steps=steps), len(steps)


@breaks(Rule.ORDER)
def run_too_early(rng, site):
    makers = {maker.name for n in site.operator.inputs if (maker := site.net.producer(n))}
    steps = site.schedule.steps
    earlier = pick(rng, (i for i in range(site.number) if steps[i].operator in makers))
    if earlier is None:
        return None
    others = (*steps[: site.number], *steps[site.number + 1 :])
    return replace(site.schedule, steps=(*others[:earlier], site.step, *others[earlier:])), earlier


@breaks(Rule.ORDER)
def run_a_stranger(rng, site):
    return site.changed(operator=pick(rng, ["", "nobody", *site.net.tensors])), site.number


# A name that the graph does not have, wherever it stands. Tensors are named unlike operators.


@breaks(Rule.UNKNOWN)
def an_unknown_resident(rng, site):
    place = Placement(tensor=pick(rng, ["", "nothing", site.operator.name]), address=0)
    return site.changed(resident=(place, *site.step.resident)), site.number


@breaks(Rule.UNKNOWN)
def an_unknown_spill(rng, site):
    return site.changed(spilled=(*site.step.spilled, "nothing")), site.number


@breaks(Rule.UNKNOWN)
def an_unknown_retrieval(rng, site):
    return site.changed(retrieved=(*site.step.retrieved, "nothing")), site.number


@breaks(Rule.UNKNOWN)
def an_unknown_window(rng, site):
    window = Window(
        tensor="nothing", address=site.schedule.capacity_bytes, size_bytes=1, moved_bytes=1
    )
    return site.roomier(1, windows=(*site.step.windows, window)), site.number


# A tensor is listed once more. Names are looked at before places, so that overlaps do not matter;
# the second place is free all the same.


@breaks(Rule.REPEATED)
def two_places(rng, site):
    name = pick(rng, site.places)
    if name is None:
        return None
    place = Placement(tensor=name, address=site.schedule.capacity_bytes)
    return site.roomier(site.size(name), resident=(*site.step.resident, place)), site.number


@breaks(Rule.REPEATED)
def spilled_twice(rng, site):
    name = pick(rng, site.step.spilled)
    return name and (site.changed(spilled=(*site.step.spilled, name)), site.number)


@breaks(Rule.REPEATED)
def retrieved_twice(rng, site):
    name = pick(rng, site.step.retrieved)
    return name and (site.changed(retrieved=(name, *site.step.retrieved)), site.number)


# A byte lies outside. All places are looked at for that before any two for an overlap.


@breaks(Rule.CAPACITY)
def below_the_first_byte(rng, site):
    name = pick(rng, site.places)
    return name and (
        site.changed(resident=site.placed(name, -int(rng.integers(1, 9)))),
        site.number,
    )


@breaks(Rule.CAPACITY)
def beyond_the_last_byte(rng, site):
    name = pick(rng, site.places)
    if name is None:
        return None
    address = site.schedule.capacity_bytes - site.size(name) + int(rng.integers(1, 9))
    return site.changed(resident=site.placed(name, address)), site.number


@breaks(Rule.CAPACITY)
def a_smaller_scratchpad(rng, site):
    # One byte less than what the highest takes: it shows at the first step that has such a byte.
    highest = [
        max(
            (
                *(place.address + site.size(place.tensor) for place in step.resident),
                *(window.address + window.size_bytes for window in step.windows),
            ),
            default=0,
        )
        for step in site.schedule.steps
    ]
    return replace(site.schedule, capacity_bytes=max(highest) - 1), highest.index(max(highest))


@breaks(Rule.CAPACITY)
def a_window_outside(rng, site):
    window = pick(rng, site.step.windows)
    if window is None:
        return None
    windows = tuple(
        replace(other, address=site.schedule.capacity_bytes) if other is window else other
        for other in site.step.windows
    )
    return site.changed(windows=windows), site.number


# Two share a byte. Places are looked at before what lies there, so that nothing else shows first.
# An output may have the address of an input: such pairs are left out.


def shared_address(rng, site, name, begin, size):
    """An address at which a tensor shares bytes with others from ``begin`` on, inside."""
    lowest = max(0, begin - site.size(name) + 1)
    highest = min(begin + size - 1, site.schedule.capacity_bytes - site.size(name))
    return int(rng.integers(lowest, highest + 1)) if lowest <= highest else None


@breaks(Rule.OVERLAP)
def on_another(rng, site):
    name, other = pick(rng, site.places), pick(rng, site.places)
    if name in {None, other}:
        return None
    address = shared_address(rng, site, name, site.places[other], site.size(other))
    is_in_place = {name, other} & {*site.operator.in_place} and {name, other} & {
        *site.operator.outputs
    }
    if address is None or (is_in_place and address == site.places[other]):
        return None
    return site.changed(resident=site.placed(name, address)), site.number


@breaks(Rule.OVERLAP)
def on_a_window(rng, site):
    name, window = pick(rng, site.places), pick(rng, site.step.windows)
    if name is None or window is None:
        return None
    address = shared_address(rng, site, name, window.address, window.size_bytes)
    if address is None:
        return None
    return site.changed(resident=site.placed(name, address)), site.number


@breaks(Rule.OVERLAP)
def in_the_place_of_what_it_must_not_overwrite(rng, site):
    outputs = [name for name in site.operator.outputs if name in site.places]
    others = [name for name in site.places if name not in (*site.operator.in_place, *outputs)]
    name, other = pick(rng, outputs), pick(rng, others)
    if name is None or other is None:
        return None
    if site.places[other] + site.size(name) > site.schedule.capacity_bytes:
        return None
    return site.changed(resident=site.placed(name, site.places[other])), site.number


# An operator finds not all that it reads. An input that is not there is not missed before the
# operator runs; where it came from memory, it does not any more.


@breaks(Rule.MISSING_INPUT)
def an_input_without_a_place(rng, site):
    name = pick(rng, set(site.operator.inputs).intersection(site.places))
    if name is None:
        return None
    retrieved = tuple(other for other in site.step.retrieved if other != name)
    return site.changed(resident=site.without(name), retrieved=retrieved), site.number


@breaks(Rule.MISSING_INPUT)
def an_input_without_a_window(rng, site):
    name = pick(rng, set(site.operator.inputs).intersection(site.passing))
    if name is None:
        return None
    windows = tuple(window for window in site.step.windows if window.tensor != name)
    return site.changed(windows=windows), site.number


# An operator has nowhere to write to.


@breaks(Rule.MISSING_OUTPUT)
def an_output_without_a_place(rng, site):
    name = pick(rng, set(site.operator.outputs).intersection(site.places))
    return name and (site.changed(resident=site.without(name)), site.number)


@breaks(Rule.MISSING_OUTPUT)
def an_output_without_a_window(rng, site):
    name = pick(rng, set(site.operator.outputs).intersection(site.passing))
    if name is None:
        return None
    windows = tuple(window for window in site.step.windows if window.tensor != name)
    return site.changed(windows=windows), site.number


# A tensor is there, or moves, without having come. Places for it are free, beyond all others.


def absent(site):
    """Tensors that are neither there nor in the step before, and that this step has no use for."""
    others = {*site.before, *site.places, *site.operator.outputs, *site.passing}
    return [name for name in site.net.tensors if name not in others]


@breaks(Rule.PHANTOM)
def from_nowhere(rng, site):
    name = pick(rng, absent(site))
    if name is None:
        return None
    resident = site.placed(name, site.schedule.capacity_bytes)
    return site.roomier(site.size(name), resident=resident), site.number


@breaks(Rule.PHANTOM)
def spilled_from_nowhere(rng, site):
    name = pick(rng, [name for name in site.net.tensors if name not in site.before])
    if name is None:
        return None
    return site.changed(spilled=(*site.step.spilled, name)), site.number


@breaks(Rule.PHANTOM)
def retrieved_to_nowhere(rng, site):
    name = pick(rng, [name for name in site.net.tensors if name not in site.places])
    return name and (site.changed(retrieved=(name, *site.step.retrieved)), site.number)


@breaks(Rule.PHANTOM)
def retrieved_as_it_is_made(rng, site):
    name = pick(rng, set(site.operator.outputs).intersection(site.places))
    return name and (site.changed(retrieved=(name, *site.step.retrieved)), site.number)


@breaks(Rule.PHANTOM)
def no_longer_retrieved(rng, site):
    name = pick(rng, set(site.step.retrieved) - site.before)
    if name is None:
        return None
    retrieved = tuple(other for other in site.step.retrieved if other != name)
    return site.changed(retrieved=retrieved), site.number


# What lies there is not the tensor, or memory has no copy.


@breaks(Rule.STALE)
def moved_by_itself(rng, site):
    # Nothing carried it to its new place, which is free; an output that lay in it stays behind.
    inside = {site.places[name] for name in site.operator.outputs if name in site.places}
    name = pick(rng, [name for name in site.kept if site.places[name] not in inside])
    if name is None:
        return None
    resident = site.placed(name, site.schedule.capacity_bytes)
    return site.roomier(site.size(name), resident=resident), site.number


@breaks(Rule.STALE)
def never_saved(rng, site):
    # It has its copy from this spill alone; the next that reads the copy finds none.
    for name in rng.permutation(site.step.spilled):
        steps = site.schedule.steps
        unspilled = site.changed(spilled=tuple(n for n in site.step.spilled if n != name))
        if name in Site(site.net, unspilled, site.number).saved:
            continue
        for number in range(site.number, len(steps)):
            later = replace(site, number=number)
            read = later.step.retrieved if name not in later.passing else [name]
            if name in read:
                return unspilled, number
            if name in later.step.spilled and number > site.number:
                break
    return None


@breaks(Rule.STALE)
def retrieved_without_a_copy(rng, site):
    name = pick(rng, set(site.kept) - site.saved)
    return name and (site.changed(retrieved=(name, *site.step.retrieved)), site.number)


@breaks(Rule.STALE)
def read_through_a_window_without_a_copy(rng, site):
    # It is no longer resident, so that the window alone is wrong; no output lies in its place.
    inside = {site.places[name] for name in site.operator.outputs if name in site.places}
    unsaved = set(site.kept).intersection(site.operator.inputs) - site.saved
    name = pick(rng, [name for name in unsaved if site.places[name] not in inside])
    if name is None:
        return None
    window = Window(
        tensor=name, address=site.places[name], size_bytes=1, moved_bytes=site.size(name)
    )
    windows = (*site.step.windows, window)
    return site.changed(resident=site.without(name), windows=windows), site.number


@breaks(Rule.STALE)
def spilled_after_it_was_overwritten(rng, site):
    # An output of the step before took its place.
    if site.number == 0:
        return None
    last = replace(site, number=site.number - 1)
    outputs = {last.places[name] for name in last.operator.outputs if name in last.places}
    gone = [
        name
        for name, address in last.places.items()
        if address in outputs and name not in last.operator.outputs
    ]
    name = pick(rng, [name for name in gone if name not in site.step.spilled])
    return name and (site.changed(spilled=(name, *site.step.spilled)), site.number)


# A window that no operator can use. Windows are looked at before places, which are free all the
# same.


def window_beyond(site, name, *, size=1, moved=None):
    moved = site.net.tensors[name].copy_bytes if moved is None else moved
    address = site.schedule.capacity_bytes
    return Window(tensor=name, address=address, size_bytes=size, moved_bytes=moved)


@breaks(Rule.WINDOW)
def a_window_of_a_stranger(rng, site):
    name = pick(rng, [name for name in site.net.tensors if name not in site.operator.tensors])
    if name is None:
        return None
    windows = (*site.step.windows, window_beyond(site, name))
    return site.roomier(1, windows=windows), site.number


@breaks(Rule.WINDOW)
def a_window_of_what_is_there(rng, site):
    name = pick(rng, set(site.operator.tensors).intersection(site.places))
    if name is None:
        return None
    windows = (*site.step.windows, window_beyond(site, name))
    return site.roomier(1, windows=windows), site.number


@breaks(Rule.WINDOW)
def a_window_without_bytes(rng, site):
    window = pick(rng, site.step.windows)
    if window is None:
        return None
    empty = replace(window, size_bytes=int(rng.integers(-2, 1)))
    windows = tuple(empty if other is window else other for other in site.step.windows)
    return site.changed(windows=windows), site.number


# Less of a tensor moves than its copy takes, which is looked at before places.


@breaks(Rule.PARTIAL)
def an_output_of_which_a_part_passes(rng, site):
    name = pick(rng, set(site.operator.outputs).intersection(site.places))
    if name is None:
        return None
    short = window_beyond(site, name, moved=site.net.tensors[name].copy_bytes - 1)
    windows = (*site.step.windows, short)
    return site.roomier(1, resident=site.without(name), windows=windows), site.number


@breaks(Rule.PARTIAL)
def an_input_of_which_a_part_passes(rng, site):
    name = pick(rng, set(site.passing).intersection(site.operator.inputs))
    if name is None:
        return None
    short = window_beyond(site, name, moved=site.net.tensors[name].copy_bytes - 1)
    others = tuple(window for window in site.step.windows if window.tensor != name)
    return site.roomier(1, windows=(*others, short)), site.number


@breaks(Rule.PARTIAL)
def a_part_is_spilled_or_retrieved(rng, site):
    name = pick(rng, {*site.step.spilled, *site.step.retrieved})
    return name and a_part_moves(rng, site, name)


@breaks(Rule.PARTIAL)
def a_part_of_an_output_is_written(rng, site):
    written = set(site.operator.outputs).intersection(site.net.outputs).difference(site.passing)
    name = pick(rng, written)
    return name and a_part_moves(rng, site, name)


def a_part_moves(rng, site, name):
    moved = int(rng.integers(site.net.tensors[name].copy_bytes))
    return site.changed(moved_bytes={**site.step.moved_bytes, name: moved}), site.number

"""Layers as the schedule executes them: durations looked up, names made numbers."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple, TypeAlias

from golden.accelerator.instructions import Instruction, Store, Unit, Units
from sim.accelerator.costs import Cost, Costs
from sim.accelerator.repeats import Repeat, Symbol, fold
from sim.accelerator.steps import Layer, Loop, Node, Step

__all__ = ["UNITS", "Activity", "Body", "Compiled", "Kind", "Op", "Repeated", "Section", "compiled"]

UNITS = tuple(Unit)
_INDEX = {unit: index for index, unit in enumerate(UNITS)}
_FLAGS = {Unit.LOAD: Units.LOAD, Unit.EXECUTE: Units.EXECUTE, Unit.STORE: Units.STORE}
_LEAST_TRIP = 8


class Activity(IntEnum):
    """What keeps a unit busy; the last two share one."""

    LOAD = 0
    EXECUTE = 1
    STORE = 2
    VECTOR = 3


class Op(NamedTuple):
    """An instruction: what the schedule needs of it.

    Parameters
    ----------
    unit : int
        Index in `UNITS`.
    busy : int
        Cycles; 0 if only the memory knows.
    waits, signals : tuple of int
        Queues of tokens: giver times the number of units, plus taker.
    reads, writes : tuple of int
        Numbers of buffers.
    activity : Activity
    kind : int
        Index in `Compiled.kinds`.
    strides : tuple of int
        What each repetition of the loops around it adds to its DRAM address, outermost first;
        known only where addresses matter.
    """

    unit: int
    busy: int
    waits: tuple[int, ...]
    signals: tuple[int, ...]
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    activity: Activity
    kind: int
    strides: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Repeated:
    """A loop.

    Parameters
    ----------
    count : int
    body : Body
    length : int
        Instructions of the body, with those of inner loops.
    buffers : tuple of int
        Those that the body uses.
    """

    count: int
    body: "Body"
    length: int
    buffers: tuple[int, ...]

    @cached_property
    def trip(self) -> int:
        """Repetitions after which it is worth looking whether a situation comes again."""
        return -(-_LEAST_TRIP // self.length)


Body: TypeAlias = tuple[tuple[Op, ...] | Repeated, ...]


@dataclass(frozen=True)
class Kind:
    """Instructions with one signature."""

    instruction: Instruction
    cost: Cost
    activity: Activity


@dataclass(frozen=True, eq=False)
class Section:
    """A layer.

    Parameters
    ----------
    layer : Layer
    body : Body
    counts : Counter
        How many instructions of each kind there are.
    """

    layer: Layer
    body: Body
    counts: Counter[int]


@dataclass(frozen=True, eq=False)
class Compiled:
    """Layers, the kinds of their instructions, and how many buffers they name."""

    sections: tuple[Section, ...]
    kinds: tuple[Kind, ...]
    buffers: int

    @property
    def instructions(self) -> int:
        """How many there are in all."""
        return sum(section.counts.total() for section in self.sections)


def compiled(
    layers: Sequence[Layer], costs: Costs, *, folded: bool = True, addressed: bool = False
) -> Compiled:
    """Prepare layers.

    Parameters
    ----------
    layers : sequence of Layer
    costs : Costs
    folded : bool
        Whether repetitions in lists of nodes become loops.
    addressed : bool
        Whether DRAM addresses matter.
    """
    tables = _Tables(costs, folded, addressed)
    sections = tuple(_section(tables, layer) for layer in layers)
    return Compiled(sections, tuple(tables.kinds), len(tables.buffers))


def _section(tables: "_Tables", layer: Layer) -> Section:
    symbols = tables.symbols(layer.body)
    counts: Counter[int] = Counter()
    for number, times in _occurrences(symbols).items():
        counts[tables.ops[number].kind] += times
    return Section(layer, tables.linked(symbols), counts)


@dataclass
class _Tables:
    """Numbers of what has been met so far."""

    costs: Costs
    folded: bool
    addressed: bool
    ops: list[Op] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    buffers: dict[str, int] = field(default_factory=dict)
    _op_numbers: dict[Hashable, int] = field(default_factory=dict)
    _kind_numbers: dict[Hashable, int] = field(default_factory=dict)
    _repeats: dict[Repeat, Repeated] = field(default_factory=dict)

    def symbols(self, nodes: Sequence[Node]) -> tuple[Symbol, ...]:
        """Numbers of operations, and loops of them."""
        symbols: list[Symbol] = []
        signature, numbers = self.costs.signature, self._op_numbers
        for node in nodes:
            if isinstance(node, Loop):
                symbols.append(Repeat(node.count, self.symbols(node.body)))
                continue
            step = node if isinstance(node, Step) else Step(instruction=node)
            instruction, reads, writes = step.instruction, step.reads, step.writes
            strides = dict(step.increments).get("address", ()) if self.addressed else ()
            key = (
                signature(instruction),
                int(instruction.wait),
                int(instruction.signal),
                reads,
                writes,
                strides,
            )
            number = numbers.get(key)
            if number is None:
                number = numbers[key] = len(self.ops)
                self.ops.append(self._op(instruction, key[0], reads, writes, strides))
            symbols.append(number)
        return fold(symbols) if self.folded else tuple(symbols)

    def _op(
        self,
        instruction: Instruction,
        signature: Hashable,
        reads: tuple[str, ...],
        writes: tuple[str, ...],
        strides: tuple[int, ...],
    ) -> Op:
        unit = _INDEX[instruction.UNIT]
        activity = Activity(unit)
        if instruction.UNIT is Unit.STORE and not isinstance(instruction, Store):
            activity = Activity.VECTOR
        kind = self._kind_numbers.setdefault(signature, len(self.kinds))
        if kind == len(self.kinds):
            self.kinds.append(Kind(instruction, self.costs.cost(instruction), activity))
        others = [(index, _FLAGS[other]) for index, other in enumerate(UNITS) if index != unit]
        return Op(
            unit=unit,
            busy=self.kinds[kind].cost.busy,
            waits=tuple(
                giver * len(UNITS) + unit for giver, flag in others if instruction.wait & flag
            ),
            signals=tuple(
                unit * len(UNITS) + taker for taker, flag in others if instruction.signal & flag
            ),
            reads=tuple(self._buffer(name) for name in reads),
            writes=tuple(self._buffer(name) for name in writes),
            activity=activity,
            kind=kind,
            strides=strides,
        )

    def _buffer(self, name: str) -> int:
        return self.buffers.setdefault(name, len(self.buffers))

    def linked(self, symbols: tuple[Symbol, ...]) -> Body:
        """Operations in place of their numbers; equal loops are one object."""
        body: list[tuple[Op, ...] | Repeated] = []
        run: list[Op] = []
        for symbol in symbols:
            if isinstance(symbol, int):
                run.append(self.ops[symbol])
                continue
            if run:
                body.append(tuple(run))
                run = []
            body.append(self._repeated(symbol))
        if run:
            body.append(tuple(run))
        return tuple(body)

    def _repeated(self, repeat: Repeat) -> Repeated:
        if repeat not in self._repeats:
            used = _occurrences(repeat.body)
            ops = [self.ops[number] for number in used]
            self._repeats[repeat] = Repeated(
                count=repeat.count,
                body=self.linked(repeat.body),
                length=used.total(),
                buffers=tuple(sorted({name for op in ops for name in op.reads + op.writes})),
            )
        return self._repeats[repeat]


def _occurrences(symbols: tuple[Symbol, ...]) -> Counter[int]:
    """How often each operation occurs."""
    found: Counter[int] = Counter()
    for symbol in symbols:
        if isinstance(symbol, int):
            found[symbol] += 1
        else:
            for number, times in _occurrences(symbol.body).items():
                found[number] += times * symbol.count
    return found

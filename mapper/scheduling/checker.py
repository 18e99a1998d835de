"""Checks a schedule by replaying it byte by byte, with nothing taken from what made it.

Solvers are given models of a scratchpad, and their answers hold up to an integer tolerance. This
replay knows only the scratchpad itself: which bytes were written last by which tensor.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from mapper.scheduling.graph import INPUT, SizedGraph, SizedOperator
from mapper.scheduling.schedule import Placement, Schedule, Step, Window

__all__ = ["Rule", "Violation", "check"]


class Rule(Enum):
    """What a schedule can do wrong."""

    ORDER = "wrong order"
    """An operator runs twice, never, or before one that it depends on; or there is no such."""
    UNKNOWN = "unknown tensor"
    """A name that the graph does not have."""
    REPEATED = "repeated tensor"
    """A tensor is resident at two places, or moved twice in a step."""
    CAPACITY = "capacity"
    """A tensor lies outside the scratchpad."""
    OVERLAP = "overlap"
    """Two tensors share bytes during a step."""
    MISSING_INPUT = "missing input"
    """An operator's input is not in the scratchpad."""
    MISSING_OUTPUT = "missing output"
    """An operator's output has no place."""
    PHANTOM = "phantom residency"
    """A tensor is in the scratchpad though nothing has brought it there."""
    STALE = "stale tensor"
    """What lies there, or in memory, is not the tensor: overwritten, moved or never saved."""
    WINDOW = "impossible window"
    """A window without bytes, of a tensor that its operator neither reads nor writes or that is
    resident besides."""
    PARTIAL = "part of a tensor"
    """Fewer bytes go to memory than a copy takes there, or fewer come than operators read of it."""


@dataclass(frozen=True, kw_only=True)
class Violation:
    """The first thing that is wrong with a schedule.

    Parameters
    ----------
    rule : Rule
    step : int
        Number of the step, from 0; the number of steps where one is missing at the end.
    tensor : str, optional
        Where it is about one.
    message : str
        What is wrong, in a sentence.
    """

    rule: Rule
    step: int
    tensor: str | None
    message: str


class _ViolationError(Exception):
    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.message)
        self.violation = violation


def check(graph: SizedGraph, schedule: Schedule) -> Violation | None:
    """The first violation of a schedule; None if it works.

    In each step, tensors of the step before are spilled, then tensors are retrieved, then the
    operator reads its inputs and writes its outputs. Weights, inputs and outputs of the network
    have a copy in memory from the moment they exist; other tensors have one once spilled. An output
    may take the bytes of an input only where the operator allows it, at the same address.

    Inputs and outputs with windows need not be resident: such an input needs a copy in memory, such
    an output has one afterwards. Windows share bytes with nothing.

    Parameters
    ----------
    graph : SizedGraph
    schedule : Schedule
    """
    replay = _Replay(graph, schedule.capacity_bytes)
    try:
        for step in schedule.steps:
            replay.run(step)
        replay.finish()
    except _ViolationError as error:
        return error.violation
    return None


class _Replay:
    """State of scratchpad and memory between two steps."""

    def __init__(self, graph: SizedGraph, capacity_bytes: int) -> None:
        self._graph = graph
        self._capacity = capacity_bytes
        self._operators = {operator.name: operator for operator in graph.operators}
        self._number = 0
        self._run: set[str] = set()
        # Where whole tensors lie: entries vanish as soon as one of their bytes is written.
        self._intact: dict[str, int] = {}
        self._resident: dict[str, int] = {}
        self._saved = {name for name, tensor in graph.tensors.items() if tensor.is_weight}

    def run(self, step: Step) -> None:
        operator = self._operator(step)
        self._check_names(step)
        places = {placement.tensor: placement.address for placement in step.resident}
        self._check_windows(step, operator)
        self._check_moved(step, operator)
        self._check_places(step, operator)
        self._spill(step.spilled)
        self._retrieve(step.retrieved, places, operator)
        self._check_kept(places, step, operator)
        self._execute(operator, places, step.windows)
        self._resident = places
        self._number += 1

    def finish(self) -> None:
        missing = [name for name in self._operators if name not in self._run]
        if missing:
            raise self._violation(Rule.ORDER, None, f"operator {missing[0]!r} never runs")

    def _violation(self, rule: Rule, tensor: str | None, message: str) -> _ViolationError:
        return _ViolationError(
            Violation(
                rule=rule,
                step=self._number,
                tensor=tensor,
                message=f"step {self._number}: {message}",
            )
        )

    def _operator(self, step: Step) -> SizedOperator:
        operator = self._operators.get(step.operator)
        if operator is None:
            raise self._violation(Rule.ORDER, None, f"there is no operator {step.operator!r}")
        if operator.name in self._run:
            raise self._violation(Rule.ORDER, None, f"operator {operator.name!r} has run before")
        for name in operator.inputs:
            producer = self._graph.producer(name)
            if producer is not None and producer.name not in self._run:
                raise self._violation(
                    Rule.ORDER,
                    name,
                    f"operator {operator.name!r} runs before {producer.name!r}, which produces its"
                    f" input {name!r}",
                )
        return operator

    def _check_names(self, step: Step) -> None:
        resident = [placement.tensor for placement in step.resident]
        for role, names in (
            ("resident", resident),
            ("spilled", step.spilled),
            ("retrieved", step.retrieved),
            ("passing", [window.tensor for window in step.windows]),
            ("moved", [*step.moved_bytes]),
        ):
            for name, count in Counter(names).items():
                if name not in self._graph.tensors:
                    raise self._violation(Rule.UNKNOWN, name, f"there is no tensor {name!r}")
                if count > 1 and role != "passing":
                    raise self._violation(
                        Rule.REPEATED, name, f"tensor {name!r} is listed as {role} {count} times"
                    )

    def _end(self, name: str, address: int) -> int:
        return address + self._graph.tensors[name].size_bytes

    def _check_windows(self, step: Step, operator: SizedOperator) -> None:
        resident = {placement.tensor for placement in step.resident}
        for window in step.windows:
            name = window.tensor
            problem = None
            if name not in operator.tensors:
                problem = f"operator {operator.name!r} neither reads nor writes it"
            elif name in resident:
                problem = "it is resident besides"
            elif window.size_bytes < 1 or window.moved_bytes < 0:
                problem = f"{window.size_bytes} bytes let {window.moved_bytes} pass"
            if problem is not None:
                raise self._violation(
                    Rule.WINDOW, name, f"tensor {name!r} has a window, but {problem}"
                )

    def _check_moved(self, step: Step, operator: SizedOperator) -> None:
        passing = Counter[str]()
        for window in step.windows:
            passing[window.tensor] += window.moved_bytes
        finished = {*operator.outputs}.intersection(self._graph.outputs).difference(passing)
        tensors = self._graph.tensors
        for moved, written, read in (
            (step.moved_bytes, {*step.spilled, *finished}, {*step.retrieved}),
            (passing, {*operator.outputs}, {*operator.inputs}),
        ):
            for name in moved:
                for names, needed, way in (
                    (written, tensors[name].copy_bytes, "to memory, where its copy takes"),
                    (read, tensors[name].least_read_bytes, "from memory, but operators read"),
                ):
                    if name in names and moved[name] < needed:
                        raise self._violation(
                            Rule.PARTIAL,
                            name,
                            f"of tensor {name!r} {moved[name]} bytes move {way} {needed}",
                        )

    def _check_places(self, step: Step, operator: SizedOperator) -> None:
        spans: list[tuple[Placement | Window, int]] = [
            *((place, self._end(place.tensor, place.address)) for place in step.resident),
            *((window, window.address + window.size_bytes) for window in step.windows),
        ]
        for span, end in spans:
            if span.address < 0 or end > self._capacity:
                raise self._violation(
                    Rule.CAPACITY,
                    span.tensor,
                    f"tensor {span.tensor!r} lies at {span.address} to {end}, outside the"
                    f" {self._capacity} bytes of the scratchpad",
                )
        spans.sort(key=lambda entry: (entry[0].address, entry[0].tensor))
        for index, (low, end) in enumerate(spans):
            for high, _ in spans[index + 1 :]:
                if high.address >= end:
                    break
                if not self._may_share(low, high, operator):
                    raise self._violation(
                        Rule.OVERLAP,
                        high.tensor,
                        f"tensors {low.tensor!r} and {high.tensor!r} share bytes from"
                        f" {high.address} on",
                    )

    def _may_share(
        self, one: Placement | Window, other: Placement | Window, operator: SizedOperator
    ) -> bool:
        """Whether one is the operator's output in the place of the other, its input."""
        if isinstance(one, Window) or isinstance(other, Window):
            return False
        sizes = self._graph.tensors
        return one.address == other.address and any(
            new.tensor in operator.outputs
            and old.tensor in operator.in_place
            and sizes[new.tensor].size_bytes <= sizes[old.tensor].size_bytes
            for new, old in ((one, other), (other, one))
        )

    def _spill(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self._resident:
                raise self._violation(
                    Rule.PHANTOM,
                    name,
                    f"tensor {name!r} is spilled, but was not resident in the step before",
                )
            if self._intact.get(name) != self._resident[name]:
                raise self._violation(
                    Rule.STALE, name, f"tensor {name!r} is spilled, but has been overwritten"
                )
            self._saved.add(name)

    def _retrieve(
        self, names: Sequence[str], places: dict[str, int], operator: SizedOperator
    ) -> None:
        for name in names:
            if name not in places or name in operator.outputs:
                raise self._violation(
                    Rule.PHANTOM,
                    name,
                    f"tensor {name!r} is retrieved, but "
                    + ("is only produced now" if name in operator.outputs else "gets no place"),
                )
            if name not in self._saved:
                raise self._violation(
                    Rule.STALE, name, f"tensor {name!r} is retrieved, but memory has no copy of it"
                )
            self._write(name, places[name])

    def _write(self, name: str, address: int) -> None:
        """Put a tensor there; whatever had one of these bytes is no longer whole."""
        self._overwrite(address, self._end(name, address))
        self._intact[name] = address

    def _overwrite(self, address: int, end: int) -> None:
        self._intact = {
            other: first
            for other, first in self._intact.items()
            if first >= end or self._end(other, first) <= address
        }

    def _check_kept(self, places: dict[str, int], step: Step, operator: SizedOperator) -> None:
        """Everything resident was there before, or comes now, and is whole where it lies."""
        fresh = {*step.retrieved, *operator.outputs}
        for name, address in places.items():
            if name in fresh:
                continue
            if name not in self._resident:
                raise self._violation(
                    Rule.PHANTOM,
                    name,
                    f"tensor {name!r} is resident, but was not in the step before, and is neither"
                    " produced nor retrieved",
                )
            if self._intact.get(name) != address:
                raise self._violation(
                    Rule.STALE, name, f"tensor {name!r} is not what lies at {address}"
                )

    def _execute(
        self, operator: SizedOperator, places: dict[str, int], windows: Sequence[Window]
    ) -> None:
        passing = {window.tensor for window in windows}
        for name in operator.inputs:
            if name in passing:
                if name not in self._saved:
                    raise self._violation(
                        Rule.STALE,
                        name,
                        f"tensor {name!r} passes through a window, but memory has no copy of it",
                    )
            elif name not in places:
                raise self._violation(
                    Rule.MISSING_INPUT,
                    name,
                    f"operator {operator.name!r} lacks its input {name!r}",
                )
        for window in windows:
            self._overwrite(window.address, window.address + window.size_bytes)
        for name in operator.outputs:
            if name in passing:
                self._saved.add(name)
                continue
            if name not in places:
                raise self._violation(
                    Rule.MISSING_OUTPUT,
                    name,
                    f"operator {operator.name!r} has no place for its output {name!r}",
                )
            self._write(name, places[name])
            if operator.kind == INPUT or name in self._graph.outputs:
                self._saved.add(name)
        self._run.add(operator.name)

"""The accelerator cycle by cycle: queues, tokens and fetch as registers, for comparison."""

from collections import deque
from dataclasses import dataclass, field

from golden.accelerator.instructions import Unit, Units

UNITS = tuple(Unit)
FLAGS = {Unit.LOAD: Units.LOAD, Unit.EXECUTE: Units.EXECUTE, Unit.STORE: Units.STORE}
HEADER, END, BEYOND = "header", "end", "beyond"


@dataclass
class Fixed:
    """An instruction that takes so many cycles."""

    end: int

    def step(self, cycle):
        pass


@dataclass
class UnitState:
    queue: deque = field(default_factory=deque)
    head: object = None
    work: object = None
    busy: int = 0
    stalled: int = 0
    taken: int = 0


@dataclass
class Outcome:
    cycles: int
    units: list
    program_bytes: int
    spans: dict


def run(instructions, begin, *, latency, depth, most=10**6):
    """Step until all has ended.

    ``begin(instruction, cycle)`` gives an object whose ``end`` is its last busy cycle once that is
    known, and whose ``step(cycle)`` is called in each cycle.
    """
    words = deque([HEADER, *range(len(instructions)), END])
    buffer, arrivals = deque(), deque()
    units = {unit: UnitState() for unit in UNITS}
    tokens = {(giver, taker): 0 for giver in UNITS for taker in UNITS}
    seen_end = ended = False
    program_bytes = 0
    spans = {}
    for cycle in range(most):
        idle = all(not state.queue and state.work is None for state in units.values())
        # What changes is worked out from the state at the beginning of the cycle.
        lengths = {unit: len(state.queue) for unit, state in units.items()}
        counts = dict(tokens)
        ready = buffer[0] if buffer else None
        if not arrivals and len(buffer) <= 8 and not seen_end:
            arrivals.extend(cycle + latency + beat for beat in range(8))
        if arrivals and arrivals[0] == cycle:
            arrivals.popleft()
            program_bytes += 32
            word = words.popleft() if words else BEYOND
            if word not in (HEADER, BEYOND):
                buffer.append(word)
            seen_end = seen_end or word == END
        if ended and idle:
            return Outcome(cycle + 1, list(units.values()), program_bytes, spans)
        for unit, state in units.items():
            if state.work is None and state.queue:
                number = state.queue[0]
                waits = [giver for giver in UNITS if instructions[number].wait & FLAGS[giver]]
                if all(counts[giver, unit] for giver in waits):
                    state.queue.popleft()
                    for giver in waits:
                        tokens[giver, unit] -= 1
                    state.head, state.work = number, begin(instructions[number], cycle)
                    state.taken += 1
                    spans[number] = [cycle, None]
                else:
                    state.stalled += 1
        if ready == END:
            ended = True
            buffer.popleft()
        elif ready is not None and lengths[instructions[ready].UNIT] < depth:
            units[instructions[ready].UNIT].queue.append(buffer.popleft())
        for unit, state in units.items():
            if state.work is None:
                continue
            state.busy += 1
            state.work.step(cycle)
            if state.work.end == cycle:
                spans[state.head][1] = cycle
                state.work = None
                for taker in UNITS:
                    tokens[unit, taker] += bool(instructions[state.head].signal & FLAGS[taker])
    raise AssertionError("it does not end")

"""Random legal programs, with durations that can be read off the instructions."""

from collections import Counter
from dataclasses import replace

from golden.accelerator.description import Accelerator
from golden.accelerator.instructions import Gemm, Load, Requantize, Store, Unit, Units
from golden.engines.systolic import Params
from sim.accelerator.costs import Cost
from sim.accelerator.steps import Loop, Step

UNITS = tuple(Unit)
FLAGS = {Unit.LOAD: Units.LOAD, Unit.EXECUTE: Units.EXECUTE, Unit.STORE: Units.STORE}


def accelerator(lanes=4, **fields):
    return Accelerator(
        name="test", engine="systolic", params=Params(rows=lanes, cols=lanes), **fields
    )


def lasting(kind, cycles, **fields):
    """An instruction that `Told` lets take so many cycles."""
    return kind(**{"rows" if kind in (Load, Store) else "out_width": cycles}, **fields)


class Told:
    """Costs of instructions made by `lasting`."""

    def signature(self, instruction):
        return type(instruction), self.cycles(instruction)

    def cost(self, instruction):
        return Cost(self.cycles(instruction), read_bytes=isinstance(instruction, Load))

    @staticmethod
    def cycles(instruction):
        return getattr(instruction, "rows", None) or instruction.out_width


def random_instruction(rng, most):
    kind = (Load, Gemm, Requantize, Store)[rng.integers(4)]
    return lasting(kind, int(rng.integers(1, most + 1)))


def with_random_tokens(rng, instructions, *, drained=False):
    """Each waits for, and gives, tokens at random, none of which comes too late."""
    spare = Counter()
    program = []
    for instruction in instructions:
        others = [unit for unit in UNITS if unit is not instruction.UNIT]
        wait = signal = Units.NONE
        for unit in others:
            if spare[unit, instruction.UNIT] and rng.random() < 0.6:
                spare[unit, instruction.UNIT] -= 1
                wait |= FLAGS[unit]
        for unit in others:
            if rng.random() < 0.4 and spare[instruction.UNIT, unit] < 20:
                spare[instruction.UNIT, unit] += 1
                signal |= FLAGS[unit]
        program.append(replace(instruction, wait=wait, signal=signal))
    while drained and +spare:
        giver, taker = next(iter(+spare))
        spare[giver, taker] -= 1
        kind = {Unit.LOAD: Load, Unit.EXECUTE: Gemm, Unit.STORE: Store}[taker]
        program.append(lasting(kind, 1, wait=FLAGS[giver]))
    return program


def random_program(rng, length, most=30):
    return with_random_tokens(rng, [random_instruction(rng, most) for _ in range(length)])


def random_step(rng, most, names):
    """A step on some of the buffers."""
    chosen = [[name for name in names if rng.random() < 0.3] for _ in range(2)]
    instruction = random_instruction(rng, most)
    return Step(instruction=instruction, reads=tuple(chosen[0]), writes=tuple(chosen[1]))


def random_nest(rng, depth, counts, *, names="abc", most=30):
    """Nodes with loops in each other, ``depth`` deep, some with tokens and some with buffers."""
    nodes = []
    for _ in range(int(rng.integers(1, 4))):
        if depth and rng.random() < 0.6:
            body = random_nest(rng, depth - 1, counts, names=names, most=most)
            nodes.append(Loop(int(rng.integers(*counts)), tuple(body)))
        elif rng.random() < 0.5:
            length = int(rng.integers(1, 5))
            instructions = [random_instruction(rng, most) for _ in range(length)]
            body = with_random_tokens(rng, instructions, drained=True)
            cut = int(rng.integers(len(body)))
            # From the second part of one repetition to the first of the next, tokens are left.
            loop = Loop(int(rng.integers(*counts)), (*body[cut:], *body[:cut]))
            nodes += [*body[:cut], loop, *body[cut:]] if depth else body
        else:
            nodes += [random_step(rng, most, names) for _ in range(int(rng.integers(1, 4)))]
    return nodes


def flat(nodes):
    """Steps one by one."""
    for node in nodes:
        if isinstance(node, Loop):
            for _ in range(node.count):
                yield from flat(node.body)
        else:
            yield node


def tokens_for_buffers(steps):
    """Instructions with tokens for exactly what the buffers of steps ask for."""
    numbers = Counter()
    needed = {(giver, taker): 0 for giver in UNITS for taker in UNITS}
    writers, users = {}, {}
    waits, signals = [], set()
    for step in steps:
        unit = step.instruction.UNIT
        givers = [writers[name] for name in step.reads if name in writers]
        for name in step.writes:
            givers += users.get(name, [])
        wait = Units.NONE
        for giver in UNITS:
            latest = max((number for other, number in givers if other is giver), default=0)
            if giver is not unit and latest > needed[giver, unit]:
                needed[giver, unit] = latest
                wait |= FLAGS[giver]
                signals.add((giver, latest, unit))
        waits.append(wait)
        numbers[unit] += 1
        me = unit, numbers[unit]
        for name in step.reads:
            users.setdefault(name, []).append(me)
        for name in step.writes:
            writers[name], users[name] = me, [me]
    numbers.clear()
    program = []
    for step, wait in zip(steps, waits, strict=True):
        unit = step.instruction.UNIT
        numbers[unit] += 1
        signal = Units.NONE
        for taker in UNITS:
            if (unit, numbers[unit], taker) in signals:
                signal |= FLAGS[taker]
        program.append(replace(step.instruction, wait=wait, signal=signal))
    return program


def random_real_instruction(rng):
    """One that units would accept, as far as its duration goes."""

    def one(low, high):
        return int(rng.integers(low, high + 1))

    match one(0, 5):
        case 0 | 1:
            octets, groups = one(1, 40), one(1, 4)
            return Load(
                memory=one(0, 2),
                base=one(0, 1),
                address=one(0, 5000),
                rows=one(1, 6),
                row_step=one(0, 3000),
                row_bytes=one(1, 160),
                pad_left=one(0, 1) * one(0, 9),
                groups=groups,
                group_step=octets,
                group_bytes=octets,
            )
        case 2:
            return Gemm(
                out_height=one(1, 5),
                out_width=one(1, 9),
                taps_x=one(1, 3),
                blocks_k=one(1, 3),
                last_lanes=one(1, 4),
                blocks_n=one(1, 3),
            )
        case 3:
            return Requantize(out_width=one(1, 30), blocks=one(1, 2))
        case _:
            return Store(
                base=one(0, 1),
                address=one(0, 5000),
                rows=one(1, 5),
                row_step=one(0, 3000),
                groups=one(1, 4),
                group_bytes=one(1, 40),
            )


def random_real_program(rng, length):
    return with_random_tokens(rng, [random_real_instruction(rng) for _ in range(length)])

"""Random small programs, and the orders in which their units may carry them out."""

from dataclasses import replace

import numpy as np

from golden.accelerator.accesses import Space, accesses
from golden.accelerator.banks import ports
from golden.accelerator.instructions import (
    Add,
    Gemm,
    Load,
    Pool,
    Requantize,
    Store,
    Table,
    Unit,
    Units,
)
from golden.accelerator.interpreter import MemorySizes

LANES = 4
SIZES = MemorySizes(activations=12, weights=12, parameters=76, accumulators=6)
DRAM_BYTES = 400
BANKS = {Space.ACTIVATIONS: 6, Space.WEIGHTS: 1, Space.PARAMETERS: 1, Space.ACCUMULATORS: 3}
BANK_WORDS = {space: getattr(SIZES, space.value) // banks for space, banks in BANKS.items()}
FLAGS = {Unit.LOAD: Units.LOAD, Unit.EXECUTE: Units.EXECUTE, Unit.STORE: Units.STORE}

# Writes every word of every local memory.
PROLOGUE = (
    Load(row_bytes=48, group_bytes=48),
    Load(memory=1, address=48, row_bytes=48, group_bytes=48),
    Load(memory=2, address=96, row_bytes=304, group_bytes=304),
    Gemm(last_lanes=4, out_width=6, width=6, pixel_words=1),
)


def _random(rng):
    def one(low, high):
        return int(rng.integers(low, high + 1))

    match one(0, 8):
        case 0 | 1:
            memory, octets = one(0, 2), one(1, 8)
            return Load(
                memory=memory,
                address=one(0, 60),
                row_bytes=16,
                groups=one(1, 2),
                group_step=octets,
                group_bytes=octets,
                local=one(0, (8, 4, 72)[memory]),
            )
        case 2 | 3 | 4:
            return Gemm(
                source=one(0, 9),
                pixel_words=1,
                width=3,
                out_width=one(1, 2),
                taps_x=one(1, 2),
                last_lanes=LANES,
                weights=one(0, 4) if one(0, 1) else 0,
                target=one(0, 4),
                accumulate=one(0, 1),
                diagonal=one(0, 1),
            )
        case 5:
            return Requantize(source=one(0, 4), target=one(0, 10), out_width=2, pixel_words=1)
        case 6:
            first, words = one(0, 10), one(1, 2)
            apart = [word for word in range(11) if abs(word - first) not in range(1, words)]
            second = rng.choice(apart)
            targets = [word for word in apart if abs(word - second) not in range(1, words)]
            target = rng.choice(targets)
            return Add(first=first, second=int(second), target=int(target), words=words)
        case 7:
            window = {"pixel_words": 1, "width": 2, "taps_x": 2}
            source = one(0, 10)
            target = rng.choice([word for word in range(12) if word - source not in (0, 1)])
            return Pool(**window, kind=one(0, 1), source=source, target=int(target))
        case _:
            if one(0, 1):
                return Table(source=one(0, 11), target=one(0, 11), parameters=one(0, 12))
            return Store(address=one(0, 80), local=one(0, 10), group_bytes=one(1, 8))


def random_program(rng, length):
    """Instructions without tokens."""
    return [*PROLOGUE, *(_random(rng) for _ in range(length))]


def random_tokens(rng, program, share):
    """Pairs (giver, taker) of instructions; all pairs that order everything, or a share of them."""
    last, given, tokens = {}, set(), []
    for taker, instruction in enumerate(program):
        for unit in Unit:
            giver = last.get(unit)
            if unit is instruction.UNIT or giver is None or (giver, instruction.UNIT) in given:
                continue
            if taker <= len(PROLOGUE) or rng.random() < share:
                given.add((giver, instruction.UNIT))
                tokens.append((giver, taker))
        last[instruction.UNIT] = taker
    return tokens


def with_tokens(program, tokens):
    result = list(program)
    for giver, taker in tokens:
        to, by = FLAGS[program[taker].UNIT], FLAGS[program[giver].UNIT]
        result[giver] = replace(result[giver], signal=result[giver].signal | to)
        result[taker] = replace(result[taker], wait=result[taker].wait | by)
    return result


def first_race(program, tokens):
    """The first instruction that is not ordered after one that it conflicts with; None for none."""
    touched = []
    before = []
    for number, instruction in enumerate(program):
        reads, writes = set(), set()
        found = accesses(instruction, LANES)
        used = set(ports(instruction, found, BANK_WORDS))
        for access in found:
            words = {(access.space, access.base, int(word)) for word in access.index}
            (writes if access.writes else reads).update(words)
        earlier = set()
        for other in range(number):
            if program[other].UNIT is instruction.UNIT or (other, number) in tokens:
                earlier |= {other} | before[other]
        for other in range(number):
            their_reads, their_writes, their_ports = touched[other]
            conflict = writes & (their_reads | their_writes) or reads & their_writes
            if program[other].UNIT is not instruction.UNIT:
                conflict = conflict or used & their_ports
            if conflict and other not in earlier:
                return number
        before.append(earlier)
        touched.append((reads, writes, used))
    return None


def random_order(rng, program, capacity=31):
    """Numbers of instructions in an order that units may carry them out in.

    An instruction ends only when there is room for the tokens that it gives.
    """
    queues = {unit: [] for unit in Unit}
    for number, instruction in enumerate(program):
        queues[instruction.UNIT].append(number)
    tokens = {(giver, taker): 0 for giver in Unit for taker in Unit}
    favour = rng.permutation(3) if rng.random() < 0.5 else None
    order = []
    while any(queues.values()):
        ready = []
        for unit, queue in queues.items():
            if not queue:
                continue
            instruction = program[queue[0]]
            waits = [other for other in Unit if instruction.wait & FLAGS[other]]
            gives = [other for other in Unit if instruction.signal & FLAGS[other]]
            if all(tokens[other, unit] for other in waits) and all(
                tokens[unit, other] < capacity for other in gives
            ):
                ready.append((unit, waits, gives))
        assert ready, "no unit can go on"
        if favour is None:
            unit, waits, gives = ready[int(rng.integers(len(ready)))]
        else:
            ranks = dict(zip(Unit, np.array(favour).tolist(), strict=True))
            unit, waits, gives = min(ready, key=lambda entry: ranks[entry[0]])
        for other in waits:
            tokens[other, unit] -= 1
        for other in gives:
            tokens[unit, other] += 1
        order.append(queues[unit].pop(0))
    return order

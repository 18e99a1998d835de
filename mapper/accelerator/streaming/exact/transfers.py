"""Busy cycles of loads and stores, burst by burst, as in `sim.accelerator.load` and ``store``.

What was worked out once is kept in the problem's memo.
"""

import numpy as np

from mapper.accelerator.streaming.exact.numbers import (
    NEVER,
    NONE,
    Problem,
    Table,
)
from mapper.accelerator.streaming.fields import MOST_LONG_WORDS, MOST_ROW_BYTES
from mapper.allocation.compiled import compiled, compiled_part
from sim.accelerator.load import ARRIVAL, FIRST_BURST, FIRST_WORD, RETIREMENT, WRITE
from sim.accelerator.store import START_CYCLES

__all__ = ["load_cost", "long_part", "store_cost"]

_PROBES = 8
_OF_STORE = -2


@compiled_part
def _slot(p: Problem, memo: Table, first: int, second: int, third: int) -> int:
    """Where an entry is, or may be put; -1 if there is no room."""
    mixed = first * 0x1E3779B97F4A7C15 + second * 0x3F58476D1CE4E5B9 + third * 0x14D049BB133111EB
    place = (mixed ^ (mixed >> 29) ^ (mixed >> 43)) & (len(memo) - 1)
    for _ in range(_PROBES):
        if memo[place, 0] == NONE:
            return place
        if memo[place, 0] == first and memo[place, 1] == second and memo[place, 2] == third:
            return place
        place = (place + 1) & (len(memo) - 1)
    return NONE


@compiled
def load_cost(
    p: Problem,
    memo: Table,
    address: int,
    rows: int,
    row_step: int,
    row_bytes: int,
    pad: int,
    groups: int,
    step: int,
    octets: int,
) -> tuple[int, int]:
    """Busy cycles and beats of a load; address and step of rows count modulo the longest burst."""
    first = address | rows << 12 | row_bytes << 30
    second = row_step | pad << 12 | groups << 20 | step << 38
    place = _slot(p, memo, first, second, octets)
    if place >= 0 and memo[place, 0] != NONE:
        return memo[place, 3], memo[place, 4]
    cycles, beats = _load_cycles(p, address, rows, row_step, row_bytes, pad, groups, step, octets)
    if place >= 0:
        memo[place, 0], memo[place, 1], memo[place, 2] = first, second, octets
        memo[place, 3], memo[place, 4] = cycles, beats
    return cycles, beats


@compiled_part
def _load_cycles(
    p: Problem,
    address: int,
    rows: int,
    row_step: int,
    row_bytes: int,
    pad: int,
    groups: int,
    step: int,
    octets: int,
) -> tuple[int, int]:
    lanes, bus, block, interval = (
        p.lanes,
        p.bus,
        p.block,
        p.interval,
    )
    size = max(0, min(row_bytes, (groups - 1) * step + octets - pad))
    bursts_of_row = (block - 1 + size - 1) // block + 1 if size else 0
    # Of each burst: words, delay, words that span, their delay.
    words = np.zeros(bursts_of_row + 1, dtype=np.int64)
    delay = np.empty(bursts_of_row + 1, dtype=np.int64)
    spanning = np.zeros(bursts_of_row + 1, dtype=np.int64)
    late = np.empty(bursts_of_row + 1, dtype=np.int64)
    in_group = -(-octets // lanes)
    released = FIRST_WORD - 1
    accepted = FIRST_BURST - 1
    ring = np.full(p.room, NEVER, dtype=np.int64)
    turn = 0
    under_way = np.full(max(p.outstanding, 1), NEVER, dtype=np.int64)
    oldest = 0
    last_beat = NEVER
    total = 0
    known = NONE
    leading = trailing = 0
    for _ in range(rows):
        offset = address % block
        if offset != known:
            known = offset
            leading = trailing = 0
            words[:] = 0
            spanning[:] = 0
            delay[:] = NEVER
            late[:] = NEVER
            begun = False
            for group in range(groups):
                for word in range(in_group):
                    low = group * step - pad + word * lanes
                    high = low + min(lanes, octets - word * lanes)
                    low = max(low, 0)
                    high = min(high, size)
                    if low >= high:
                        if begun:
                            trailing += 1
                        else:
                            leading += 1
                        continue
                    begun = True
                    number = (offset + high - 1) // block
                    start = number * block if number else offset - offset % bus
                    beat = (offset + high - 1 - start) // bus
                    alone = beat * interval + ARRIVAL
                    # What is released after it moves the latest release on by one.
                    delay[number] = max(delay[number] + 1, alone)
                    words[number] += 1
                    if (offset + low) // block < number:
                        late[number] = max(late[number] + 1, alone)
                        spanning[number] += 1
            if not begun:
                leading, trailing = 0, groups * in_group
            words[0] += leading
        count = (offset + size - 1) // block + 1 if size else 0
        for number in range(count):
            start = number * block if number else offset - offset % bus
            stop = min((number + 1) * block, offset + size)
            beats = -(-(stop - start) // bus)
            total += beats
            accepted = max(accepted + 1, ring[turn] + RETIREMENT)
            if p.outstanding:
                accepted = max(accepted, under_way[oldest] + 1)
            first = max(accepted + p.latency, last_beat + interval)
            last_beat = first + (beats - 1) * interval
            if p.outstanding:
                under_way[oldest] = last_beat
                oldest = (oldest + 1) % p.outstanding
            if spanning[number]:
                newest = (turn - 1) % p.room
                ring[newest] = max(released + spanning[number], first + late[number])
            released = max(released + words[number], first + delay[number])
            ring[turn] = released
            turn = (turn + 1) % p.room
        released += trailing
        address += row_step
    return released + WRITE + 1, total


@compiled
def store_cost(
    p: Problem, memo: Table, address: int, rows: int, groups: int, octets: int
) -> tuple[int, int]:
    """Busy cycles and beats of a store whose rows begin alike."""
    first = address | rows << 12
    second = groups | octets << 20
    place = _slot(p, memo, first, second, _OF_STORE)
    if place >= 0 and memo[place, 0] != NONE:
        return memo[place, 3], memo[place, 4]
    cycles, beats = _store_cycles(p, address, rows, groups, octets)
    if place >= 0:
        memo[place, 0], memo[place, 1], memo[place, 2] = (
            first,
            second,
            _OF_STORE,
        )
        memo[place, 3], memo[place, 4] = cycles, beats
    return cycles, beats


@compiled_part
def _store_cycles(p: Problem, address: int, rows: int, groups: int, octets: int) -> tuple[int, int]:
    lanes, bus, block, interval = (
        p.lanes,
        p.bus,
        p.block,
        p.interval,
    )
    fill = address % bus
    first_beat = address % block // bus
    row_bytes = groups * octets
    row_beats = -(-(fill + row_bytes) // bus)
    burst_beats = block // bus
    complete = START_CYCLES - 1
    left = left_before = answer = NEVER
    last_beat = NEVER
    answers = np.full(max(p.outstanding, 1), NEVER, dtype=np.int64)
    oldest = 0
    # The step in which each beat of a row is complete: a word takes one for each beat that it
    # completes, and at least one.
    steps = np.empty(row_beats, dtype=np.int64)
    step, done = -1, 0
    for group in range(groups):
        for begin in range(0, octets, lanes):
            reached = (fill + group * octets + min(begin + lanes, octets)) // bus
            if group == groups - 1 and begin + lanes >= octets:
                reached = row_beats
            if reached == done:
                step += 1
            while done < reached:
                step += 1
                steps[done] = step
                done += 1
    for _ in range(rows):
        begin, before = 0, -1
        while begin < row_beats:
            end = min(row_beats, begin + burst_beats - (first_beat + begin) % burst_beats)
            lead, span = steps[begin] - before, steps[end - 1] - steps[begin]
            before = steps[end - 1]
            complete = max(complete + lead, left_before + 1) + span
            offered = max(complete, left) + 1
            beats = end - begin
            last_beat = max(offered, last_beat + interval) + (beats - 1) * interval
            left_before, left = left, max(offered, last_beat)
            if p.outstanding:
                left = max(left, answers[oldest] + 1)
            answer = left + p.latency
            if p.outstanding:
                answers[oldest] = answer
                oldest = (oldest + 1) % p.outstanding
            begin = end
    return answer + 2, rows * row_beats


@compiled_part
def long_part(groups: int, octets: int, lanes: int) -> tuple[int, int]:
    """Groups of a row, and rows, of the next load where so many groups are left to be loaded."""
    most = min(MOST_ROW_BYTES // octets, MOST_LONG_WORDS // -(-octets // lanes))
    power = 1
    while 2 * power <= most:
        power *= 2
    row = min(power, groups)
    return row, groups // row

"""The search itself, compiled: it decides whether buffers fit under a capacity.

Buffers are piled up. At any time each section, a moment at which a largest set of buffers is alive,
has a *floor* below which nothing more will be placed, and each buffer left has an *earliest*
offset, the highest floor of its sections. A node of the search takes a section in a valley of the
floors, and asks what lies upon its floor: one of the buffers whose earliest offset that is, or
nothing, which raises the floor. ``docs/mapping/allocation.md`` tells why this misses no solution.

All of it is in one file, as the cache of compiled code looks at the file of a function, not at
those of the functions that it calls. State is in few matrices rather than many vectors, as each
array makes a call dearer.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mapper.allocation.compiled import compiled_search, compiled_step

__all__ = [
    "ALIGNMENT",
    "ALIVE",
    "BASE",
    "BELOW",
    "CAPACITY",
    "CROSSING",
    "EARLIEST",
    "FAILED",
    "FIRST",
    "FITS",
    "FIXED",
    "FLOOR",
    "HAS_GAPS",
    "IS_TOUCHED",
    "LEFT",
    "NEXT",
    "NODES",
    "N_BUFFER_ROWS",
    "N_FIELDS",
    "N_KINDS",
    "N_LEFT",
    "N_SCALARS",
    "N_SECTION_ROWS",
    "OFFSET",
    "QUEUED",
    "RANK",
    "SIZE",
    "STOP",
    "STOPPED",
    "TWIN",
    "UNBOUNDED",
    "Kernel",
    "decide",
]

FAILED, FITS, STOPPED = range(3)
"""Results: no offsets exist; offsets were found; the search was ended before it knew."""

UNBOUNDED = 1 << 62
"""More than any offset."""

SIZE, ALIGNMENT, FIXED, RANK, TWIN, FIRST, OFFSET, EARLIEST = range(8)
"""Rows of ``Kernel.buffers``. FIXED: offset or -1. RANK: small ones are tried first. TWIN: a number
for the sections in which a buffer lives. FIRST: where these begin in ``lives``. OFFSET: -1 while
the buffer is not placed."""
N_BUFFER_ROWS = 8

FLOOR, BASE, BELOW, ALIVE, N_LEFT, LEFT, CROSSING, QUEUE, QUEUED, TOUCHED, IS_TOUCHED = range(11)
"""Rows of ``Kernel.sections``. BASE, BELOW: top of what is placed there, and the buffer that has it
or -1. ALIVE: where the section's buffers begin in ``alive``. N_LEFT, LEFT: number and size of its
buffers that are not placed. CROSSING: how many of these live on in the next section or later.
QUEUE, TOUCHED: sections to look at, with a mark for each that is among them."""
N_SECTION_ROWS = 11

CAPACITY, HAS_GAPS, STOP, NEXT, NODES, LIMIT, STAMP, N_TRAIL, N_QUEUE, N_TOUCHED = range(10)
"""Entries of ``Kernel.scalars``. STOP: set from another thread to end the search. NEXT: no capacity
below this changes a result FAILED. STAMP: when values were put on the trail."""
N_SCALARS = 10

KIND, AT, END, LOW, HIGH, SECTION, MARK = range(7)
"""Columns of ``Kernel.frames``. AT, END: answers still to be tried, in the pool. MARK: length of
the trail."""
N_FIELDS = 7

OF_FLOOR, OF_EARLIEST, OF_BASE, OF_BELOW, OF_PLACED = range(5)
"""What was changed, on the trail."""
N_KINDS = 5

_OPEN = 3
_CHOICE, _PARTS = range(2)
_NONE = -1

Matrix = NDArray[np.int64]


class Kernel(NamedTuple):
    """Problem and state, all int64.

    Lists of lists are flat, with a row of starts: those of i are ``flat[start[i]:start[i + 1]]``.
    For the last start, ``buffers`` and ``sections`` have one column more than there are buffers and
    sections.
    """

    buffers: Matrix
    """(N_BUFFER_ROWS, buffers + 1)"""
    sections: Matrix
    """(N_SECTION_ROWS, sections + 1), in order of time"""
    lives: Matrix
    """Sections of each buffer, ascending; flat."""
    alive: Matrix
    """Buffers of each section, in any order; flat."""
    scalars: Matrix
    """(N_SCALARS,)"""
    frames: Matrix
    """(depth, N_FIELDS): the stack of the search."""
    pool: Matrix
    """Answers that frames have still to try; flat."""
    trail: Matrix
    """Values to go back to: kind, index and value of each; flat."""
    noted: Matrix
    """Stamp under which each value was last put on the trail."""
    lowest: Matrix
    """(buffers,): scratch: the lowest place of each buffer of a section."""


@compiled_search
def decide(k: Kernel, node_limit: int) -> int:
    """Search from the start for offsets under the capacity.

    Parameters
    ----------
    k : Kernel
        At the start state; so it is again afterwards unless the buffers fit.
    node_limit : int
        Nodes after which the search gives up.

    Returns
    -------
    int
        FITS, with the offsets in ``k.buffers``; FAILED, a proof that there are none; or STOPPED.
    """
    k.scalars[NODES] = 0
    k.scalars[LIMIT] = node_limit
    k.scalars[NEXT] = UNBOUNDED
    k.scalars[STAMP] += 1
    n_sections = k.sections.shape[1] - 1
    for s in range(n_sections):
        _enqueue(k, s)
    result = FAILED
    if _propagate(k):
        result = _solve(k)
    if result != FITS:
        _undo(k, 0)
    return result


@compiled_step
def _solve(k: Kernel) -> int:
    """Search depth first.

    A frame is a question with answers still to be tried: one of them suffices where it is a choice
    of what lies upon a floor, all are needed where it is a list of parts that share no buffer. What
    fails in one part fails whatever was chosen in the others, so these are not tried again.
    """
    depth = 0
    low, high = 0, k.sections.shape[1] - 1
    result = _OPEN
    while True:
        if result == _OPEN:
            result, low, high = _descend(k, depth, low, high)
            if result == _OPEN:
                depth += 1
        if depth == 0 or result == STOPPED:
            return result
        frame = k.frames[depth - 1]
        if frame[KIND] == _PARTS:
            if result != FAILED and frame[AT] < frame[END]:
                low, high = k.pool[frame[AT]], k.pool[frame[AT] + 1]
                frame[AT] += 2
                result = _OPEN
            else:
                depth -= 1
        elif result == FITS:
            depth -= 1
        else:
            _undo(k, frame[MARK])
            result = FAILED
            while frame[AT] < frame[END] and result == FAILED:
                j = k.pool[frame[AT]]
                frame[AT] += 1
                k.scalars[STAMP] += 1
                s = frame[SECTION]
                if _waste(k, s) if j == _NONE else _place(k, j, k.sections[FLOOR, s]):
                    low, high = frame[LOW], frame[HIGH]
                    result = _OPEN
                else:
                    _undo(k, frame[MARK])
            if result == FAILED:
                depth -= 1


@compiled_step
def _descend(k: Kernel, depth: int, low: int, high: int) -> tuple[int, int, int]:
    """Do what there is no choice about in sections ``low`` to ``high``, then push a frame.

    They share no buffer with other sections. The result is _OPEN if a frame was pushed.
    """
    pool = k.frames[depth - 1, END] if depth else 0
    while True:
        while low < high and k.sections[N_LEFT, low] == 0:
            low += 1
        while low < high and k.sections[N_LEFT, high - 1] == 0:
            high -= 1
        if low == high:
            return FITS, low, high
        if not _has_room(k, depth, pool):
            return STOPPED, low, high
        if _push_parts(k, depth, pool, low, high):
            return _OPEN, low, high
        k.scalars[NODES] += 1
        if k.scalars[NODES] > k.scalars[LIMIT] or k.scalars[STOP] != 0:
            return STOPPED, low, high
        s = _choose_section(k, low, high)
        end = _push_options(k, pool, s)
        if end - pool != 1:
            break
        j = k.pool[pool]
        if not (_waste(k, s) if j == _NONE else _place(k, j, k.sections[FLOOR, s])):
            return FAILED, low, high
    frame = k.frames[depth]
    frame[KIND] = _CHOICE
    frame[AT], frame[END] = pool, end
    frame[LOW], frame[HIGH], frame[SECTION] = low, high, s
    frame[MARK] = k.scalars[N_TRAIL]
    return _OPEN, low, high


@compiled_step
def _has_room(k: Kernel, depth: int, pool: int) -> bool:
    """Whether stacks have room for what one more node may put there."""
    return (
        depth < k.frames.shape[0]
        and pool + k.noted.size < k.pool.size
        and k.scalars[N_TRAIL] + 3 * k.noted.size < k.trail.size
    )


@compiled_step
def _push_parts(k: Kernel, depth: int, pool: int, low: int, high: int) -> bool:
    """Push the parts between ``low`` and ``high`` that share no buffer, if these are several."""
    end = pool
    start = low
    for s in range(low, high):
        if k.sections[CROSSING, s] == 0:
            if start == low and s + 1 == high:
                return False
            if k.sections[N_LEFT, s] > 0:
                # Short parts first: they fail soonest.
                at = end
                while at > pool and k.pool[at - 1] - k.pool[at - 2] > s + 1 - start:
                    k.pool[at], k.pool[at + 1] = k.pool[at - 2], k.pool[at - 1]
                    at -= 2
                k.pool[at], k.pool[at + 1] = start, s + 1
                end += 2
            start = s + 1
    frame = k.frames[depth]
    frame[KIND] = _PARTS
    frame[AT], frame[END] = pool, end
    return True


@compiled_step
def _push_options(k: Kernel, pool: int, s: int) -> int:
    """Put on the pool what may lie upon the floor of section ``s``, most likely first; its end."""
    h = k.sections[FLOOR, s]
    end = pool
    wasteful = True
    for i in range(k.sections[ALIVE, s], k.sections[ALIVE, s + 1]):
        j = k.alive[i]
        if k.buffers[OFFSET, j] >= 0 or k.buffers[EARLIEST, j] != h:
            continue
        wasteful = wasteful and k.buffers[FIXED, j] < 0
        if _is_swapped(k, j, h):
            continue
        at = end
        while at > pool and k.buffers[RANK, k.pool[at - 1]] > k.buffers[RANK, j]:
            k.pool[at] = k.pool[at - 1]
            at -= 1
        k.pool[at] = j
        end += 1
    if not wasteful:
        return end
    slack = k.scalars[CAPACITY] - h - k.sections[LEFT, s]
    if slack > 0:
        k.pool[end] = _NONE
        end += 1
    else:
        k.scalars[NEXT] = min(k.scalars[NEXT], k.scalars[CAPACITY] + 1 - slack)
    return end


@compiled_step
def _choose_section(k: Kernel, low: int, high: int) -> int:
    """The section in a valley that leaves the fewest choices."""
    lowest = UNBOUNDED
    if k.scalars[HAS_GAPS]:
        for s in range(low, high):
            if k.sections[N_LEFT, s] > 0:
                lowest = min(lowest, k.sections[FLOOR, s])
    best, fewest = _NONE, 0
    left = low
    while left < high:
        right = left + 1
        h = k.sections[FLOOR, left]
        while right < high and k.sections[FLOOR, right] == h:
            right += 1
        is_valley = (left == low or k.sections[FLOOR, left - 1] > h) and (
            right == high or k.sections[FLOOR, right] > h
        )
        if k.scalars[HAS_GAPS]:
            is_valley = h == lowest
        if is_valley:
            for s in range(left, right):
                if k.sections[N_LEFT, s] == 0:
                    continue
                n = 0
                for i in range(k.sections[ALIVE, s], k.sections[ALIVE, s + 1]):
                    j = k.alive[i]
                    if k.buffers[OFFSET, j] < 0 and k.buffers[EARLIEST, j] == h:
                        n += 1
                if k.scalars[CAPACITY] - h - k.sections[LEFT, s] > 0:
                    n += 1
                if best == _NONE or n < fewest:
                    best, fewest = s, n
        left = right
    return best


@compiled_step
def _is_swapped(k: Kernel, j: int, h: int) -> bool:
    """Whether ``j`` would lie upon a twin that goes above it: that way round is searched too."""
    start = k.buffers[FIRST, j]
    below = k.sections[BELOW, k.lives[start]]
    if below == _NONE or k.buffers[TWIN, below] != k.buffers[TWIN, j]:
        return False
    if k.buffers[FIXED, j] >= 0 or k.buffers[FIXED, below] >= 0:
        return False
    if (
        k.buffers[ALIGNMENT, j] != k.buffers[ALIGNMENT, below]
        or k.sections[BASE, k.lives[start]] != h
    ):
        return False
    if k.buffers[SIZE, j] != k.buffers[SIZE, below]:
        return bool(k.buffers[SIZE, j] > k.buffers[SIZE, below] and k.buffers[ALIGNMENT, j] == 1)
    return bool(j < below)


@compiled_step
def _place(k: Kernel, j: int, h: int) -> bool:
    """Place ``j`` at ``h``; whether the rest may still fit."""
    k.buffers[OFFSET, j] = h
    _note(k, OF_PLACED, j, 0)
    start, end = k.buffers[FIRST, j], k.buffers[FIRST, j + 1]
    top = h + k.buffers[SIZE, j]
    for i in range(start, end):
        s = k.lives[i]
        k.sections[N_LEFT, s] -= 1
        k.sections[LEFT, s] -= k.buffers[SIZE, j]
        _note(k, OF_BASE, s, k.sections[BASE, s])
        _note(k, OF_BELOW, s, k.sections[BELOW, s])
        k.sections[BASE, s] = top
        k.sections[BELOW, s] = j
        _raise_floor(k, s, top)
        _enqueue(k, s)
    for s in range(k.lives[start], k.lives[end - 1]):
        k.sections[CROSSING, s] -= 1
    return _propagate(k)


@compiled_step
def _waste(k: Kernel, s: int) -> bool:
    """Place nothing upon the floor of ``s``; whether the rest may still fit.

    A buffer that could have lain there either becomes the lowest of ``s`` all the same, held up by
    one that does not live in ``s`` and is still to be placed; or it lies above the lowest of ``s``.
    """
    h = k.sections[FLOOR, s]
    start, end = k.sections[ALIVE, s], k.sections[ALIVE, s + 1]
    lowest = k.lowest
    top, second, topmost = UNBOUNDED, UNBOUNDED, _NONE
    for i in range(start, end):
        j = k.alive[i]
        if k.buffers[OFFSET, j] >= 0:
            continue
        at = k.buffers[EARLIEST, j] if k.buffers[EARLIEST, j] > h else _lowest_support(k, j, s)
        lowest[i - start] = at
        if at + k.buffers[SIZE, j] < top:
            top, second, topmost = at + k.buffers[SIZE, j], top, j
        else:
            second = min(second, at + k.buffers[SIZE, j])
    if top >= UNBOUNDED:
        # Nothing can be the lowest: whatever is, can be moved down.
        return False
    for i in range(start, end):
        j = k.alive[i]
        if k.buffers[OFFSET, j] < 0 and k.buffers[EARLIEST, j] == h:
            at = min(lowest[i - start], second if j == topmost else top)
            if at >= UNBOUNDED:
                return False
            _raise_earliest(k, j, at)
    return _propagate(k)


@compiled_step
def _lowest_support(k: Kernel, j: int, s: int) -> int:
    """Lowest top of a buffer that is still to be placed, meets ``j`` and does not live in ``s``."""
    lowest = UNBOUNDED
    for i in range(k.buffers[FIRST, j], k.buffers[FIRST, j + 1]):
        other = k.lives[i]
        for at in range(k.sections[ALIVE, other], k.sections[ALIVE, other + 1]):
            m = k.alive[at]
            top = k.buffers[EARLIEST, m] + k.buffers[SIZE, m]
            if k.buffers[OFFSET, m] < 0 and top < lowest and not _lives_in(k, m, s):
                lowest = top
    return lowest


@compiled_step
def _lives_in(k: Kernel, j: int, s: int) -> bool:
    start, end = k.buffers[FIRST, j], k.buffers[FIRST, j + 1]
    first, last = k.lives[start], k.lives[end - 1]
    if s < first or s > last:
        return False
    if last - first == end - start - 1:
        return True
    is_there = False
    for i in range(start, end):
        is_there |= k.lives[i] == s
    return bool(is_there)


@compiled_step
def _propagate(k: Kernel) -> bool:
    """Bring floors and earliest offsets up to each other; whether the rest may still fit."""
    fine = True
    first = 0
    while first < k.scalars[N_QUEUE]:
        s = k.sections[QUEUE, first % (k.sections.shape[1] - 1)]
        first += 1
        k.sections[QUEUED, s] = 0
        if fine and k.sections[N_LEFT, s] > 0 and not _lift(k, s):
            fine = False
    k.scalars[N_QUEUE] = 0
    while k.scalars[N_TOUCHED] > 0:
        k.scalars[N_TOUCHED] -= 1
        s = k.sections[TOUCHED, k.scalars[N_TOUCHED]]
        k.sections[IS_TOUCHED, s] = 0
        if fine and k.sections[N_LEFT, s] > 0 and not _fits_in_turn(k, s):
            fine = False
    return fine


@compiled_step
def _lift(k: Kernel, s: int) -> bool:
    """Raise the floor of section ``s`` to the lowest buffer above it; whether that may be."""
    h = k.sections[FLOOR, s]
    lowest = UNBOUNDED
    for i in range(k.sections[ALIVE, s], k.sections[ALIVE, s + 1]):
        j = k.alive[i]
        if k.buffers[OFFSET, j] < 0:
            lowest = min(lowest, k.buffers[EARLIEST, j])
            if k.buffers[FIXED, j] >= 0 and k.buffers[EARLIEST, j] > k.buffers[FIXED, j]:
                return False
    if lowest + k.sections[LEFT, s] > k.scalars[CAPACITY]:
        k.scalars[NEXT] = min(k.scalars[NEXT], lowest + k.sections[LEFT, s])
        return False
    if lowest > h:
        _raise_floor(k, s, lowest)
        return _is_settled(k, s)
    return True


@compiled_step
def _fits_in_turn(k: Kernel, s: int) -> bool:
    """Whether the buffers of section ``s``, each at its earliest or upon the one before, fit."""
    top = 0
    start = k.sections[ALIVE, s]
    for i in range(start, k.sections[ALIVE, s + 1]):
        j = k.alive[i]
        earliest = k.buffers[EARLIEST, j]
        # Sorting by insertion: the order was right a moment ago.
        at = i
        while at > start and k.buffers[EARLIEST, k.alive[at - 1]] > earliest:
            k.alive[at] = k.alive[at - 1]
            at -= 1
        k.alive[at] = j
    for i in range(start, k.sections[ALIVE, s + 1]):
        j = k.alive[i]
        if k.buffers[OFFSET, j] < 0:
            top = max(top, k.buffers[EARLIEST, j]) + k.buffers[SIZE, j]
    if top > k.scalars[CAPACITY]:
        k.scalars[NEXT] = min(k.scalars[NEXT], top)
        return False
    return True


@compiled_step
def _is_settled(k: Kernel, s: int) -> bool:
    """Whether no buffer of ``s`` fits into the holes below the floors, where it would be lower."""
    for i in range(k.sections[ALIVE, s], k.sections[ALIVE, s + 1]):
        j = k.alive[i]
        if k.buffers[OFFSET, j] >= 0 or k.buffers[FIXED, j] >= 0:
            continue
        bottom, ceiling = 0, UNBOUNDED
        for at in range(k.buffers[FIRST, j], k.buffers[FIRST, j + 1]):
            other = k.lives[at]
            bottom = max(bottom, k.sections[BASE, other])
            ceiling = min(ceiling, k.sections[FLOOR, other])
            if bottom + k.buffers[SIZE, j] > ceiling:
                break
        bottom = -(-bottom // k.buffers[ALIGNMENT, j]) * k.buffers[ALIGNMENT, j]
        if bottom + k.buffers[SIZE, j] <= ceiling:
            return False
    return True


@compiled_step
def _raise_floor(k: Kernel, s: int, h: int) -> None:
    _note(k, OF_FLOOR, s, k.sections[FLOOR, s])
    k.sections[FLOOR, s] = h
    for i in range(k.sections[ALIVE, s], k.sections[ALIVE, s + 1]):
        j = k.alive[i]
        if k.buffers[OFFSET, j] < 0 and k.buffers[EARLIEST, j] < h:
            _raise_earliest(k, j, h)


@compiled_step
def _raise_earliest(k: Kernel, j: int, h: int) -> None:
    _note(k, OF_EARLIEST, j, k.buffers[EARLIEST, j])
    k.buffers[EARLIEST, j] = -(-h // k.buffers[ALIGNMENT, j]) * k.buffers[ALIGNMENT, j]
    for i in range(k.buffers[FIRST, j], k.buffers[FIRST, j + 1]):
        _enqueue(k, k.lives[i])


@compiled_step
def _enqueue(k: Kernel, s: int) -> None:
    if k.sections[QUEUED, s] == 0:
        k.sections[QUEUED, s] = 1
        k.sections[QUEUE, k.scalars[N_QUEUE] % (k.sections.shape[1] - 1)] = s
        k.scalars[N_QUEUE] += 1
    if k.sections[IS_TOUCHED, s] == 0:
        k.sections[IS_TOUCHED, s] = 1
        k.sections[TOUCHED, k.scalars[N_TOUCHED]] = s
        k.scalars[N_TOUCHED] += 1


@compiled_step
def _note(k: Kernel, kind: int, index: int, value: int) -> None:
    """Remember a value that is about to change."""
    slot = kind * ((k.buffers.shape[1] - 1) + (k.sections.shape[1] - 1)) + index
    if k.noted[slot] == k.scalars[STAMP]:
        return
    k.noted[slot] = k.scalars[STAMP]
    at = k.scalars[N_TRAIL]
    k.trail[at] = kind
    k.trail[at + 1] = index
    k.trail[at + 2] = value
    k.scalars[N_TRAIL] = at + 3


@compiled_step
def _undo(k: Kernel, mark: int) -> None:
    """Take back all changes since the trail was ``mark`` long."""
    while k.scalars[N_TRAIL] > mark:
        k.scalars[N_TRAIL] -= 3
        at = k.scalars[N_TRAIL]
        kind, index, value = k.trail[at], k.trail[at + 1], k.trail[at + 2]
        if kind == OF_FLOOR:
            k.sections[FLOOR, index] = value
        elif kind == OF_EARLIEST:
            k.buffers[EARLIEST, index] = value
        elif kind == OF_BASE:
            k.sections[BASE, index] = value
        elif kind == OF_BELOW:
            k.sections[BELOW, index] = value
        else:
            _unplace(k, index)


@compiled_step
def _unplace(k: Kernel, j: int) -> None:
    k.buffers[OFFSET, j] = _NONE
    start, end = k.buffers[FIRST, j], k.buffers[FIRST, j + 1]
    for i in range(start, end):
        s = k.lives[i]
        k.sections[N_LEFT, s] += 1
        k.sections[LEFT, s] += k.buffers[SIZE, j]
    for s in range(k.lives[start], k.lives[end - 1]):
        k.sections[CROSSING, s] += 1

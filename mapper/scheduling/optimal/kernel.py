"""The search through states, compiled: the same as that of `states`, for long searches.

Sets are words of `BITS` bits. All is in one file, as the cache of compiled code looks at the file
of a function, not at those of the functions that it calls.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mapper.allocation.compiled import compiled_search, compiled_step

__all__ = [
    "BITS",
    "CAPACITY",
    "COST",
    "DEPTH",
    "ESTIMATE",
    "EXHAUSTED",
    "FOUND",
    "FULL",
    "LAST",
    "LIMIT",
    "N_SCALARS",
    "N_VALUES",
    "OPERATOR",
    "PARENT",
    "POPPED",
    "RUNNING",
    "TOO_MANY",
    "Kernel",
    "begin",
    "search",
]

BITS = 60
"""Bits of a word, few enough for signed arithmetic."""

RUNNING, FOUND, EXHAUSTED, FULL, TOO_MANY = range(5)
"""Results: looked at as many states as allowed; found a plan, the state popped last; no plan is
below the limit; no room for more states; more tensors resident than one word has bits."""

CAPACITY, LIMIT, N_STATES, N_HEAP, POPPED, LAST = range(6)
"""Entries of ``Kernel.scalars``. LIMIT: estimates from here on are of no use. LAST: the state that
was popped last."""
N_SCALARS = 6

COST, ESTIMATE, DEPTH, PARENT, OPERATOR, NEXT, DROPPED, USED = range(8)
"""Columns of ``Kernel.values``. OPERATOR: what ran after PARENT, before all that runs at once.
NEXT: another state with the same operators executed, or -1. DROPPED: whether another state is as
good. USED: units resident."""
N_VALUES = 8

_NONE = -1

Matrix = NDArray[np.int64]

_DE_BRUIJN = 0x03F79D71B4CB0A89
_PLACES = np.zeros(64, np.int64)
for _place in range(64):
    _PLACES[(_DE_BRUIJN << _place) % (1 << 64) >> 58] = _place


class Kernel(NamedTuple):
    """Problem and state of the search, all int64. Tensors are those that may stay."""

    needs: Matrix
    """(operators,): units while it runs."""
    before: Matrix
    """(operators, words): operators that it waits for."""
    after: Matrix
    """(operators, words): operators that wait for it."""
    inputs: Matrix
    """(operators, words)"""
    outputs: Matrix
    """(operators, words)"""
    made: Matrix
    """(operators,): units of the outputs."""
    made_copies: Matrix
    """(operators,): units of the outputs' copies."""
    sizes: Matrix
    """(tensors,)"""
    copies: Matrix
    """(tensors,): units of copies in memory."""
    readers: Matrix
    """(tensors, words)"""
    blockers: Matrix
    """(tensors, words): operators that leave no room for it."""
    blocked: Matrix
    """(words,): tensors that have blockers."""
    ancestors: Matrix
    """(operators, words): what must run before it."""
    always_saved: Matrix
    """(words,)"""
    unproduced: Matrix
    """(words,)"""
    coming: Matrix
    """(number, 3): producer of a tensor that will go and come back, set, cost."""
    home: Matrix
    """(tensors,): innermost set, or the number of sets."""
    outer: Matrix
    """(sets,): the set that has it as a part, or the number of sets."""
    scalars: Matrix
    """(N_SCALARS,)"""
    done: Matrix
    """(states, words)"""
    ready: Matrix
    """(states, words)"""
    resident: Matrix
    """(states, words)"""
    saved: Matrix
    """(states, words)"""
    due: Matrix
    """(states, sets)"""
    values: Matrix
    """(states, N_VALUES)"""
    table: Matrix
    """(power of 2,): one more than the first state of each set of executed operators, by hash; 0
    where there is none, so that memory is only taken where there are some."""
    heap: Matrix
    """(states,): open states, the best first."""
    others: Matrix
    """(BITS,): scratch, as all that follow: residents that an operator does not read."""
    left: Matrix
    """(BITS + 1,): units of these from each on."""
    stack: Matrix
    """(2 * BITS + 2, 3): choices among them that are open."""
    missing: Matrix
    """(words,): inputs that come back."""
    single: Matrix
    """(sets + 1,): what sets still cost."""


@compiled_search
def begin(k: Kernel) -> None:
    """Settle and push state 0, which is filled in but for estimate and units."""
    k.values[0, USED] = _bytes(k, k.resident, 0)
    while True:
        _settle(k, 0)
        if not _let_go(k, 0):
            break
    k.values[0, ESTIMATE] = k.values[0, COST] + _rest(k, 0)
    _enter(k, 0, _find(k, 0))
    k.scalars[N_STATES] = 1
    _push(k, 0)


@compiled_search
def search(k: Kernel, pops: int) -> int:
    """Look at up to so many states.

    Returns
    -------
    int
        RUNNING, FOUND, EXHAUSTED, FULL or TOO_MANY.
    """
    n = k.needs.shape[0]
    for _ in range(pops):
        if k.scalars[N_HEAP] == 0:
            return EXHAUSTED
        s = _pop(k)
        k.scalars[LAST] = s
        if k.values[s, DEPTH] == n:
            return FOUND
        if k.values[s, DROPPED]:
            continue
        k.scalars[POPPED] += 1
        result = _expand(k, s)
        if result != RUNNING:
            return result
    return RUNNING


@compiled_step
def _first_bit(word: int) -> int:
    """Number of the lowest bit set; of 64 powers of two, each shifts other bits to the top."""
    return int(_PLACES[((word & -word) * _DE_BRUIJN >> 58) & 63])


@compiled_step
def _sum_of(amounts: Matrix, word: int, at: int) -> int:
    """Sum over the tensors in word number ``at``."""
    total = 0
    while word:
        total += amounts[at * BITS + _first_bit(word)]
        word &= word - 1
    return total


@compiled_step
def _bytes(k: Kernel, sets: Matrix, s: int) -> int:
    total = 0
    for w in range(sets.shape[1]):
        total += _sum_of(k.sizes, sets[s, w], w)
    return total


@compiled_step
def _expand(k: Kernel, s: int) -> int:
    """Push all that can follow a state."""
    words = k.inputs.shape[1]
    others, left, stack, missing = k.others, k.left, k.stack, k.missing
    for v in range(k.ready.shape[1]):
        ready = k.ready[s, v]
        while ready:
            op = v * BITS + _first_bit(ready)
            ready &= ready - 1
            fetched, count = 0, 0
            excess = k.needs[op] - k.scalars[CAPACITY]
            for w in range(words):
                missing[w] = k.inputs[op, w] & ~k.resident[s, w]
                fresh = missing[w] & k.unproduced[w]
                while fresh:
                    bit = fresh & -fresh
                    fresh ^= bit
                    if not _meets(k.readers, w * BITS + _first_bit(bit), k.done, s):
                        missing[w] ^= bit
                fetched += _sum_of(k.copies, missing[w], w)
                rest = k.resident[s, w] & ~k.inputs[op, w]
                while rest:
                    if count == BITS:
                        return TOO_MANY
                    t = w * BITS + _first_bit(rest)
                    rest &= rest - 1
                    excess += k.sizes[t]
                    # Large ones first: a set is minimal if the one taken last is needed.
                    at = count
                    while at > 0 and k.sizes[others[at - 1]] < k.sizes[t]:
                        others[at] = others[at - 1]
                        at -= 1
                    others[at] = t
                    count += 1
            if excess <= 0:
                if not _follow(k, s, op, 0, fetched):
                    return FULL
                continue
            left[count] = 0
            for i in range(count - 1, -1, -1):
                left[i] = left[i + 1] + k.sizes[others[i]]
            stack[0, 0], stack[0, 1], stack[0, 2] = 0, 0, excess
            height = 1
            while height:
                height -= 1
                i, chosen, lacking = stack[height, 0], stack[height, 1], stack[height, 2]
                if left[i] < lacking:
                    continue
                stack[height, 0] = i + 1
                height += 1
                if k.sizes[others[i]] >= lacking:
                    if not _follow(k, s, op, chosen | 1 << i, fetched):
                        return FULL
                else:
                    stack[height, 0], stack[height, 1] = i + 1, chosen | 1 << i
                    stack[height, 2] = lacking - k.sizes[others[i]]
                    height += 1
    return RUNNING


@compiled_step
def _meets(one: Matrix, i: int, other: Matrix, j: int) -> bool:
    met = 0
    for w in range(one.shape[1]):
        met |= one[i, w] & other[j, w]
    return met != 0


@compiled_step
def _is_within(one: Matrix, i: int, other: Matrix, j: int) -> bool:
    beyond = 0
    for w in range(one.shape[1]):
        beyond |= one[i, w] & ~other[j, w]
    return beyond == 0


@compiled_step
def _follow(k: Kernel, s: int, op: int, chosen: int, fetched: int) -> bool:
    """Push the state after an operator, with the chosen ones of the others dropped.

    Whether there was room for it.
    """
    new = k.scalars[N_STATES]
    if new >= k.values.shape[0]:
        return False
    paid = fetched
    left = chosen
    while left:
        t = k.others[_first_bit(left)]
        left &= left - 1
        if not k.saved[s, t // BITS] >> (t % BITS) & 1:
            paid += k.copies[t]
    if k.values[s, COST] + paid >= k.scalars[LIMIT]:
        return True
    for w in range(k.done.shape[1]):
        k.done[new, w] = k.done[s, w]
        k.ready[new, w] = k.ready[s, w]
    for w in range(k.resident.shape[1]):
        k.resident[new, w] = k.resident[s, w]
        k.saved[new, w] = k.saved[s, w]
    for node in range(k.due.shape[1]):
        k.due[new, node] = k.due[s, node]
    for w in range(k.missing.shape[0]):
        come = k.missing[w]
        while come:
            t = w * BITS + _first_bit(come)
            come &= come - 1
            _pay(k, new, t)
    while chosen:
        t = k.others[_first_bit(chosen)]
        chosen &= chosen - 1
        w, bit = t // BITS, 1 << (t % BITS)
        k.resident[new, w] &= ~bit
        if not k.saved[new, w] & bit:
            k.saved[new, w] |= bit
            _pay(k, new, t)
    k.values[new, USED] = _bytes(k, k.resident, new)
    _run(k, new, op)
    k.values[new, DEPTH] = k.values[s, DEPTH] + 1
    k.values[new, COST] = k.values[s, COST] + paid
    k.values[new, PARENT] = s
    k.values[new, OPERATOR] = op
    k.values[new, DROPPED] = 0
    if k.values[new, COST] + _rest(k, new) >= k.scalars[LIMIT]:
        return True
    while True:
        _settle(k, new)
        if not _let_go(k, new):
            break
    k.values[new, ESTIMATE] = max(k.values[s, ESTIMATE], k.values[new, COST] + _rest(k, new))
    if k.values[new, ESTIMATE] >= k.scalars[LIMIT]:
        return True
    slot = _find(k, new)
    before = _NONE
    other = k.table[slot] - 1
    while other != _NONE:
        after = k.values[other, NEXT]
        if _beats(k, other, new):
            # What the new one has beaten already is beaten by this one too.
            return True
        if _beats(k, new, other):
            # Those that are left out need not be looked at again.
            k.values[other, DROPPED] = 1
            if before == _NONE:
                k.table[slot] = after + 1
            else:
                k.values[before, NEXT] = after
        else:
            before = other
        other = after
    _enter(k, new, slot)
    k.scalars[N_STATES] += 1
    _push(k, new)
    return True


@compiled_step
def _pay(k: Kernel, s: int, t: int) -> None:
    """Take what is paid for a tensor off what its sets still cost."""
    node = k.home[t]
    while node < k.outer.shape[0]:
        k.due[s, node] = max(0, k.due[s, node] - k.copies[t])
        node = k.outer[node]


@compiled_step
def _run(k: Kernel, s: int, op: int) -> None:
    """Let an operator run: its inputs that are still needed and its outputs are then resident."""
    k.done[s, op // BITS] |= 1 << (op % BITS)
    k.ready[s, op // BITS] &= ~(1 << (op % BITS))
    for w in range(k.inputs.shape[1]):
        inputs, outputs = k.inputs[op, w], k.outputs[op, w]
        stays = inputs
        while inputs:
            bit = inputs & -inputs
            inputs ^= bit
            if _is_within(k.readers, w * BITS + _first_bit(bit), k.done, s):
                stays ^= bit
        gone = k.inputs[op, w] & ~stays
        k.values[s, USED] += _sum_of(k.sizes, (stays | outputs) & ~k.resident[s, w], w)
        k.values[s, USED] -= _sum_of(k.sizes, gone & k.resident[s, w], w)
        k.resident[s, w] = (k.resident[s, w] | stays | outputs) & ~gone
        k.saved[s, w] = (k.saved[s, w] & ~gone) | ((stays | outputs) & k.always_saved[w])
    for w in range(k.after.shape[1]):
        later = k.after[op, w]
        while later:
            bit = later & -later
            later ^= bit
            if _is_within(k.before, w * BITS + _first_bit(bit), k.done, s):
                k.ready[s, w] |= bit


@compiled_step
def _settle(k: Kernel, s: int) -> None:
    """Run all operators that run at once."""
    progress = True
    while progress:
        progress = False
        for v in range(k.ready.shape[1]):
            ready = k.ready[s, v]
            while ready:
                op = v * BITS + _first_bit(ready)
                ready &= ready - 1
                if _runs_at_once(k, s, op):
                    _run(k, s, op)
                    k.values[s, DEPTH] += 1
                    progress = True
                    ready = k.ready[s, v] & ~((1 << (op % BITS + 1)) - 1)


@compiled_step
def _let_go(k: Kernel, s: int) -> bool:
    """Drop what has to go before any operator that is still to read it; whether there was some."""
    is_changed = False
    for w in range(k.inputs.shape[1]):
        here = k.resident[s, w] & k.blocked[w]
        while here:
            bit = here & -here
            here ^= bit
            t = w * BITS + _first_bit(bit)
            if _is_lost(k, s, t):
                is_changed = True
                k.resident[s, w] ^= bit
                k.values[s, USED] -= k.sizes[t]
                if not k.saved[s, w] & bit:
                    k.saved[s, w] |= bit
                    k.values[s, COST] += k.copies[t]
                    _pay(k, s, t)
    return is_changed


@compiled_step
def _is_lost(k: Kernel, s: int, t: int) -> bool:
    for v in range(k.readers.shape[1]):
        left = k.readers[t, v] & ~k.done[s, v]
        while left:
            reader = v * BITS + _first_bit(left)
            left &= left - 1
            is_behind = False
            for w in range(k.readers.shape[1]):
                if k.blockers[t, w] & k.ancestors[reader, w] & ~k.done[s, w]:
                    is_behind = True
                    break
            if not is_behind:
                return False
    return True


@compiled_step
def _runs_at_once(k: Kernel, s: int, op: int) -> bool:
    for w in range(k.inputs.shape[1]):
        if k.inputs[op, w] & ~k.resident[s, w]:
            return False
    # Outputs may take the part of an input that goes, if they are no larger in either place.
    replaces = k.made[op] == 0
    transient = k.values[s, USED] + k.needs[op]
    for w in range(k.inputs.shape[1]):
        inputs = k.inputs[op, w]
        while inputs:
            bit = inputs & -inputs
            inputs ^= bit
            t = w * BITS + _first_bit(bit)
            transient -= k.sizes[t]
            is_large = k.sizes[t] >= k.made[op] and k.copies[t] >= k.made_copies[op]
            if is_large and not k.saved[s, w] & bit and _is_last(k, s, op, t):
                replaces = True
    return bool(replaces and transient <= k.scalars[CAPACITY])


@compiled_step
def _is_last(k: Kernel, s: int, op: int, t: int) -> bool:
    """Whether no other operator is still to read a tensor."""
    for w in range(k.readers.shape[1]):
        left = k.readers[t, w] & ~k.done[s, w]
        if w == op // BITS:
            left &= ~(1 << (op % BITS))
        if left:
            return False
    return True


@compiled_step
def _rest(k: Kernel, s: int) -> int:
    """What is still to come at least: see `estimates`."""
    sets = k.outer.shape[0]
    single = k.single
    single[:] = 0
    for w in range(k.inputs.shape[1]):
        gone = k.saved[s, w] & ~k.resident[s, w]
        while gone:
            t = w * BITS + _first_bit(gone)
            gone &= gone - 1
            single[k.home[t]] += k.copies[t]
        here = k.resident[s, w] & k.blocked[w]
        while here:
            bit = here & -here
            here ^= bit
            t = w * BITS + _first_bit(bit)
            if not _is_within(k.blockers, t, k.done, s):
                single[k.home[t]] += k.copies[t] if k.saved[s, w] & bit else 2 * k.copies[t]
    for i in range(k.coming.shape[0]):
        producer = k.coming[i, 0]
        if not k.done[s, producer // BITS] >> (producer % BITS) & 1:
            single[k.coming[i, 1]] += k.coming[i, 2]
    # Sets come after their parts.
    for node in range(sets):
        single[k.outer[node]] += max(single[node], k.due[s, node])
    return int(single[sets])


@compiled_step
def _beats(k: Kernel, one: int, other: int) -> bool:
    """Whether the first can become the second for the difference in cost."""
    slack = k.values[other, COST] - k.values[one, COST]
    if slack < 0:
        return False
    for w in range(k.inputs.shape[1]):
        slack -= _sum_of(k.copies, k.saved[other, w] & ~k.saved[one, w], w)
        slack -= _sum_of(k.copies, k.resident[other, w] & ~k.resident[one, w], w)
        if slack < 0:
            return False
    return True


@compiled_step
def _find(k: Kernel, s: int) -> int:
    """Slot of the table for the operators that have been executed."""
    size = k.table.shape[0]
    code = 0
    for w in range(k.done.shape[1]):
        code = (code ^ k.done[s, w]) * 0x9E3779B97F4A7C1
        code ^= (code >> 29) & 0x7FFFFFFFF
    slot = int(code & (size - 1))
    while k.table[slot] != 0:
        other = k.table[slot] - 1
        is_equal = True
        for w in range(k.done.shape[1]):
            if k.done[s, w] != k.done[other, w]:
                is_equal = False
                break
        if is_equal:
            return slot
        slot = (slot + 1) & (size - 1)
    return slot


@compiled_step
def _enter(k: Kernel, s: int, slot: int) -> None:
    k.values[s, NEXT] = k.table[slot] - 1
    k.table[slot] = s + 1


@compiled_step
def _precedes(k: Kernel, one: int, other: int) -> bool:
    """Least estimate first; then most operators executed, so that the search dives; then new."""
    if k.values[one, ESTIMATE] != k.values[other, ESTIMATE]:
        return bool(k.values[one, ESTIMATE] < k.values[other, ESTIMATE])
    if k.values[one, DEPTH] != k.values[other, DEPTH]:
        return bool(k.values[one, DEPTH] > k.values[other, DEPTH])
    return one > other


@compiled_step
def _push(k: Kernel, s: int) -> None:
    at = k.scalars[N_HEAP]
    k.scalars[N_HEAP] += 1
    while at > 0 and _precedes(k, s, k.heap[(at - 1) // 2]):
        k.heap[at] = k.heap[(at - 1) // 2]
        at = (at - 1) // 2
    k.heap[at] = s


@compiled_step
def _pop(k: Kernel) -> int:
    best = k.heap[0]
    k.scalars[N_HEAP] -= 1
    end = k.scalars[N_HEAP]
    moved = k.heap[end]
    at = 0
    while 2 * at + 1 < end:
        child = 2 * at + 1
        if child + 1 < end and _precedes(k, k.heap[child + 1], k.heap[child]):
            child += 1
        if not _precedes(k, k.heap[child], moved):
            break
        k.heap[at] = k.heap[child]
        at = child
    k.heap[at] = moved
    return int(best)

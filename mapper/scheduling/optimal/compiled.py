"""Long searches through states, by the compiled kernel."""

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from mapper import clock
from mapper.scheduling.optimal.problem import Problem, mask, members
from mapper.scheduling.optimal.shares import Share
from mapper.scheduling.optimal.states import Found, StateSearch, search_states

if TYPE_CHECKING:
    from mapper.scheduling.optimal.kernel import Kernel, Matrix

__all__ = ["search_long"]

_POPS = 500
"""States between two looks at the clock."""

_GROWTH = 24
"""States that have room for each that is looked at."""

_LARGEST_BYTES = 1 << 30
"""Of memory for states. It is only taken as it is filled."""


def search_long(
    problem: Problem,
    *,
    shares: Sequence[Share] = (),
    limit: float = inf,
    max_states: float = inf,
    deadline: float = inf,
) -> Found:
    """Find a cheapest plan: `search_states`, and many times as fast.

    Problems in which outputs may have the place of inputs, and those whose sizes leave 64 bits, are
    left to it.

    Parameters
    ----------
    problem, shares, limit, max_states, deadline
        As for `search_states`. The search also gives up where memory for states is full.
    """
    total = max(sum(problem.sizes), sum(problem.copies)) * 2 * (len(problem.inputs) + 1)
    if any(problem.in_place) or total >= 1 << 60:
        return search_states(
            problem, shares=shares, limit=limit, max_states=max_states, deadline=deadline
        )
    # Imported late: short searches need no compiler.
    from mapper.scheduling.optimal import kernel as k

    search = StateSearch(problem, shares)
    kept = [t for t, users in enumerate(problem.users) if len(users) > 1]
    state = _start(problem, search, kept, int(min(limit, total)), max_states)
    k.begin(state)
    result = k.RUNNING
    while result == k.RUNNING:
        if state.scalars[k.POPPED] > max_states or clock.now() > deadline:
            break
        result = k.search(state, _POPS)
    popped, last = int(state.scalars[k.POPPED]), int(state.scalars[k.LAST])
    if result == k.EXHAUSTED:
        return Found(plan=None, bound=int(limit), states=popped)
    if result != k.FOUND:
        # Whatever is open is estimated at no less than what was looked at last.
        return Found(plan=None, bound=int(state.values[last, k.ESTIMATE]), states=popped)
    path = [last]
    while path[-1] != 0:
        path.append(int(state.values[path[-1], k.PARENT]))
    plan = search.retraced(
        [
            (
                int(state.values[s, k.OPERATOR]),
                mask(_numbers(state.done[s])),
                mask(kept[t] for t in _numbers(state.resident[s])),
            )
            for s in reversed(path)
        ]
    )
    return Found(plan=plan, bound=int(state.values[last, k.COST]), states=popped)


def _start(
    problem: Problem, search: StateSearch, kept: Sequence[int], limit: int, max_states: float
) -> "Kernel":
    """Matrices of the kernel, with the first state filled in."""
    from mapper.scheduling.optimal import kernel as k

    n, m = len(problem.inputs), len(kept)
    number = {tensor: index for index, tensor in enumerate(kept)}
    estimate = search.estimate
    sets = len(estimate.due)

    def tensors(own: Iterable[int]) -> int:
        return mask(number[tensor] for tensor in own if tensor in number)

    outer = np.full(sets, sets, np.int64)
    for index, parts in enumerate(estimate.parts):
        outer[parts] = index
    width, operator_words = _words(m), _words(n)
    row_bytes = 8 * (2 * operator_words + 2 * width + sets + k.N_VALUES + 3)
    states = int(min(_GROWTH * (max_states + _POPS), _LARGEST_BYTES // row_bytes))
    scalars = np.zeros(k.N_SCALARS, np.int64)
    scalars[k.CAPACITY] = problem.capacity
    scalars[k.LIMIT] = limit
    state = k.Kernel(
        needs=np.array(problem.needs, np.int64),
        before=_sets(problem.before, n),
        after=_sets([mask(own) for own in problem.after], n),
        inputs=_sets([tensors(own) for own in problem.inputs], m),
        outputs=_sets([tensors(own) for own in problem.outputs], m),
        made=_sums(problem.sizes, problem.outputs, number),
        made_copies=_sums(problem.copies, problem.outputs, number),
        sizes=np.array([problem.sizes[t] for t in kept] or [0], np.int64),
        copies=np.array([problem.copies[t] for t in kept] or [0], np.int64),
        readers=_sets([mask(problem.readers[t]) for t in kept], n),
        blockers=_sets([estimate.blockers[t] for t in kept], n),
        blocked=_sets([tensors(t for t in kept if estimate.blockers[t])], m)[0],
        ancestors=_sets(problem.ancestors, n),
        always_saved=_sets([tensors(t for t in kept if problem.is_saved[t])], m)[0],
        unproduced=_sets([tensors(t for t in kept if problem.producers[t] is None)], m)[0],
        coming=np.array(
            [
                (producer, sets if estimate.home[t] < 0 else estimate.home[t], cost)
                for producer, t, cost in estimate.coming
            ],
            np.int64,
        ).reshape(-1, 3),
        home=np.array(
            [sets if estimate.home[t] < 0 else estimate.home[t] for t in kept] or [0], np.int64
        ),
        outer=outer,
        scalars=scalars,
        done=np.empty((states, operator_words), np.int64),
        ready=np.empty((states, operator_words), np.int64),
        resident=np.empty((states, width), np.int64),
        saved=np.empty((states, width), np.int64),
        due=np.empty((states, sets), np.int64),
        values=np.empty((states, k.N_VALUES), np.int64),
        table=np.zeros(1 << (2 * states).bit_length(), np.int64),
        heap=np.empty(states, np.int64),
        others=np.empty(k.BITS, np.int64),
        left=np.empty(k.BITS + 1, np.int64),
        stack=np.empty((2 * k.BITS + 2, 3), np.int64),
        missing=np.empty(width, np.int64),
        single=np.empty(sets + 1, np.int64),
    )
    first = [op for op, before in enumerate(problem.before) if not before]
    for rows in (state.done, state.resident, state.saved, state.values):
        rows[0] = 0
    state.ready[0] = _sets([mask(first)], n)[0]
    state.due[0] = estimate.due
    return state


def _words(count: int) -> int:
    from mapper.scheduling.optimal.kernel import BITS

    return max(1, -(-count // BITS))


def _sums(
    amounts: Sequence[int], rows: Sequence[Sequence[int]], chosen: Mapping[int, int]
) -> "Matrix":
    """Sum over those of each row that are chosen."""
    return np.array([sum(amounts[t] for t in own if t in chosen) for own in rows], np.int64)


def _sets(masks: Sequence[int], count: int) -> "Matrix":
    """Sets of numbers below ``count`` as words."""
    from mapper.scheduling.optimal.kernel import BITS

    words = np.zeros((max(1, len(masks)), _words(count)), np.int64)
    low = (1 << BITS) - 1
    for index, bits in enumerate(masks):
        words[index] = [bits >> BITS * at & low for at in range(words.shape[1])]
    return words


def _numbers(words: "Matrix") -> list[int]:
    from mapper.scheduling.optimal.kernel import BITS

    return [at * BITS + bit for at, word in enumerate(words) for bit in members(int(word))]

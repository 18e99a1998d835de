"""Small problems, and their least heights by trying all offsets."""

from collections.abc import Iterator

import numpy as np

from mapper.allocation.problem import Buffer, Problem


def least_height(problem: Problem, heights: range) -> int | None:
    """The least of the heights that suffices, or None if none does: every offset is tried."""
    return next((height for height in heights if _fit(problem, height)), None)


def _fit(problem: Problem, height: int) -> bool:
    """Whether all fit, by the set of all that can be where from each moment to the next."""
    buffers = problem.buffers
    states: set[tuple[tuple[int, int], ...]] = {()}
    for now in range(
        min((b.lower for b in buffers), default=0), max((b.upper for b in buffers), default=0)
    ):
        states = {tuple((j, at) for j, at in state if buffers[j].upper > now) for state in states}
        # Those that come out of a gap may find their bytes taken.
        states = {state for state in states if _bytes_of(problem, state, now) is not None}
        for j, buffer in enumerate(buffers):
            if buffer.lower == now:
                states = {
                    (*state, (j, at))
                    for state in states
                    for at in allowed(buffer, height)
                    if _bytes_of(problem, (*state, (j, at)), now) is not None
                }
    return bool(states)


def _bytes_of(problem: Problem, state: tuple[tuple[int, int], ...], now: int) -> int | None:
    """A bit for each byte that is taken; None if one is taken twice."""
    taken = 0
    for j, at in state:
        buffer = problem.buffers[j]
        if any(lower <= now < upper for lower, upper in buffer.gaps):
            continue
        own = ((1 << buffer.size) - 1) << at
        if taken & own:
            return None
        taken |= own
    return taken


def allowed(buffer: Buffer, height: int) -> Iterator[int]:
    """Offsets that the buffer may have by itself."""
    for offset in range(0, height - buffer.size + 1, buffer.alignment):
        if buffer.offset in (None, offset):
            yield offset


def draw(
    rng: np.random.Generator,
    n: int,
    *,
    times: int = 8,
    largest: int = 4,
    unit: int = 1,
    aligned: bool = False,
    gapped: bool = False,
    fixed: bool = False,
) -> Problem:
    """A random problem."""
    buffers = []
    for number in range(n):
        lower = int(rng.integers(times))
        upper = int(rng.integers(lower + 1, times + 1))
        alignment = int(rng.choice([1, 1, 2, 3])) if aligned else 1
        gaps: tuple[tuple[int, int], ...] = ()
        if gapped and upper - lower >= 3 and rng.random() < 0.6:
            begin = int(rng.integers(lower + 1, upper - 1))
            gaps = ((begin, int(rng.integers(begin + 1, upper))),)
        offset = None
        if fixed and rng.random() < 0.3:
            offset = int(rng.integers(4)) * alignment * unit
        buffers.append(
            Buffer(
                id=f"b{number}",
                lower=lower,
                upper=upper,
                size=int(rng.integers(1, largest + 1)) * unit,
                alignment=alignment * unit if aligned else 1,
                gaps=gaps,
                offset=offset,
            )
        )
    return Problem(tuple(buffers))


def cut(rng: np.random.Generator, n: int, *, duration: int, capacity: int) -> Problem:
    """A problem of ``n`` buffers that fill the capacity at every moment."""
    pieces = [(0, duration, 0, capacity)]
    while len(pieces) < n:
        areas = [(upper - lower) * (high - low) for lower, upper, low, high in pieces]
        lower, upper, low, high = pieces.pop(int(np.argmax(areas * rng.random(len(areas)))))
        if (rng.random() < 0.5 and upper - lower > 1) or high - low == 1:
            at = int(rng.integers(lower + 1, upper))
            pieces += [(lower, at, low, high), (at, upper, low, high)]
        else:
            at = int(rng.integers(low + 1, high))
            pieces += [(lower, upper, low, at), (lower, upper, at, high)]
    order = rng.permutation(n)
    return Problem(
        tuple(
            Buffer(id=str(i), lower=lower, upper=upper, size=high - low)
            for i, (lower, upper, low, high) in enumerate(pieces[j] for j in order)
        )
    )


def refill(rng: np.random.Generator, *, capacity: int, times: int) -> Problem:
    """Buffers whose sizes fill the capacity at every moment, though they may not fit under it.

    At each moment some end, and others of the same sum begin.
    """
    alive: list[tuple[int, int]] = []
    rows = []
    for now in range(times):
        staying = [rng.random() < 0.6 for _ in alive]
        rows += [
            (begin, now, size)
            for (begin, size), stays in zip(alive, staying, strict=True)
            if not stays
        ]
        alive = [buffer for buffer, stays in zip(alive, staying, strict=True) if stays]
        free = capacity - sum(size for _, size in alive)
        while free:
            size = int(rng.integers(1, min(free, 3) + 1))
            alive.append((now, size))
            free -= size
    rows += [(begin, times, size) for begin, size in alive]
    return Problem(
        tuple(
            Buffer(id=str(i), lower=lower, upper=upper, size=size)
            for i, (lower, upper, size) in enumerate(rows)
        )
    )

"""Whether offsets are an allocation. Knows nothing of how they were found."""

from collections.abc import Sequence
from itertools import islice

from mapper.allocation.problem import Buffer, Problem

__all__ = ["find_faults"]


def find_faults(problem: Problem, offsets: Sequence[int], capacity: int | None = None) -> list[str]:
    """Look at every buffer, and at every two that are alive at one time.

    Parameters
    ----------
    problem : Problem
    offsets : sequence of int
        Bytes, of each buffer.
    capacity : int, optional
        Bytes under which all must end.

    Returns
    -------
    list of str
        A sentence for each fault; empty if this is an allocation.
    """
    if len(offsets) != len(problem.buffers):
        return [f"{len(problem.buffers)} buffers have {len(offsets)} offsets"]
    faults = []
    placed = list(zip(problem.buffers, offsets, strict=True))
    for buffer, offset in placed:
        if offset < 0:
            faults.append(f"{buffer.id} begins at {offset}")
        if capacity is not None and offset + buffer.size > capacity:
            faults.append(f"{buffer.id} ends at {offset + buffer.size}, above {capacity}")
        if offset % buffer.alignment:
            faults.append(f"{buffer.id} at {offset} is not aligned to {buffer.alignment}")
        if buffer.offset is not None and offset != buffer.offset:
            faults.append(f"{buffer.id} is at {offset}, but must be at {buffer.offset}")
    shared = []
    by_time = sorted(range(len(placed)), key=lambda index: placed[index][0].lower)
    for rank, index in enumerate(by_time):
        one, at = placed[index]
        end = at + one.size
        for later in islice(by_time, rank + 1, None):
            other, other_at = placed[later]
            if other.lower >= one.upper:
                break
            if at < other_at + other.size and other_at < end and _meet(one, other):
                shared.append(sorted((index, later)))
    for first, second in sorted(shared):
        (one, at), (other, other_at) = placed[first], placed[second]
        faults.append(f"{one.id} at {at} and {other.id} at {other_at} share bytes")
    return faults


def _meet(one: Buffer, other: Buffer) -> bool:
    """Whether both are alive at some moment: if so, they are where an interval begins."""
    if one.upper <= other.lower or other.upper <= one.lower:
        return False
    begins = {one.lower, other.lower, *(upper for _, upper in (*one.gaps, *other.gaps))}
    return any(_is_alive(one, moment) and _is_alive(other, moment) for moment in begins)


def _is_alive(buffer: Buffer, moment: int) -> bool:
    in_gap = any(lower <= moment < upper for lower, upper in buffer.gaps)
    return buffer.lower <= moment < buffer.upper and not in_gap

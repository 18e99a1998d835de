"""Offsets in a moment, without a search."""

from collections.abc import Sequence

from mapper.allocation.instance import Instance

__all__ = ["first_fit"]


def first_fit(instance: Instance, order: Sequence[int]) -> list[int]:
    """Give each buffer in turn the lowest offset at which it fits.

    Parameters
    ----------
    instance : Instance
        Given offsets must not contradict each other.
    order : sequence of int
        Numbers of the buffers; those with given offsets are placed before all others.

    Returns
    -------
    list of int
        Offset of each buffer, in units.
    """
    offsets = [-1 if fixed is None else fixed for fixed in instance.fixed]
    lives = instance.lives
    for j in order:
        if offsets[j] >= 0:
            continue
        others = {i for s in lives[j] for i in instance.sections[s] if offsets[i] >= 0}
        alignment = instance.alignments[j]
        at = 0
        for begin, end in sorted((offsets[i], offsets[i] + instance.sizes[i]) for i in others):
            if at + instance.sizes[j] <= begin:
                break
            at = max(at, -(-end // alignment) * alignment)
        offsets[j] = at
    return offsets

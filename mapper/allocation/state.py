"""The start of a search, as the matrices of the compiled kernel."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from mapper.allocation import kernel as rows
from mapper.allocation.instance import Instance
from mapper.allocation.kernel import Kernel, Matrix

__all__ = ["start_state"]

_TRAIL_ENTRIES = 2_000_000
_POOL_ENTRIES = 1_000_000
"""Room of stacks. A search that would need more gives up; depth-first, these are never near."""


def start_state(instance: Instance, capacity: int, order: Sequence[int]) -> Kernel:
    """Nothing is placed.

    Parameters
    ----------
    instance : Instance
    capacity : int
        In units.
    order : sequence of int
        Numbers of the buffers; early ones are tried first.
    """
    n, m = len(instance.sizes), len(instance.sections)
    lives = instance.lives
    buffers = np.zeros((rows.N_BUFFER_ROWS, n + 1), np.int64)
    buffers[rows.SIZE, :n] = instance.sizes
    buffers[rows.ALIGNMENT, :n] = instance.alignments
    buffers[rows.FIXED, :n] = [-1 if fixed is None else fixed for fixed in instance.fixed]
    buffers[rows.RANK, list(order)] = np.arange(n)
    twins: dict[tuple[int, ...], int] = {}
    buffers[rows.TWIN, :n] = [twins.setdefault(tuple(life), len(twins)) for life in lives]
    buffers[rows.FIRST] = _starts(lives)
    buffers[rows.OFFSET] = -1
    buffers[rows.EARLIEST, :n] = [fixed or 0 for fixed in instance.fixed]

    sections = np.zeros((rows.N_SECTION_ROWS, m + 1), np.int64)
    alive = [sorted(section) for section in instance.sections]
    sections[rows.BELOW] = -1
    sections[rows.ALIVE] = _starts(alive)
    sections[rows.N_LEFT, :m] = [len(section) for section in alive]
    sections[rows.LEFT, :m] = [sum(instance.sizes[j] for j in section) for section in alive]
    for life in lives:
        sections[rows.CROSSING, life[0] : life[-1]] += 1

    scalars = np.zeros(rows.N_SCALARS, np.int64)
    scalars[rows.CAPACITY] = capacity
    scalars[rows.HAS_GAPS] = any(life[-1] - life[0] != len(life) - 1 for life in lives)
    return Kernel(
        buffers=buffers,
        sections=sections,
        lives=_flat(lives),
        alive=_flat(alive),
        scalars=scalars,
        frames=np.zeros((4 * (n + m + 1), rows.N_FIELDS), np.int64),
        pool=np.empty(_POOL_ENTRIES + n + m, np.int64),
        trail=np.empty(_TRAIL_ENTRIES + 15 * (n + m), np.int64),
        noted=np.zeros(rows.N_KINDS * (n + m), np.int64),
        lowest=np.empty(n, np.int64),
    )


def _flat(lists: list[list[int]]) -> Matrix:
    return np.array([entry for entries in lists for entry in entries], np.int64)


def _starts(lists: list[list[int]]) -> Matrix:
    return np.array(list(accumulate((len(entries) for entries in lists), initial=0)), np.int64)

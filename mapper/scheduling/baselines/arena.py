"""TFLite's arena: where tensors go, by its two rules.

A tensor goes to the smallest gap that holds it between those that it meets, the lowest of equal
gaps; where none does, on top of all of them. (``SimpleMemoryArena::Allocate`` in
tensorflow/lite/simple_memory_arena.cc.) Tensors that live throughout come first, in any order, then
larger before smaller, then earlier before later. (``ArenaPlanner::CreateTensorAllocationVector`` in
tensorflow/lite/arena_planner.cc; Pisarchyk and Lee, arXiv 2001.03288, section 5, greedy by size.)
Its alignment of 64 bytes is left out: schedules here align by the sizes of tensors.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Lifetime", "best_fit", "lacking_bytes", "place", "plan"]


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """Steps for which a tensor is in the scratchpad.

    Parameters
    ----------
    tensor : str
        Its name.
    begin, end : int
        Numbers of the first step, and of the first after the last.
    size_bytes : int
        Of the tensor.
    """

    tensor: str
    begin: int
    end: int
    size_bytes: int


def best_fit(taken: Iterable[tuple[int, int]], size_bytes: int) -> int:
    """The address that the arena gives a tensor.

    Parameters
    ----------
    taken : iterable of (int, int)
        First byte and end of what the tensor meets.
    size_bytes : int
        Of the tensor.
    """
    best: tuple[int, int] | None = None
    top = 0
    for begin, end in sorted(taken):
        gap = begin - top
        if gap >= size_bytes and (best is None or gap < best[0]):
            best = gap, top
        top = max(top, end)
    return top if best is None else best[1]


def place(
    resident: Mapping[str, int], incoming: Sequence[str], sizes: Mapping[str, int]
) -> dict[str, int]:
    """Addresses of tensors that come at a step, for a scratchpad without an end.

    Parameters
    ----------
    resident : mapping of str to int
        Addresses of the tensors that are there.
    incoming : sequence of str
        Names of those that come.
    sizes : mapping of str to int
        Bytes of all.
    """
    taken = [(at, at + sizes[name]) for name, at in resident.items()]
    placed: dict[str, int] = {}
    for name in sorted(incoming, key=lambda name: -sizes[name]):
        at = placed[name] = best_fit(taken, sizes[name])
        taken.append((at, at + sizes[name]))
    return placed


def lacking_bytes(
    addresses: Mapping[str, int], sizes: Mapping[str, int], capacity_bytes: int
) -> int:
    """Bytes of the highest tensor that lie outside the scratchpad."""
    top = max((at + sizes[name] for name, at in addresses.items()), default=0)
    return max(0, top - capacity_bytes)


def plan(lifetimes: Sequence[Lifetime], n_steps: int) -> list[int]:
    """Addresses of tensors whose lifetimes are known, for a scratchpad without an end.

    Parameters
    ----------
    lifetimes : sequence of Lifetime
        A tensor may have several.
    n_steps : int
        In all.

    Returns
    -------
    list of int
        In the order of ``lifetimes``.
    """

    def rank(number: int) -> tuple[bool, int, int]:
        life = lifetimes[number]
        if life.begin == 0 and life.end == n_steps:
            return False, 0, 0
        return True, -life.size_bytes, life.begin

    addresses = [0] * len(lifetimes)
    placed: list[int] = []
    for number in sorted(range(len(lifetimes)), key=rank):
        own = lifetimes[number]
        met = (
            other
            for other in placed
            if lifetimes[other].begin < own.end and own.begin < lifetimes[other].end
        )
        taken = ((addresses[i], addresses[i] + lifetimes[i].size_bytes) for i in met)
        addresses[number] = best_fit(taken, own.size_bytes)
        placed.append(number)
    return addresses

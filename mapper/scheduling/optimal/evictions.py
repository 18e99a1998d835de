"""What to drop to make room."""

from collections.abc import Iterator, Sequence

__all__ = ["smallest_sets"]


def smallest_sets(tensors: Sequence[int], excess: int, sizes: Sequence[int]) -> Iterator[int]:
    """Sets with at least ``excess`` units in which no tensor is too much.

    Parameters
    ----------
    tensors : sequence of int
        To choose from.
    excess : int
        Units; if there is none, the empty set is the only one.
    sizes : sequence of int
        Of all tensors, in units.

    Yields
    ------
    int
        The set as a mask.
    """
    if excess <= 0:
        yield 0
        return
    # Large ones first: then a set is minimal if the one taken last, its smallest, is needed.
    ranked = sorted(tensors, key=lambda t: -sizes[t])
    left = [0] * (len(ranked) + 1)
    for index in reversed(range(len(ranked))):
        left[index] = left[index + 1] + sizes[ranked[index]]
    stack = [(0, 0, excess)]
    while stack:
        index, chosen, lacking = stack.pop()
        if left[index] < lacking:
            continue
        tensor = ranked[index]
        stack.append((index + 1, chosen, lacking))
        if sizes[tensor] >= lacking:
            yield chosen | 1 << tensor
        else:
            stack.append((index + 1, chosen | 1 << tensor, lacking - sizes[tensor]))

"""What the rest of a plan costs at least, seen from a state of a search."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from operator import or_

from mapper.scheduling.optimal.problem import Problem, mask, members
from mapper.scheduling.optimal.shares import Share

__all__ = ["Estimate"]


class Estimate:
    """Bounds of the cost to come.

    A tensor that is needed and not resident comes back. One that is resident, or that is still to
    be produced, goes and comes back if an operator that is still to run, before one that reads it,
    leaves no room for it. Of a set of tensors that cost something in any plan, what has not been
    paid is still to come. Bounds of disjoint sets add up; of a set, the larger one counts of its
    own and of what its parts add up to.

    Parameters
    ----------
    problem : Problem
    shares : sequence of Share
        Disjoint, apart from the parts that they have.
    """

    def __init__(self, problem: Problem, shares: Sequence[Share]) -> None:
        self._copies = problem.copies
        self._nodes: list[Share] = []
        self.parts: list[list[int]] = []
        """Numbers of the parts of each set. Sets are numbered after their parts."""
        self.home = [-1] * len(problem.sizes)
        """Where each tensor is counted: the innermost set that has it, or -1."""
        self._roots = [self._enter(share) for share in shares]
        self.due = tuple(share.least for share in self._nodes)
        """What sets cost at least, from the start on."""
        self.blockers = _blockers(problem)
        """Mask of the operators that leave no room for each tensor, before one of its readers."""
        self.blocked = mask(t for t, blockers in enumerate(self.blockers) if blockers)
        """Mask of the tensors that have such."""
        self.coming = [
            (producer, tensor, problem.copies[tensor] * (1 if problem.is_saved[tensor] else 2))
            for tensor, producer in enumerate(problem.producers)
            if producer is not None and self.blockers[tensor] & problem.descendants[producer]
        ]
        """Producer, tensor and cost of each tensor that goes and comes back in any plan."""

    def _enter(self, share: Share) -> int:
        """Number a set after its parts."""
        parts = [self._enter(part) for part in share.parts]
        number = len(self._nodes)
        self._nodes.append(share)
        self.parts.append(parts)
        for tensor in members(share.tensors):
            if self.home[tensor] < 0:
                self.home[tensor] = number
        return number

    def paid(self, due: tuple[int, ...], tensors: int) -> tuple[int, ...]:
        """What sets still cost after these tensors have been copied or have come back."""
        if not tensors or not due:
            return due
        return tuple(
            max(0, left - self._moved(tensors & node.tensors)) if tensors & node.tensors else left
            for left, node in zip(due, self._nodes, strict=True)
        )

    def rest(self, due: tuple[int, ...], done: int, resident: int, saved: int) -> int:
        """Units that come on top of what has been paid.

        Parameters
        ----------
        due : tuple of int
            What the sets still cost at least.
        done : int
            Mask of the operators that have run.
        resident, saved : int
            Masks of tensors that are needed: in the scratchpad, and in memory.
        """
        copies, home = self._copies, self.home
        # One more, the last, for tensors in no set.
        single = [0] * (len(due) + 1)
        for tensor in members(saved & ~resident):
            single[home[tensor]] += copies[tensor]
        for tensor in members(resident & self.blocked):
            if self.blockers[tensor] & ~done:
                single[home[tensor]] += copies[tensor] * (1 if saved >> tensor & 1 else 2)
        for producer, tensor, cost in self.coming:
            if not done >> producer & 1:
                single[home[tensor]] += cost
        for number, parts in enumerate(self.parts):
            total = single[number]
            for part in parts:
                total += single[part]
            single[number] = max(total, due[number])
        return single[-1] + sum(single[root] for root in self._roots)

    def _moved(self, bits: int) -> int:
        return sum(self._copies[tensor] for tensor in members(bits))


def _blockers(problem: Problem) -> list[int]:
    """For each tensor, operators that leave no room for it and run before one of its readers."""
    by_need = sorted(range(len(problem.inputs)), key=lambda op: -problem.least_needs[op])
    # Masks of the first operators of this list: none, one, two, ...
    largest = list(accumulate((1 << op for op in by_need), or_, initial=0))
    needs = [-problem.least_needs[op] for op in by_need]
    result = []
    for size, readers, users in zip(problem.sizes, problem.readers, problem.users, strict=True):
        earlier = 0
        for reader in readers:
            earlier |= problem.ancestors[reader]
        count = bisect_left(needs, size - problem.capacity)
        result.append(earlier & largest[count] & ~mask(users))
    return result

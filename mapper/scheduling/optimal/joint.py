"""Order, drops and addresses together: complete, for what remains where addresses do not fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import inf

from mapper import clock
from mapper.scheduling.optimal.placement import place, place_spans
from mapper.scheduling.optimal.plan import Plan, residencies
from mapper.scheduling.optimal.problem import Problem, mask, members
from mapper.scheduling.optimal.states import Start, search_states

__all__ = ["Joint", "search_jointly"]

_SHARE = 0.5
"""Part of the time left that one look for addresses may take."""


@dataclass(frozen=True, kw_only=True)
class Joint:
    """What is known of plans with addresses.

    Parameters
    ----------
    plan : Plan, optional
        One of least cost; None where none below the limit was found.
    addresses : tuple of int, optional
        Of its residencies, in units.
    bound : int
        No plan with addresses costs less, in units; the limit, where all cost at least as much.
    nodes : int
        Beginnings of plans that were looked at.
    """

    plan: Plan | None
    addresses: tuple[int, ...] | None
    bound: int
    nodes: int


@dataclass(frozen=True, slots=True)
class _Node:
    """The first steps of a plan; tensors still needed are kept until they are read, or dropped."""

    order: tuple[int, ...]
    retrievals: frozenset[tuple[int, int]]
    done: int
    kept: int
    saved: int
    paid: int


def search_jointly(
    problem: Problem, *, low: int = 0, limit: float = inf, deadline: float = inf
) -> Joint:
    """Find a cheapest plan that has addresses.

    Goes through all plans step by step, each time with a limit to the cost, which begins at a bound
    and rises to the least estimate above it (Korf, Artificial Intelligence 27, 1985). The estimate
    is what has been paid and the cost of the rest without addresses. A beginning whose residencies
    have no addresses is the beginning of no plan.

    Parameters
    ----------
    problem : Problem
        Each operator fits by itself.
    low : int
        A bound to begin from, in units.
    limit : float
        Only plans of less units are sought.
    deadline : float
        Time of `mapper.clock.now` at which it gives up.
    """
    search = _Search(problem, deadline)
    threshold: float = low
    while threshold < limit:
        plan = search.within(int(threshold), limit)
        if plan is not None:
            placed = place(problem, plan, time_limit=inf)
            assert placed.addresses is not None  # `within` returns what has been placed
            return Joint(
                plan=plan, addresses=placed.addresses, bound=int(threshold), nodes=search.nodes
            )
        if search.is_cut_short:
            return Joint(plan=None, addresses=None, bound=int(threshold), nodes=search.nodes)
        threshold = search.least_above
    return Joint(plan=None, addresses=None, bound=int(limit), nodes=search.nodes)


class _Search:
    def __init__(self, problem: Problem, deadline: float) -> None:
        self._problem = problem
        self._deadline = deadline
        self._readers = [mask(own) for own in problem.readers]
        self._users = [mask(own) for own in problem.users]
        self._always_saved = mask(t for t, is_saved in enumerate(problem.is_saved) if is_saved)
        self._to_go: dict[tuple[int, int, int], float] = {}
        self.nodes = 0
        self.is_cut_short = False
        self.least_above: float = inf

    def within(self, threshold: int, limit: float) -> Plan | None:
        """A plan with addresses of at most ``threshold`` units."""
        everything = (1 << len(self._problem.inputs)) - 1
        self.least_above = limit
        stack = [iter([_Node((), frozenset(), 0, 0, 0, 0)])]
        while stack:
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
                continue
            if clock.now() > self._deadline:
                self.is_cut_short = True
                return None
            estimate = node.paid + self._rest(node)
            if estimate > threshold:
                self.least_above = min(self.least_above, estimate)
                continue
            self.nodes += 1
            if not self._has_addresses(node):
                continue
            if node.done == everything:
                return Plan(order=node.order, retrievals=node.retrievals)
            stack.append(self._children(node))
        return None

    def _rest(self, node: _Node) -> float:
        key = (node.done, node.kept, node.saved)
        known = self._to_go.get(key)
        if known is None:
            start = Start(done=node.done, resident=node.kept, saved=node.saved)
            found = search_states(self._problem, start=start, deadline=self._deadline)
            # Where time ends the search, its bound is one all the same.
            known = self._to_go[key] = found.bound
        return known

    def _has_addresses(self, node: _Node) -> bool:
        """Whether these steps have addresses; for beginnings, whether it is not known otherwise."""
        plan = Plan(order=node.order, retrievals=node.retrievals)
        spans = residencies(self._problem, plan, kept=node.kept)
        left = max(0.0, self._deadline - clock.now()) * _SHARE
        placed = place_spans(self._problem, node.order, spans, time_limit=left)
        if len(node.order) < len(self._problem.inputs):
            return not placed.is_impossible
        if placed.addresses is None and not placed.is_impossible:
            self.is_cut_short = True
        return placed.addresses is not None

    def _children(self, node: _Node) -> Iterator[_Node]:
        problem = self._problem
        for op, before in enumerate(problem.before):
            if node.done >> op & 1 or before & ~node.done:
                continue
            inputs, outputs = mask(problem.inputs[op]), mask(problem.outputs[op])
            done = node.done | 1 << op
            touched = inputs | outputs
            missing = inputs & ~node.kept
            # A weight comes for nothing the first time.
            coming = [t for t in members(missing) if self._users[t] & node.done]
            needed = [t for t in members(touched) if self._readers[t] & ~done]
            gone = members(touched & ~mask(needed))
            others = node.kept & ~touched
            room = problem.capacity - sum(problem.sizes[t] for t in members(others))
            for count in range(len(needed) + 1):
                for dropped in combinations(needed, count):
                    overlay = problem.overlaid(op, [*gone, *dropped])
                    if problem.needs[op] - overlay > room:
                        continue
                    copied = mask(dropped) & ~node.saved & ~self._always_saved
                    paid = sum(problem.copies[t] for t in [*coming, *members(copied)])
                    saved = node.saved | copied
                    yield _Node(
                        (*node.order, op),
                        node.retrievals | {(tensor, op) for tensor in coming},
                        done,
                        others | mask(needed) & ~mask(dropped),
                        saved & ~mask(gone),
                        node.paid + paid,
                    )

"""The cheapest plan by search through states of scratchpad and memory."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from mapper import clock
from mapper.scheduling.optimal.estimates import Estimate
from mapper.scheduling.optimal.evictions import smallest_sets
from mapper.scheduling.optimal.plan import Plan
from mapper.scheduling.optimal.problem import Problem, mask, members
from mapper.scheduling.optimal.shares import Share

__all__ = ["Found", "Start", "StateSearch", "search_states"]


@dataclass(frozen=True, kw_only=True)
class Start:
    """A state to begin from, as masks.

    Parameters
    ----------
    done : int
        Operators that have run.
    resident : int
        Tensors in the scratchpad.
    saved : int
        Tensors that have been copied to memory.
    """

    done: int = 0
    resident: int = 0
    saved: int = 0


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found.

    Parameters
    ----------
    plan : Plan, optional
        A cheapest plan; None where none is below the limit, or where the search gave up.
    bound : int
        Units: no plan costs less, or the limit where all cost at least as much.
    states : int
        Looked at.
    """

    plan: Plan | None
    bound: int
    states: int


@dataclass(frozen=True, slots=True)
class _State:
    """What has run, what is in the scratchpad and what was copied to memory: masks.

    Only tensors count that are still needed. ``ran`` is what has run since ``previous``, each
    operator with the tensors that came back for it.
    """

    done: int
    ready: tuple[int, ...]
    resident: int
    saved: int
    used: int
    due: tuple[int, ...]
    previous: "_State | None"
    ran: tuple[tuple[int, int], ...]


def search_states(
    problem: Problem,
    *,
    start: Start | None = None,
    shares: Sequence[Share] = (),
    limit: float = inf,
    max_states: float = inf,
    deadline: float = inf,
) -> Found:
    """Find a cheapest plan without addresses.

    Dijkstra's search. A state is a set of executed operators with the tensors that are resident,
    and those that have been spilled. Nothing is dropped before its bytes are needed, and then no
    more than needed; nothing is retrieved before it is read. Three rules keep the search small:

    - An operator runs at once if its inputs are resident, it fits, and either leaves nothing live
      or its outputs are no more than an input that it frees and that was never spilled, and move no
      more. Moving it to here from later in any plan costs nothing: until then, the outputs take the
      part of that input.
    - A tensor goes at once if before each operator that is still to read it, another one is to run
      that leaves no room for it: it has to go, and until then it is of no use.
    - A state is left out if another one with the same operators executed, at no more cost, can
      become the same by spills and retrievals that make up no more than the difference.

    Parameters
    ----------
    problem : Problem
        Each operator fits by itself.
    start : Start, optional
        Where to begin; the plan is then one of the rest.
    shares : sequence of Share
        What disjoint sets of tensors cost at least. The search looks at states first whose cost
        together with what shares are still due is least.
    limit : float
        Only plans of less units are sought.
    max_states : float
        Number of states at which the search gives up.
    deadline : float
        Time of `mapper.clock.now` at which it gives up.
    """
    return StateSearch(problem, shares).run(start or Start(), limit, max_states, deadline)


class StateSearch:
    """What `search_states` does, and what it knows of a problem.

    Parameters
    ----------
    problem : Problem
    shares : sequence of Share
    """

    def __init__(self, problem: Problem, shares: Sequence[Share]) -> None:
        self._problem = problem
        self.estimate = Estimate(problem, shares)
        users = problem.users
        # Tensors that only one operator touches are there for its step, whatever the plan.
        self._kept = mask(t for t, own in enumerate(users) if len(own) > 1)
        self._inputs = [mask(own) & self._kept for own in problem.inputs]
        self._passing = [[t for t in own if not self._kept >> t & 1] for own in problem.inputs]
        self._outputs = [mask(own) & self._kept for own in problem.outputs]
        self._users = [mask(own) for own in users]
        self._readers = [mask(own) for own in problem.readers]
        self._always_saved = mask(t for t, is_saved in enumerate(problem.is_saved) if is_saved)
        self._unproduced = mask(
            t for t, producer in enumerate(problem.producers) if producer is None
        )
        self._sums: dict[int, int] = {0: 0}
        self._moved_sums: dict[int, int] = {0: 0}

    def run(self, begin: Start, limit: float, max_states: float, deadline: float) -> Found:
        """Search."""
        problem = self._problem
        everything = (1 << len(problem.inputs)) - 1
        start, cost = self._settled(self._begin(begin))
        heap = [(cost + self._rest(start), -start.done.bit_count(), 0, cost, start)]
        # Of each set of executed operators, the states pushed: cost, resident, saved.
        fronts: dict[int, list[tuple[int, int, int]]] = {
            start.done: [(cost, start.resident, start.saved)]
        }
        pushed = popped = 0
        bound = 0
        while heap:
            least, _, _, cost, state = heapq.heappop(heap)
            bound = max(bound, least)
            if state.done == everything:
                return Found(plan=self._plan(state), bound=cost, states=popped)
            popped += 1
            if (cost, state.resident, state.saved) not in fronts[state.done]:
                continue
            if popped > max_states or (popped % 32 == 0 and clock.now() > deadline):
                return Found(plan=None, bound=bound, states=popped)
            for paid, following in self._successors(state):
                following, more = self._settled(following)
                total = cost + paid + more
                estimate = total + self._rest(following)
                if estimate >= limit:
                    continue
                front = fronts.setdefault(following.done, [])
                entry = (total, following.resident, following.saved)
                if any(self._beats(other, entry) for other in front):
                    continue
                front[:] = [other for other in front if not self._beats(entry, other)]
                front.append(entry)
                pushed += 1
                heapq.heappush(
                    heap, (estimate, -following.done.bit_count(), pushed, total, following)
                )
        return Found(plan=None, bound=int(limit), states=popped)

    def _begin(self, begin: Start) -> _State:
        ready = tuple(
            op
            for op, before in enumerate(self._problem.before)
            if not begin.done >> op & 1 and not before & ~begin.done
        )
        needed = mask(
            tensor
            for tensor in members(self._kept)
            if self._users[tensor] & begin.done and self._readers[tensor] & ~begin.done
        )
        resident = begin.resident & needed
        saved = (begin.saved | self._always_saved) & needed
        due = self.estimate.due
        return _State(begin.done, ready, resident, saved, self._bytes(resident), due, None, ())

    def _rest(self, state: _State) -> int:
        return self.estimate.rest(state.due, state.done, state.resident, state.saved)

    def _bytes(self, bits: int) -> int:
        return _sum(self._problem.sizes, bits, self._sums)

    def _moved(self, bits: int) -> int:
        return _sum(self._problem.copies, bits, self._moved_sums)

    def _beats(self, one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
        """Whether the first can become the second for the difference in cost."""
        slack = other[0] - one[0]
        if slack < 0:
            return False
        copied = other[2] & ~one[2]
        fetched = other[1] & ~one[1]
        if not slack:
            # Dropping an unsaved tensor shows in the copies.
            return not copied and not fetched
        return self._moved(copied) + self._moved(fetched) <= slack

    def _live(self, done: int, bits: int) -> int:
        for tensor in members(bits):
            if not self._readers[tensor] & ~done:
                bits &= ~(1 << tensor)
        return bits

    def _successors(self, state: _State) -> Iterator[tuple[int, _State]]:
        for op in state.ready:
            yield from self._after(state, op)

    def _after(self, state: _State, op: int) -> Iterator[tuple[int, _State]]:
        """The states in which an operator can leave things, with what they cost."""
        problem = self._problem
        inputs = self._inputs[op]
        missing = inputs & ~state.resident
        coming = missing
        for tensor in members(missing & self._unproduced):
            if not self._readers[tensor] & state.done:
                coming &= ~(1 << tensor)
        fetched = self._moved(coming)
        others = state.resident & ~inputs
        done = state.done | 1 << op
        stays = self._live(done, inputs | self._outputs[op])
        excess = problem.needs[op] + self._bytes(others) - problem.capacity
        ready = self._ready(state.ready, op, done)
        for dropped in self._evictions(op, others, inputs, inputs & ~stays, excess):
            copied = dropped & ~state.saved
            resident = (others | stays) & ~dropped
            saved = self._live(done, state.saved) | copied | stays & self._always_saved
            following = _State(
                done,
                ready,
                resident,
                saved,
                self._bytes(resident),
                self.estimate.paid(self.estimate.paid(state.due, coming), copied),
                state,
                ((op, coming),),
            )
            yield fetched + self._moved(copied), following

    def _ready(self, ready: tuple[int, ...], op: int, done: int) -> tuple[int, ...]:
        before = self._problem.before
        fresh = (later for later in self._problem.after[op] if not before[later] & ~done)
        return (*(other for other in ready if other != op), *fresh)

    def _evictions(
        self, op: int, others: int, inputs: int, dying: int, excess: int
    ) -> Iterator[int]:
        """Smallest sets of tensors to drop before or as an operator runs."""
        problem = self._problem
        if excess <= 0:
            yield 0
            return
        if not problem.in_place[op]:
            yield from smallest_sets(members(others), excess, problem.sizes)
            return
        gone = [*members(dying), *self._passing[op]]
        overlay = problem.overlaid(op, gone)
        seen: list[int] = []
        # Inputs that live on may be dropped too, where an output then takes their place.
        going = sorted({old for old, _ in problem.in_place[op] if inputs >> old & 1} - set(gone))
        for number in range(1 << len(going)):
            extra = [old for index, old in enumerate(going) if number >> index & 1]
            more = problem.overlaid(op, [*gone, *extra])
            if extra and more == overlay:
                continue
            for dropped in smallest_sets(members(others), excess - more, problem.sizes):
                total = dropped | mask(extra)
                if not any(other & ~total == 0 for other in seen):
                    seen.append(total)
                    yield total

    def _settled(self, state: _State) -> tuple[_State, int]:
        """After all that is done at once: operators that run, and tensors that go, at a cost."""
        total = 0
        while True:
            for op in state.ready:
                following = self._at_once(state, op)
                if following is not None:
                    state = following
                    break
            else:
                state, paid, is_changed = self._let_go(state)
                total += paid
                if not is_changed:
                    return state, total

    def _let_go(self, state: _State) -> tuple[_State, int, bool]:
        """Without what has to go before any operator that is still to read it."""
        lost = mask(
            tensor
            for tensor in members(state.resident & self.estimate.blocked)
            if self._is_lost(state.done, tensor)
        )
        if not lost:
            return state, 0, False
        copied = lost & ~state.saved
        following = replace(
            state,
            resident=state.resident & ~lost,
            saved=state.saved | copied,
            used=state.used - self._bytes(lost),
            due=self.estimate.paid(state.due, copied),
        )
        return following, self._moved(copied), True

    def _is_lost(self, done: int, tensor: int) -> bool:
        blockers = self.estimate.blockers[tensor] & ~done
        ancestors = self._problem.ancestors
        return all(
            blockers & ancestors[reader] for reader in members(self._readers[tensor] & ~done)
        )

    def _at_once(self, state: _State, op: int) -> _State | None:
        problem = self._problem
        inputs, outputs = self._inputs[op], self._outputs[op]
        if inputs & ~state.resident:
            return None
        done = state.done | 1 << op
        stays = self._live(done, inputs)
        freed = inputs & ~stays
        transient = state.used - self._bytes(inputs) + problem.needs[op]
        if problem.in_place[op]:
            transient -= problem.overlaid(op, [*members(freed), *self._passing[op]])
        if transient > problem.capacity:
            return None
        if outputs:
            unsaved = freed & ~state.saved
            size, copy = self._bytes(outputs), self._moved(outputs)
            if not any(
                problem.sizes[tensor] >= size and problem.copies[tensor] >= copy
                for tensor in members(unsaved)
            ):
                return None
        resident = state.resident & ~freed | outputs
        return _State(
            done,
            self._ready(state.ready, op, done),
            resident,
            state.saved & ~freed | outputs & self._always_saved,
            self._bytes(resident),
            state.due,
            state.previous,
            (*state.ran, (op, 0)),
        )

    def retraced(self, path: Sequence[tuple[int, int, int]]) -> Plan:
        """The plan of states that another search went through.

        Parameters
        ----------
        path : sequence of (int, int, int)
            For each state, the operator chosen to come to it, the mask of all that had run when
            those were through that run at once, and the mask of what was resident then.
        """
        (_, done, _), *rest = path
        state = self._settled_up_to(self._begin(Start()), done)
        for op, done, resident in rest:
            state = next(
                following
                for _, after in self._after(state, op)
                if (following := self._settled_up_to(after, done)).resident == resident
            )
        return self._plan(state)

    def _settled_up_to(self, state: _State, done: int) -> _State:
        """After what is done at once; operators up to ``done`` are tried in turn."""
        is_changed = True
        while is_changed:
            progress = True
            while progress:
                progress = False
                for op in members(done & ~state.done):
                    following = self._at_once(state, op) if op in state.ready else None
                    if following is not None:
                        state = following
                        progress = True
            state, _, is_changed = self._let_go(state)
        return state

    def _plan(self, state: _State) -> Plan:
        parts = []
        at: _State | None = state
        while at is not None:
            parts.append(at.ran)
            at = at.previous
        steps = [step for ran in reversed(parts) for step in ran]
        return Plan(
            order=tuple(op for op, _ in steps),
            retrievals=frozenset(
                (tensor, op) for op, coming in steps for tensor in members(coming)
            ),
        )


def _sum(amounts: Sequence[int], bits: int, known: dict[int, int]) -> int:
    """Sum over the members of a mask; ``known`` keeps what was summed before."""
    total = known.get(bits)
    if total is None:
        total = known[bits] = sum(amounts[t] for t in members(bits))
    return total

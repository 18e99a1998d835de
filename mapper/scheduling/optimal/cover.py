"""A bound that no order undercuts."""

from math import ceil, inf

import pulp

from mapper.milp import solve
from mapper.scheduling.optimal.problem import Problem, mask

__all__ = ["cover_bound"]


def cover_bound(problem: Problem, *, solver: str | None = None, time_limit: float = inf) -> int:
    """Units that every plan moves.

    While an operator runs, what is produced before it and read after it in every order is live;
    where all this with the operator's own tensors is more than the capacity, some of it is dropped.
    Each tensor is counted once: a retrieval, and a copy where memory has none.

    Parameters
    ----------
    problem : Problem
    solver : str, optional
        PuLP's name.
    time_limit : float
        Seconds; the bound holds whenever the solver ends.
    """
    program = pulp.LpProblem("cover", pulp.LpMinimize)
    dropped: dict[int, pulp.LpVariable] = {}
    users = [mask(own) for own in problem.users]
    rows = []
    for operator, need in enumerate(problem.least_needs):
        above, below = problem.ancestors[operator], problem.descendants[operator]
        live = [
            tensor
            for tensor, touching in enumerate(users)
            if touching & above and touching & below and not touching >> operator & 1
        ]
        excess = need + sum(problem.sizes[t] for t in live) - problem.capacity
        if excess > 0:
            rows.append((live, excess))
            for tensor in live:
                if tensor not in dropped:
                    dropped[tensor] = program.add_variable(f"d{tensor}", 0, 1, cat=pulp.LpInteger)
    if not rows:
        return 0
    program += pulp.lpSum(
        problem.copies[tensor] * (1 if problem.is_saved[tensor] else 2) * variable
        for tensor, variable in dropped.items()
    )
    for live, excess in rows:
        program += pulp.lpSum(problem.sizes[t] * dropped[t] for t in live) >= excess
    bound = solve(program, solver=solver, time_limit=time_limit).bound
    return 0 if bound is None else max(0, ceil(bound - 1e-6))

"""Random graphs with budgets, small enough for the oracle."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mapper.scheduling.footprint import largest_operator_bytes, least_peak
from mapper.scheduling.graph import SizedGraph
from tests.mapper.scheduling.graphs import graph, operator


@dataclass(frozen=True)
class Case:
    graph: SizedGraph
    capacity: int


def draw_case(seed: int, *, most_operators: int = 7) -> Case:
    """A graph of up to so many operators with a budget from just too small to just enough.

    Inputs of the network count as operators. Operators read up to three tensors and up to two
    weights, which others read too, and make up to three tensors, some of which nobody reads; some
    of them leave the network. Some allow their outputs to take the place of an input.
    """
    rng = np.random.default_rng(seed)
    while True:
        n = int(rng.integers(2, most_operators + 1)) if seed % 3 else most_operators
        net = draw_graph(rng, n)
        smallest = largest_operator_bytes(net)
        enough = least_peak(net).peak_bytes
        # Of graphs whose every budget is enough or none, few will do.
        if smallest < enough or rng.random() < 0.05:
            break
    capacity = int(rng.integers(smallest, max(smallest, enough - 1) + 1))
    if rng.random() < 0.2:
        capacity = int(rng.choice([smallest - 1, enough, enough + 1]))
    return Case(net, capacity)


def draw_graph(rng: np.random.Generator, n_operators: int) -> SizedGraph:
    """A graph of so many operators."""
    choices = [[1, 2, 3, 4], [1, 1, 2, 5], [2, 3, 5], [2, 4, 6]][int(rng.integers(4))]

    def size() -> int:
        return int(rng.choice(choices))

    weights = [f"w{index}" for index in range(int(rng.integers(0, 3)))]
    sizes = {name: size() for name in weights}
    operators = []
    made: list[str] = []
    n_inputs = int(rng.integers(1, min(2, n_operators - 1) + 1))
    for index in range(n_operators):
        n_outputs = 1 if rng.random() < 0.65 else int(rng.integers(2, 4))
        if index < n_inputs:
            reads, n_outputs, kind = [], 1, "Input"
        else:
            # Those made first are read last as often as not, so that they are in the way.
            chances = np.arange(1, len(made) + 1, dtype=float) ** float(rng.choice([-1, 0, 1]))
            count = min(int(rng.integers(1, 4)), len(made))
            reads = [
                made[at]
                for at in rng.choice(len(made), count, replace=False, p=chances / chances.sum())
            ]
            kind = "Add"
        own = [name for name in weights if kind == "Add" and rng.random() < 0.4]
        outputs = [f"t{index}{letter}" for letter in "abc"[:n_outputs]]
        sizes |= {name: size() for name in outputs}
        operators.append(
            operator(
                f"op{index}",
                " ".join([*reads, *own]),
                " ".join(outputs),
                kind=kind,
                in_place=tuple(name for name in reads if rng.random() < 0.4),
            )
        )
        made += outputs
    read = {name for op in operators for name in op.inputs}
    leaves = [name for name in made if rng.random() < (0.1 if name in read else 0.7)]
    return graph(operators, sizes, weights=" ".join(weights), outputs=" ".join(leaves))


_LIVES = [
    *[(0, 1, 3), (1, 2, 3), (0, 3, 3), (2, 4, 2), (0, 5, 1), (3, 5, 1), (4, 5, 1)],
    *[(0, 6, 1), (2, 6, 1), (3, 6, 1), (3, 7, 1), (4, 7, 1), (5, 7, 3), (6, 7, 3)],
]


def fragmented() -> Case:
    """Lives with 8 bytes alive at each of 7 steps that no contiguous places in 8 bytes exist for.

    Operators make the tensors that are alive from their step on, and read those that end with it.
    They depend on each other so that no other order helps: found among random ones by the oracle.
    One tensor of one byte has to be moved, which takes two bytes.
    """
    return Case(_alive(lambda begin, end, step: begin < step == end - 1), 8)


def fragmented_and_busy() -> Case:
    """The same, but operators read all that is alive: what is moved has to be back at once."""
    return Case(_alive(lambda begin, end, step: begin < step < end), 8)


def _alive(reads: Callable[[int, int, int], bool]) -> SizedGraph:
    return graph(
        [
            operator(
                f"op{step}",
                " ".join(
                    f"t{i}" for i, (begin, end, _) in enumerate(_LIVES) if reads(begin, end, step)
                ),
                " ".join(f"t{i}" for i, (begin, _, _) in enumerate(_LIVES) if begin == step),
                kind="Add",
            )
            for step in range(7)
        ],
        {f"t{i}": size for i, (_, _, size) in enumerate(_LIVES)},
    )

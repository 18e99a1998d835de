"""Small graphs for the tests of schedules."""

import numpy as np

from mapper.scheduling.graph import SizedGraph, SizedOperator, SizedTensor


def operator(name, inputs, outputs, **rest):
    """An operator with names separated by spaces."""
    kind = rest.pop("kind", "Conv" if inputs else "Input")
    return SizedOperator(
        name=name, kind=kind, inputs=tuple(inputs.split()), outputs=tuple(outputs.split()), **rest
    )


def graph(operators, sizes, *, weights="", outputs=""):
    """A graph with the sizes of its tensors in bytes."""
    given = weights.split()
    return SizedGraph(
        name="net",
        tensors={
            name: SizedTensor(name=name, size_bytes=size, is_weight=name in given)
            for name, size in sizes.items()
        },
        operators=tuple(operators),
        outputs=tuple(outputs.split()),
    )


def random_graph(seed, n_operators):
    """A graph with branches, weights that are read more than once, and operators of two outputs."""
    rng = np.random.default_rng(seed)
    sizes = {"x": int(rng.integers(1, 9)), "w": int(rng.integers(1, 9))}
    operators = [operator("source", "", "x")]
    made = ["x"]
    for index in range(n_operators):
        count = int(rng.integers(1, min(3, len(made)) + 1))
        inputs = [made[at] for at in rng.choice(len(made), count, replace=False)]
        if rng.random() < 0.3:
            inputs.append("w")
        outputs = [f"t{index}"] if rng.random() < 0.8 else [f"t{index}", f"u{index}"]
        sizes |= {name: int(rng.integers(1, 9)) for name in outputs}
        operators.append(operator(f"op{index}", " ".join(inputs), " ".join(outputs)))
        made += outputs
    return graph(operators, sizes, weights="w", outputs=made[-1])

"""Workloads as the simulator takes them: layers of instructions, steps and loops.

A program is a list of layers whose nodes are instructions, ordered by their tokens. A workload that
is known by its shapes alone is never written out: its loops are nodes too, and its instructions are
ordered by the buffers that they use.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from golden.accelerator.instructions import Instruction

__all__ = ["Layer", "Loop", "Node", "Step", "expanded", "layers_of"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """An instruction that waits for buffers besides its tokens.

    It begins when those who wrote what it reads have ended, and those who read or wrote what it
    writes.

    Parameters
    ----------
    instruction : Instruction
        As it is the first time.
    reads, writes : tuple of str
        Names of buffers.
    increments : tuple of (str, tuple of int)
        Fields that are others each time, and by how much each repetition of the loops around the
        step raises them, outermost loop first. Addresses grow by multiples of the longest burst,
        so that every repetition takes as long as the first.
    """

    instruction: Instruction
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    increments: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def repetition(self, counters: Sequence[int]) -> "Step":
        """The step in these repetitions of the loops around it, outermost first, from 0 on."""
        if not self.increments:
            return self
        fields: dict[str, Any] = {
            name: getattr(self.instruction, name)
            + sum(count * by for count, by in zip(counters, steps, strict=True))
            for name, steps in self.increments
        }
        return Step(
            instruction=replace(self.instruction, **fields), reads=self.reads, writes=self.writes
        )


@dataclass(frozen=True)
class Loop:
    """Nodes, ``count`` times.

    Raises
    ------
    ValueError
        If ``count`` is less than 1.
    """

    count: int
    body: tuple["Node", ...]

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"a loop has a count of at least 1, not {self.count}")


Node: TypeAlias = Instruction | Step | Loop


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What is reported as one.

    Parameters
    ----------
    name : str
    body : sequence of Node
    macs : int, optional
        Multiply-accumulates that are asked for; what its instructions do where it is None.
    """

    name: str
    body: Sequence[Node]
    macs: int | None = None


def expanded(body: Sequence[Node], counters: tuple[int, ...] = ()) -> Iterator[Step]:
    """Steps one by one, each as it is at that time.

    Parameters
    ----------
    body : sequence of Node
    counters : tuple of int
        Repetitions of the loops around the body, outermost first.
    """
    for node in body:
        if isinstance(node, Loop):
            for count in range(node.count):
                yield from expanded(node.body, (*counters, count))
        elif isinstance(node, Step):
            yield node.repetition(counters)
        else:
            yield Step(instruction=node)


def layers_of(
    instructions: Sequence[Instruction], ends: Sequence[tuple[str, int]]
) -> tuple[Layer, ...]:
    """Layers of a program.

    Parameters
    ----------
    instructions : sequence of Instruction
    ends : sequence of (str, int)
        Name of each layer and the number of the instruction after its last, in order.

    Raises
    ------
    ValueError
        If these do not divide the program.
    """
    numbers = [0, *(stop for _, stop in ends)]
    if sorted(numbers) != numbers or numbers[-1] != len(instructions):
        raise ValueError(
            f"layers must end in order, the last one at {len(instructions)}, not {numbers[1:]}"
        )
    return tuple(
        Layer(name=name, body=instructions[start:stop])
        for start, (name, stop) in zip(numbers[:-1], ends, strict=True)
    )

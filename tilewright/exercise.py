"""Random programs that exercise every unit of an accelerator, with what they must leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.checker import Regions, check_program
from golden.accelerator.description import Accelerator
from golden.accelerator.encoding import INSTRUCTION_BYTES, Program, encode_program
from golden.accelerator.instructions import (
    BASES,
    INSTRUCTIONS,
    Add,
    Gemm,
    Instruction,
    Load,
    Pool,
    Requantize,
    Store,
    Table,
)
from golden.accelerator.interpreter import PARAMETER_WORDS, execute
from golden.accelerator.machine import machine_of
from golden.accelerator.registers import Counter
from golden.errors import UserError
from mapper.accelerator.tokens import synchronised
from sim.accelerator.simulation import simulate
from sim.accelerator.steps import Layer

__all__ = ["Exercise", "exercise"]

_WORDS = {"activations": 160, "parameters": 104, "accumulators": 64}
"""Words that a program uses, where there are as many."""

_WEIGHT_TILES = 18
_REACH_BYTES = 8192
"""What instructions after the first loads reach at most behind a base register."""

_PAGE = 4096
_ODD = (0, 300, 4100, 1)
_ATTEMPTS = 100_000

_Range: TypeAlias = tuple[int, int]

_WINDOW: dict[str, _Range] = {
    "source": (0, 20),
    "row_words": (0, 12),
    "pixel_words": (0, 3),
    "height": (1, 5),
    "width": (1, 5),
    "origin_y": (-4, 5),
    "origin_x": (-4, 5),
    "stride_y": (1, 3),
    "stride_x": (1, 3),
    "out_height": (1, 3),
    "out_width": (1, 3),
    "taps_y": (1, 2),
    "taps_x": (1, 2),
}
_TO_MEMORY: dict[str, _Range] = {
    "base": (0, BASES - 1),
    "address": (0, 300),
    "rows": (1, 3),
    "row_step": (0, 60),
    "local": (0, 60),
    "local_row_step": (0, 20),
    "groups": (1, 4),
}
_VECTOR: dict[str, _Range] = {
    "zero_point": (-128, 127),
    "low": (-128, 0),
    "high": (1, 127),
}
_RANGES: dict[type[Instruction], dict[str, _Range]] = {
    Load: {
        **_TO_MEMORY,
        "memory": (0, 2),
        "row_bytes": (1, 40),
        "pad_left": (0, 12),
        "group_step": (0, 12),
        "pad_value": (-128, 127),
    },
    Gemm: {
        **_WINDOW,
        "dilation_y": (1, 3),
        "dilation_x": (1, 3),
        "blocks_k": (1, 2),
        "blocks_n": (1, 2),
        "weights": (0, 20),
        "target": (0, 40),
        "pad_value": (-128, 127),
        "accumulate": (0, 1),
        "diagonal": (0, 1),
    },
    Requantize: {
        **_VECTOR,
        "source": (0, 40),
        "parameters": (0, PARAMETER_WORDS),
        "target": (0, 60),
        "row_words": (0, 12),
        "pixel_words": (0, 3),
        "out_height": (1, 3),
        "out_width": (1, 3),
        "blocks": (1, 2),
    },
    Add: {
        **_VECTOR,
        "first": (0, 40),
        "second": (0, 40),
        "target": (60, 90),
        "words": (1, 9),
        "parameters": (0, 2 * PARAMETER_WORDS),
    },
    Pool: {
        **_WINDOW,
        "low": (-128, 0),
        "high": (1, 127),
        "kind": (0, 1),
        "blocks": (1, 2),
        "target": (90, 110),
        "target_row_words": (0, 12),
        "target_pixel_words": (0, 3),
    },
    Table: {"source": (0, 40), "target": (60, 90), "words": (1, 9), "parameters": (0, 40)},
    Store: _TO_MEMORY,
}
"""From where to where fields are drawn; those that depend on the lanes are in `_draw`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Exercise:
    """A program, the memory that it runs in, and how it ends.

    Parameters
    ----------
    bases : tuple of int
        Base registers. The program is at address 0.
    before, after : ndarray of uint8, shape (bytes,)
        DRAM.
    counters : mapping of Counter to int
    """

    bases: tuple[int, ...]
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    counters: dict[Counter, int]


def exercise(accelerator: Accelerator, *, length: int, seed: int) -> Exercise:
    """A random legal program, run by interpreter and simulator.

    Parameters
    ----------
    accelerator : Accelerator
    length : int
        Instructions, besides those that fill the local memories.
    seed : int

    Raises
    ------
    UserError
        If the local memories are too small for any such program.
    """
    rng = np.random.default_rng(seed)
    first = _first(accelerator)
    filled = max(load.rows * load.row_bytes for load in first if isinstance(load, Load))
    start = -(-(len(first) + length + 2) * INSTRUCTION_BYTES // _PAGE) * _PAGE
    region = filled + _REACH_BYTES
    # Regions are apart, and begin anywhere.
    bases = tuple(start + number * region + odd for number, odd in enumerate(_ODD))
    size = start + BASES * region
    regions = Regions.of(accelerator, [region - max(_ODD)] * BASES)
    body = [*first]
    _refuse(check_program(synchronised(body, regions), regions))
    for _ in range(_ATTEMPTS):
        if len(body) == len(first) + length:
            break
        drawn = _draw(rng, accelerator)
        if not check_program(synchronised([*first, drawn], regions), regions):
            body.append(drawn)
    else:
        _refuse(["hardly any instruction fits"])
    program = synchronised(body, regions)
    _refuse(check_program(program, regions))
    before = rng.integers(0, 256, size).astype(np.uint8)
    octets = encode_program(Program(instructions=tuple(program), target=accelerator.target))
    before[: len(octets)] = np.frombuffer(octets, dtype=np.uint8)
    machine = machine_of(accelerator, before.copy(), bases)
    for instruction in program:
        execute(machine, instruction)
    layer = Layer(name="all", body=tuple(program))
    return Exercise(
        bases=bases,
        before=before,
        after=machine.dram,
        counters=dict(simulate(accelerator, [layer], bases=bases).counters),
    )


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise UserError(f"the accelerator is too small for a test program: {problems[0]}")


def _first(accelerator: Accelerator) -> list[Instruction]:
    """Fills what is used of every local memory."""
    lanes, sizes = accelerator.lanes, accelerator.sizes
    words = {name: min(count, getattr(sizes, name)) for name, count in _WORDS.items()}
    tiles = min(_WEIGHT_TILES, sizes.weights // lanes)
    columns = min(words["accumulators"], words["activations"])
    return [
        *(
            Load(memory=memory, row_bytes=words[name] * lanes, group_bytes=words[name] * lanes)
            for memory, name in ((0, "activations"), (2, "parameters"))
        ),
        Load(
            memory=1,
            rows=tiles,
            row_step=lanes * lanes,
            row_bytes=lanes * lanes,
            group_bytes=lanes * lanes,
            local_row_step=lanes,
        ),
        Gemm(
            last_lanes=lanes,
            out_width=columns,
            width=columns,
            pixel_words=1,
            weight_bits=accelerator.feeding.weight_bits[0],
        ),
    ]


def _draw(rng: np.random.Generator, accelerator: Accelerator) -> Instruction:
    lanes, feeding = accelerator.lanes, accelerator.feeding
    kind = INSTRUCTIONS[rng.integers(len(INSTRUCTIONS))]
    ranges = dict(_RANGES[kind])
    if kind in (Load, Store):
        ranges["group_bytes"] = (1, 3 * lanes)
    if kind is Gemm:
        ranges["last_lanes"] = (1, lanes)
    values: dict[str, Any] = {
        name: int(rng.integers(low, high + 1)) for name, (low, high) in ranges.items()
    }
    if values.get("diagonal"):
        values["blocks_k"] = 1
    if kind is Gemm:
        values["weights"] -= values["weights"] % feeding.alignment
        values["weight_bits"] = int(rng.choice(feeding.weight_bits))
    return kind(**values)

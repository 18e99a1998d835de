"""Params of any engine, made from nothing but their types."""

import itertools
import types
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from random import Random
from typing import Any, get_args, get_type_hints

from hypothesis import reject
from hypothesis import strategies as st

from golden.errors import UserError
from golden.formats import TERNARY, BipolarFormat, Format, IntFormat

__all__ = ["corner_params", "drawn_params", "options"]

SIZES = (1, 4, 3, 2, 5)
OPERANDS = tuple(
    IntFormat(bits, signed=signed)
    for bits, signed in ((8, True), (4, False), (2, True), (16, True), (8, False), (1, True))
)
FORMATS = (
    *(OPERANDS[index] for index in (0, 1, 2, 4)),
    *(BipolarFormat(bits) for bits in (1, 2, 4)),
    TERNARY,
)
"""Values of params that take more than integers."""

CANDIDATES = 600
LARGEST = 6
DRAWS = 20
"""An engine whose params bear on each other refuses most of what is drawn."""

SUMS = (None, IntFormat(6), IntFormat(13, signed=False), IntFormat(40))


def options(params_type: type) -> dict[str, tuple[Any, ...]]:
    """Some values of every param."""
    hints = get_type_hints(params_type)
    return {entry.name: _some(hints[entry.name]) for entry in fields(params_type)}


def _some(hint: Any) -> tuple[Any, ...]:
    if isinstance(hint, types.UnionType) and IntFormat in get_args(hint):
        return SUMS
    if hint is bool:
        return (False, True)
    if hint is int:
        return SIZES
    if hint is IntFormat:
        return OPERANDS
    if hint is Format:
        return FORMATS
    if isinstance(hint, type) and issubclass(hint, Enum):
        return tuple(hint)
    raise TypeError(f"no values are known for a param of type {hint}")


def corner_params(params_type: type) -> list[Any]:
    """Designs that together have every pair of values of two params that can be had at once."""
    random = Random(CANDIDATES)
    choices = options(params_type)
    drawn = (
        {name: random.randrange(len(values)) for name, values in choices.items()}
        for _ in range(CANDIDATES)
    )
    candidates = [
        (design, set(itertools.combinations(picked.items(), 2)))
        for picked in drawn
        if (design := _build(params_type, choices, picked)) is not None
    ]
    chosen, covered = [], set()
    while candidates:
        design, pairs = max(candidates, key=lambda candidate: len(candidate[1] - covered))
        if not pairs - covered:
            break
        chosen.append(design)
        covered |= pairs
    return chosen


def _build(
    params_type: type, choices: Mapping[str, tuple[Any, ...]], picked: Mapping[str, int]
) -> Any:
    """The design of some picks, None if its params refuse each other."""
    try:
        return params_type(**{name: choices[name][index] for name, index in picked.items()})
    except UserError:
        return None


@st.composite
def drawn_params(draw: st.DrawFn, params_type: type) -> Any:
    """Small designs with any formats; those that the engine refuses are passed over."""
    hints = get_type_hints(params_type)
    for _ in range(DRAWS):
        values = {entry.name: draw(_any(hints[entry.name])) for entry in fields(params_type)}
        try:
            return params_type(**values)
        except UserError:
            continue
    return reject()


def _any(hint: Any) -> st.SearchStrategy[Any]:
    if isinstance(hint, types.UnionType) and IntFormat in get_args(hint):
        return st.none() | st.builds(IntFormat, st.integers(1, 40), signed=st.booleans())
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(1, LARGEST)
    if hint is IntFormat:
        return st.builds(IntFormat, st.integers(1, 16), signed=st.booleans())
    if hint is Format:
        return (
            st.builds(IntFormat, st.integers(1, 16), signed=st.booleans())
            | st.builds(BipolarFormat, st.integers(1, 16))
            | st.just(TERNARY)
        )
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(tuple(hint))
    raise TypeError(f"no values are known for a param of type {hint}")

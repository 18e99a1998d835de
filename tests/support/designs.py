"""Params of any engine, made from nothing but their types."""

import itertools
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache
from random import Random
from typing import Any, get_args, get_type_hints

from hypothesis import reject
from hypothesis import strategies as st

from golden.errors import UserError
from golden.formats import TERNARY, BipolarFormat, FlintFormat, Format, IntFormat, OvpFormat

__all__ = ["corner_params", "drawn_params", "options", "value_designs"]

SIZES = (1, 4, 3, 2, 5)
OPERANDS = tuple(
    IntFormat(bits, signed=signed)
    for bits, signed in ((8, True), (4, False), (2, True), (16, True), (8, False), (1, True))
)
FORMATS = (
    *(OPERANDS[index] for index in (0, 1, 2, 4)),
    *(BipolarFormat(bits) for bits in (1, 2, 4)),
    TERNARY,
    FlintFormat(4),
    FlintFormat(5, signed=False),
    OvpFormat(FlintFormat(4)),
    OvpFormat(IntFormat(8)),
)
"""Values of params that take more than integers."""

CANDIDATES = 600
REPAIRS = 20
"""An engine whose params bear on each other refuses most of what is drawn."""

WIDEST_OPERAND = 16

SMALL = 300
"""How large a design may be before it counts as costly."""

LARGEST = 6

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


@dataclass(frozen=True)
class _Candidate:
    """A design that may be chosen: what it shows of params, and how large it is."""

    design: Any
    values: frozenset[Any]
    pairs: frozenset[Any]
    volume: int


def value_designs(params_type: type) -> list[Any]:
    """Few designs that together have every value of every param, as far as it can be had."""
    return [one.design for one in _cover(_candidates(params_type), _values)]


def corner_params(params_type: type) -> list[Any]:
    """Designs that together have whatever can be had at once of two params.

    Those of `value_designs` come first, then others until every pair of values of two params is
    there. Of sizes, pairs differ where one is 1, even or odd, and of formats of integers where one
    is signed, of a single bit or wider than operands: further ones only repeat these, mostly in
    larger designs.
    """
    candidates = _candidates(params_type)
    first = _cover(candidates, _values)
    seen = frozenset[Any]().union(*(one.pairs for one in first))
    return [one.design for one in (*first, *_cover(candidates, _pairs, seen))]


def _values(candidate: _Candidate) -> frozenset[Any]:
    return candidate.values


def _pairs(candidate: _Candidate) -> frozenset[Any]:
    return candidate.pairs


@cache
def _candidates(params_type: type) -> list[_Candidate]:
    random = Random(CANDIDATES)
    choices = options(params_type)
    candidates = []
    for _ in range(CANDIDATES):
        values = {name: random.choice(some) for name, some in choices.items()}
        design = _build(params_type, values, lambda name: random.choice(choices[name]))
        if design is not None:
            kinds = ((name, _kind(value)) for name, value in values.items())
            pairs = frozenset(itertools.combinations(kinds, 2))
            candidates.append(_Candidate(design, frozenset(values.items()), pairs, _volume(values)))
    return candidates


def _cover(
    candidates: list[_Candidate],
    items: Callable[[_Candidate], frozenset[Any]],
    seen: frozenset[Any] = frozenset(),
) -> list[_Candidate]:
    """Designs that show what is not ``seen`` yet, greedily, cheap ones first."""
    chosen: list[_Candidate] = []
    covered = set(seen)
    while True:
        best = max(candidates, key=lambda one: len(items(one) - covered) / (SMALL + one.volume))
        if not items(best) - covered:
            return chosen
        chosen.append(best)
        covered |= items(best)


def _kind(value: Any) -> Any:
    """What a size or a format of integers is like; other values are like no other."""
    if type(value) is int and value != 1:
        return "odd" if value % 2 else "even"
    if isinstance(value, (IntFormat, BipolarFormat)):
        signed = isinstance(value, IntFormat) and value.signed
        return type(value), signed, value.bits == 1, value.bits > WIDEST_OPERAND
    return value


def _volume(values: Mapping[str, Any]) -> int:
    """How large a design is, and so how long its simulation takes."""
    return math.prod(value for value in values.values() if type(value) is int)


def _build(params_type: type, values: dict[str, Any], another: Callable[[str], Any]) -> Any:
    """The design of some values; the one that is refused gives way to ``another``, some times.

    None if params go on refusing each other. ``values`` are what the design has in the end.
    """
    for _ in range(REPAIRS):
        try:
            return params_type(**values)
        except UserError as error:
            # A message begins with the param that it is about.
            name = str(error).split()[0]
            if name not in values:
                return None
            values[name] = another(name)
    return None


@st.composite
def drawn_params(draw: st.DrawFn, params_type: type) -> Any:
    """Small designs with any formats; those that the engine refuses are passed over."""
    hints = get_type_hints(params_type)
    values = {entry.name: draw(_any(hints[entry.name])) for entry in fields(params_type)}
    design = _build(params_type, values, lambda name: draw(_any(hints[name])))
    return reject() if design is None else design


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
            | st.builds(FlintFormat, st.integers(3, 8), signed=st.booleans())
            | st.builds(OvpFormat, st.sampled_from([IntFormat(4), FlintFormat(4), IntFormat(8)]))
        )
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(tuple(hint))
    raise TypeError(f"no values are known for a param of type {hint}")

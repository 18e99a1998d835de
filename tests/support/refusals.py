"""What the params of an engine must refuse, and how."""

import types
from collections.abc import Iterator
from dataclasses import fields
from enum import Enum
from typing import Any, get_args, get_type_hints

from golden.errors import UserError
from golden.formats import Format, IntFormat
from golden.params import parse_params

__all__ = ["check_refusals", "check_text_refusals"]

NONSENSE = "nonsense"
HINTS = ("must be", "allowed are", "integer format")
"""How a message says what would have been right."""


def check_refusals(params_type: type) -> list[str]:
    """Problems of the constructor with values of the wrong type or far out of range."""
    hints = get_type_hints(params_type)
    return [
        problem
        for entry in fields(params_type)
        for value in _wrong(hints[entry.name])
        for problem in _judge(params_type, entry.name, value)
    ]


def check_text_refusals(params_type: type) -> list[str]:
    """Problems of params given as text."""
    problems = []
    for entry in fields(params_type):
        try:
            parse_params(params_type, {entry.name: NONSENSE})
        except UserError as error:
            problems += _judge_message(str(error), entry.name, NONSENSE)
        else:
            problems.append(f"{entry.name}={NONSENSE!r} is read")
    try:
        parse_params(params_type, {NONSENSE: "1"})
    except UserError as error:
        known = [entry.name for entry in fields(params_type) if entry.name not in str(error)]
        problems += [f"{error} does not name {name}" for name in known]
    else:
        problems.append(f"there is a param {NONSENSE!r}")
    return problems


def _wrong(hint: Any) -> Iterator[Any]:
    if isinstance(hint, types.UnionType) and IntFormat in get_args(hint):
        yield from ("int8", 8)
    elif hint is bool:
        yield from ("yes", 2, None)
    elif hint is int:
        yield from (0, -1, 10**9, 1.5, "8", None, True)
    elif hint in (IntFormat, Format):
        yield from ("int8", 8, None)
    elif isinstance(hint, type) and issubclass(hint, Enum):
        yield from (next(iter(hint)).value, NONSENSE, None)
    else:
        raise TypeError(f"no values are known for a param of type {hint}")


def _judge(params_type: type, name: str, value: Any) -> list[str]:
    try:
        params_type(**{name: value})
    except UserError as error:
        return _judge_message(str(error), name, value)
    except Exception as error:
        return [f"{name}={value!r} raises {type(error).__name__}, no error for users: {error}"]
    return [f"{name}={value!r} is accepted"]


def _judge_message(message: str, name: str, value: Any) -> list[str]:
    problems = []
    if "\n" in message or message.endswith("."):
        problems.append("is more than a sentence's text")
    if name not in message:
        problems.append(f"does not name {name}")
    if str(value) not in message:
        problems.append(f"does not show {value!r}")
    if not any(hint in message for hint in HINTS):
        problems.append("does not say what is allowed")
    return [f"{name}={value!r}: the message {message!r} {problem}" for problem in problems]

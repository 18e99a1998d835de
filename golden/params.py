"""Params of engines as data: declared once, listed, and read from text."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from typing import Any, TypeVar, cast, get_args, get_type_hints

from golden.errors import UserError
from golden.formats import Format, IntFormat, parse_format

__all__ = ["ParamInfo", "describe_params", "param", "parse_params", "require_types", "to_plain"]

P = TypeVar("P")

_DOC = "doc"
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def param(default: Any, doc: str) -> Any:
    """Field of a params dataclass: its default and one line that says what it means."""
    return field(default=default, metadata={_DOC: doc})


@dataclass(frozen=True, kw_only=True)
class ParamInfo:
    """A param as users see it."""

    name: str
    default: str | int | bool | None
    doc: str
    choices: tuple[str, ...] = ()


def describe_params(cls: type) -> tuple[ParamInfo, ...]:
    """Every param of a params dataclass, in order of declaration."""
    hints = get_type_hints(cls)
    return tuple(
        ParamInfo(
            name=entry.name,
            default=None if entry.default is MISSING else plain(entry.default),
            doc=entry.metadata[_DOC],
            choices=_choices(hints[entry.name]),
        )
        for entry in fields(cls)
    )


def require_types(params: Any) -> None:
    """Refuse params of another type than they are declared with.

    Raises
    ------
    UserError
        Naming the param, what was given and what is allowed.
    """
    hints = get_type_hints(type(params))
    for entry in fields(params):
        value, hint = getattr(params, entry.name), hints[entry.name]
        optional = isinstance(hint, types.UnionType)
        allowed = _required(hint)
        # A bool is an int to Python, but not to a reader.
        if (optional and value is None) or _is_a(value, allowed):
            continue
        raise UserError(f"{entry.name} must be {_describe(allowed, optional)}, not {value!r}")


def _is_a(value: Any, kind: type) -> bool:
    return isinstance(value, kind) if kind is Format else type(value) is kind


def _required(hint: Any) -> type:
    """The type that is left when None is taken from an optional one."""
    kinds = [part for part in get_args(hint) or (hint,) if part is not types.NoneType]
    (kind,) = kinds
    return cast(type, kind)


def _describe(kind: type, optional: bool) -> str:
    if issubclass(kind, Enum):
        what = f"one of {', '.join(map(str, kind))}"
    elif kind is IntFormat:
        what = "an integer format"
    elif kind is Format:
        what = "a number format"
    else:
        what = {int: "an integer", bool: "True or False"}.get(kind, f"a {kind.__name__}")
    return f"{what} or None" if optional else what


def to_plain(params: Any) -> dict[str, str | int | bool | None]:
    """Params as JSON values, which `parse_params` reads back."""
    return {entry.name: plain(getattr(params, entry.name)) for entry in fields(params)}


def plain(value: Any) -> str | int | bool | None:
    """One param's value as a JSON value."""
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, Format):
        return value.name
    raise TypeError(f"a param can not be a {type(value).__name__}")


def parse_params(cls: type[P], given: Mapping[str, Any], *, base: P | None = None) -> P:
    """Build params from text or JSON values.

    Parameters
    ----------
    cls : type
        Params dataclass.
    given : mapping
        Name of a param to its value, as text (``--set rows=8``) or as `to_plain` gives it.
    base : cls, optional
        Where the other params come from, in place of the defaults.

    Raises
    ------
    UserError
        If a name is unknown or a value can not be read; the message says what is allowed.
    """
    hints = get_type_hints(cls)
    names = [entry.name for entry in fields(cls)]  # type: ignore[arg-type]  # any dataclass
    values = {} if base is None else {name: getattr(base, name) for name in names}
    for name, value in given.items():
        if name not in names:
            raise UserError(f"there is no param {name!r}: allowed are {', '.join(names)}")
        values[name] = _read(name, hints[name], value)
    return cls(**values)


def _choices(hint: Any) -> tuple[str, ...]:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return tuple(str(member.value) for member in hint)
    return ("true", "false") if hint is bool else ()


def _read(name: str, hint: Any, value: Any) -> Any:
    if isinstance(hint, types.UnionType):
        if value is None or str(value).lower() in ("none", "auto"):
            return None
        hint = _required(hint)
    text = str(value).strip()
    if hint is bool:
        if text.lower() not in _BOOLEANS:
            raise UserError(f"{name} must be true or false, not {text!r}")
        return _BOOLEANS[text.lower()]
    if hint is int:
        try:
            return int(text)
        except ValueError:
            raise UserError(f"{name} must be an integer, not {text!r}") from None
    if hint in (IntFormat, Format):
        try:
            return parse_format(text)
        except UserError as error:
            raise UserError(f"{name}: {error}") from None
    if isinstance(hint, type) and issubclass(hint, Enum):
        try:
            return hint(text.lower())
        except ValueError:
            raise UserError(
                f"{name} must be one of {', '.join(_choices(hint))}, not {text!r}"
            ) from None
    return text

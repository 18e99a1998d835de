"""Descriptions of accelerators: by name, from TOML files, with fields changed."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from golden.accelerator.description import Accelerator, Memory
from golden.discovery import close_names
from golden.errors import UserError
from golden.params import to_plain
from tilewright.catalog import accelerator_names, check_names, find_engine

__all__ = ["describe", "find_accelerator", "is_accelerator", "read_description", "template"]

_SUFFIX = ".toml"
_TABLES = ("params", "memory")


def is_accelerator(name: str) -> bool:
    """Whether a name is that of an accelerator or of its file, and not of an engine or a preset.

    Raises
    ------
    UserError
        If an engine has the name, too.
    """
    if name.endswith(_SUFFIX):
        return True
    check_names()
    return name.lower() in accelerator_names()


def describe(accelerator: Accelerator) -> dict[str, Any]:
    """Description as JSON values, in the form of a TOML file."""
    plain_fields = (entry.name for entry in fields(Accelerator) if entry.type in (int, str))
    return {
        **{name: getattr(accelerator, name) for name in plain_fields},
        "params": to_plain(accelerator.params),
        "memory": to_plain(accelerator.memory),
    }


def template(name: str) -> str:
    """The commented TOML file of an accelerator that comes along.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    names = accelerator_names()
    if name.lower() not in names:
        raise UserError(f"there is no accelerator {name!r}{close_names(name, names)}")
    file = resources.files("tilewright.accelerators").joinpath(name.lower() + _SUFFIX)
    return file.read_text(encoding="utf-8")


def find_accelerator(name: str | Path, changes: Mapping[str, Any] | None = None) -> Accelerator:
    """An accelerator by name, or from a TOML file.

    Parameters
    ----------
    name : str or path
        What ends in ``.toml`` is a file.
    changes : mapping, optional
        Fields to change, as text or values: ``bus_bytes``, ``params.rows``,
        ``memory.latency_cycles``.

    Raises
    ------
    UserError
        If there is no such accelerator, the file can not be read, or a field is wrong.
    """
    if str(name).endswith(_SUFFIX):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except OSError as error:
            raise UserError(f"{name} can not be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise UserError(f"{name} can not be read: it is no text in UTF-8") from None
        return read_description(text, str(name), changes)
    return read_description(template(str(name)), str(name), changes)


def read_description(
    text: str, source: str, changes: Mapping[str, Any] | None = None
) -> Accelerator:
    """An accelerator from the text of a TOML file; see `find_accelerator`.

    Parameters
    ----------
    text : str
    source : str
        What to call the text in messages.
    changes : mapping, optional
    """
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{source} is no TOML file: {error}") from None
    params, memory = (_table(given, key, source) for key in _TABLES)
    tables = {"": given, "params": params, "memory": memory}
    for path, value in (changes or {}).items():
        _change(tables, path, value)
    values = _values(Accelerator, given, "")
    if "engine" not in values:
        raise UserError(f"{source} does not say which engine: it needs engine = ...")
    values.setdefault("name", Path(source).stem)
    return Accelerator(
        **values,
        params=find_engine(values["engine"]).params(params),
        memory=Memory(**_values(Memory, memory, "memory.")),
    )


def _change(tables: Mapping[str, dict[str, Any]], path: str, value: Any) -> None:
    table, dot, key = path.rpartition(".")
    if not key or (dot and not table) or table not in tables:
        raise UserError(f"there is no field {path!r}: fields are of params, memory, or neither")
    if path in _TABLES:
        raise UserError(f"{path} is a table: set one of its fields, {path}.…={value}")
    tables[table][key] = value


def _table(given: dict[str, Any], key: str, source: str) -> dict[str, Any]:
    table = given.pop(key, {})
    if not isinstance(table, dict):
        raise UserError(f"{source}: {key} is a table, [{key}], not {table!r}")
    return table


def _values(cls: type[Any], given: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Field values of a dataclass from text or TOML values."""
    hints = get_type_hints(cls)
    known = {
        field.name: hints[field.name]
        for field in fields(cls)
        if hints[field.name] is not Any and not is_dataclass(hints[field.name])
    }
    for name in given:
        if name not in known:
            close = close_names(name, list(known))
            raise UserError(f"there is no field {prefix}{name}{close}")
    return {name: _value(prefix + name, known[name], value) for name, value in given.items()}


def _value(name: str, kind: type[Any], value: Any) -> Any:
    if issubclass(kind, Enum):
        for member in kind:
            if member.value == value:
                return member
        allowed = ", ".join(str(member.value) for member in kind)
        raise UserError(f"{name} must be one of {allowed}, not {value!r}")
    if kind is int and isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            raise UserError(f"{name} must be a whole number, not {value!r}") from None
    if not isinstance(value, kind) or isinstance(value, bool):
        wanted = "a whole number" if kind is int else "a text"
        raise UserError(f"{name} must be {wanted}, not {value!r}")
    return value

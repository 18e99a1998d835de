"""Processes by name, or from TOML files."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from golden.discovery import close_names
from golden.errors import UserError
from sim.accelerator.energy import HOROWITZ_45NM, EnergyEntry, EnergyTable
from sim.technology import Logic, Sram, Technology

__all__ = ["DEFAULT_TECHNOLOGY", "find_technology", "technology_names"]

DEFAULT_TECHNOLOGY = "45nm"

_SUFFIX = ".toml"
_PICOJOULES = ("multiply8_pj", "add32_pj", "multiply32_pj", "dram_pj")

T = TypeVar("T", Logic, Sram)


def technology_names() -> list[str]:
    """Processes that come along."""
    folder = resources.files("tilewright.technologies")
    return sorted(
        entry.name.removesuffix(_SUFFIX)
        for entry in folder.iterdir()
        if entry.name.endswith(_SUFFIX)
    )


def find_technology(name: str | Path) -> Technology:
    """A process by name, or from a TOML file.

    Parameters
    ----------
    name : str or path
        What ends in ``.toml`` is a file. Without a table ``energy`` in it, energies are those of
        45 nm.

    Raises
    ------
    UserError
        If there is no such process, the file can not be read, or a value is missing or wrong.
    """
    if str(name).endswith(_SUFFIX):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except OSError as error:
            raise UserError(f"{name} can not be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise UserError(f"{name} can not be read: it is no text in UTF-8") from None
        return _read(text, str(name))
    names = technology_names()
    if str(name) not in names:
        raise UserError(f"there is no technology {str(name)!r}{close_names(str(name), names)}")
    file = resources.files("tilewright.technologies").joinpath(f"{name}{_SUFFIX}")
    return _read(file.read_text(encoding="utf-8"), str(name))


def _read(text: str, source: str) -> Technology:
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{source} is no TOML file: {error}") from None
    _check_keys(given, ("name", "node", "logic", "sram"), ("energy",), source)
    node = _text(given, "node", source)
    energy = HOROWITZ_45NM
    if "energy" in given:
        energy = _energy(_table(given, "energy", source), node, f"{source}: energy")
    return Technology(
        name=_text(given, "name", source),
        node=node,
        logic=_numbers(Logic, _table(given, "logic", source), f"{source}: logic"),
        sram=_numbers(Sram, _table(given, "sram", source), f"{source}: sram"),
        energy=energy,
    )


def _numbers(cls: type[T], given: Mapping[str, Any], place: str) -> T:
    """A dataclass of numbers and a source."""
    names = [entry.name for entry in fields(cls)]
    _check_keys(given, names, (), place)
    numbers: dict[str, Any] = {
        name: _number(given, name, place) for name in names if name != "source"
    }
    return cls(**numbers, source=_text(given, "source", place))


def _energy(given: Mapping[str, Any], node: str, place: str) -> EnergyTable:
    _check_keys(given, (*_PICOJOULES, "sram", "source"), (), place)
    origin = {"node": node, "source": _text(given, "source", place)}

    def entry(table: Mapping[str, Any], name: str) -> EnergyEntry:
        return EnergyEntry(value=_number(table, name, place), **origin)

    rows = given["sram"]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{place}: sram is a list of tables, [[energy.sram]], not {rows!r}")
    for row in rows:
        _check_keys(row, ("bytes", "access_pj"), (), f"{place}.sram")
    sizes = [int(_number(row, "bytes", f"{place}.sram")) for row in rows]
    if sizes != sorted(set(sizes)):
        raise UserError(f"{place}.sram: bytes must rise, not be {', '.join(map(str, sizes))}")
    return EnergyTable(
        multiply8=entry(given, "multiply8_pj"),
        add32=entry(given, "add32_pj"),
        multiply32=entry(given, "multiply32_pj"),
        sram=tuple((size, entry(row, "access_pj")) for size, row in zip(sizes, rows, strict=True)),
        dram=entry(given, "dram_pj"),
    )


def _check_keys(
    given: Mapping[str, Any],
    needed: "tuple[str, ...] | list[str]",
    more: tuple[str, ...],
    place: str,
) -> None:
    for name in given:
        if name not in (*needed, *more):
            raise UserError(f"{place} has no {name!r}{close_names(name, [*needed, *more])}")
    for name in needed:
        if name not in given:
            raise UserError(f"{place} lacks {name!r}")


def _table(given: Mapping[str, Any], name: str, place: str) -> dict[str, Any]:
    table = given[name]
    if not isinstance(table, dict):
        raise UserError(f"{place}: {name} is a table, [{name}], not {table!r}")
    return table


def _text(given: Mapping[str, Any], name: str, place: str) -> str:
    if not isinstance(given[name], str):
        raise UserError(f"{place}: {name} must be a text, not {given[name]!r}")
    return str(given[name])


def _number(given: Mapping[str, Any], name: str, place: str) -> float:
    value = given[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{place}: {name} must be a number, not {value!r}")
    if not (value > 0 and math.isfinite(value)):
        raise UserError(f"{place}: {name} must be above 0, not {value}")
    return float(value)

"""Reading study files."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from golden.discovery import close_names
from golden.errors import UserError
from tilewright.accelerator import template
from tilewright.sweeps.checks import require_count
from tilewright.sweeps.dimensions import (
    Bundles,
    Choice,
    Dimension,
    FloatRange,
    IntRange,
    Powers,
    Scalar,
)
from tilewright.sweeps.evaluation import Process
from tilewright.sweeps.metrics import Direction
from tilewright.sweeps.space import AcceleratorBase, Base, DesignSpace, EngineBase, Space
from tilewright.sweeps.study import Limit, Objective, Sampler, Study
from tilewright.sweeps.workloads import Task, read_model, read_task
from tilewright.technology import DEFAULT_TECHNOLOGY, find_technology

__all__ = ["load_study", "read_study"]

_KEYS = (
    "name",
    "designs",
    "space",
    "workloads",
    "objectives",
    "constraints",
    "metrics",
    "sampler",
    "trials",
    "seed",
    "population",
    "technology",
    "liberty",
)
_DIGITS = "digits"


def load_study(file: Path) -> Study:
    """The study of a TOML file; files that it names are looked for beside it.

    Raises
    ------
    UserError
        If it, or something that it names, can not be used.
    OSError
        If a file of data can not be read.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{file} can not be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{file} can not be read: it is no text in UTF-8") from None
    return read_study(text, str(file), file.parent)


def read_study(text: str, source: str, folder: Path) -> Study:
    """The study of a TOML file's text; see the manual for its form.

    Parameters
    ----------
    text : str
    source : str
        What to call it in messages.
    folder : Path
        Where files that it names are.

    Raises
    ------
    UserError
        If it, or something that it names, can not be used.
    """
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{source} is no TOML file: {error}") from None
    try:
        return _study(given, Path(source).stem, folder)
    except UserError as error:
        raise UserError(f"{source}: {error}") from None


def _study(given: Mapping[str, Any], stem: str, folder: Path) -> Study:
    _known("the study", given, _KEYS)
    designs = _of_kind(given, "designs", list, "a list of tables, [[designs]]", [])
    workloads = _of_kind(given, "workloads", list, "a list", [])
    objectives = _of_kind(given, "objectives", dict, "a table, [objectives]", {})
    constraints = _of_kind(given, "constraints", dict, "a table, [constraints]", {})
    return Study(
        name=_of_kind(given, "name", str, "a text", stem),
        space=Space(
            designs=tuple(_design(entry, folder) for entry in designs),
            dimensions=_dimensions(_of_kind(given, "space", dict, "a table, [space]", {})),
        ),
        tasks=tuple(_task(entry, folder) for entry in workloads),
        objectives=tuple(
            Objective(metric=metric, direction=_member("objectives." + metric, Direction, value))
            for metric, value in objectives.items()
        ),
        limits=tuple(_limit(metric, value) for metric, value in constraints.items()),
        sampler=_member("sampler", Sampler, given.get("sampler", Sampler.TPE.value)),
        trials=_count(given, "trials", 1) if "trials" in given else None,
        seed=_count(given, "seed", 0) if "seed" in given else 0,
        population=_count(given, "population", 2) if "population" in given else 50,
        metrics=tuple(_of_kind(given, "metrics", list, "a list", [])),
        process=_process(given, folder),
    )


def _process(given: Mapping[str, Any], folder: Path) -> Process:
    technology = _of_kind(given, "technology", str, "a text", DEFAULT_TECHNOLOGY)
    is_file = technology.endswith(".toml")
    liberty = _of_kind(given, "liberty", str, "a text") if "liberty" in given else None
    if liberty is not None and not (folder / liberty).is_file():
        raise UserError(f"there is no library {folder / liberty}")
    return Process(
        technology=find_technology(folder / technology if is_file else technology),
        liberty=None if liberty is None else (folder / liberty).resolve(),
    )


def _design(given: Any, folder: Path) -> DesignSpace:
    if not isinstance(given, dict):
        raise UserError(f"a design is a table, [[designs]], not {given!r}")
    _known("a design", given, ("name", "accelerator", "engine", "set", "space"))
    if ("accelerator" in given) == ("engine" in given):
        raise UserError("a design needs accelerator = ... or engine = ..., one of them")
    origin = _of_kind(given, "accelerator" if "accelerator" in given else "engine", str, "a text")
    fixed = _of_kind(given, "set", dict, "a table, [designs.set]", {})
    for field, value in fixed.items():
        _scalar(field, value)
    return DesignSpace(
        name=_of_kind(given, "name", str, "a text", Path(origin).stem),
        base=_base(origin, folder) if "accelerator" in given else EngineBase(engine=origin),
        fixed=fixed,
        dimensions=_dimensions(_of_kind(given, "space", dict, "a table, [designs.space]", {})),
    )


def _base(origin: str, folder: Path) -> Base:
    if not origin.endswith(".toml"):
        return AcceleratorBase(source=origin, text=template(origin))
    file = folder / origin
    try:
        return AcceleratorBase(source=str(file), text=file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise UserError(f"{file} can not be read: {reason}") from None


def _dimensions(given: Mapping[str, Any]) -> tuple[Dimension, ...]:
    return tuple(_dimension(name, value) for name, value in given.items())


def _dimension(name: str, value: Any) -> Dimension:
    """A list is a choice, a list of tables one of bundles, a table a range."""
    fields = tuple(part.strip() for part in name.split(","))
    if isinstance(value, list):
        if value and all(isinstance(entry, dict) for entry in value):
            return Bundles(name=name, bundles={_label(entry): _flat(entry) for entry in value})
        return Choice(name=name, fields=fields, values=tuple(_scalar(name, v) for v in value))
    if not isinstance(value, dict):
        raise UserError(
            f"{name} must be a list of values or a range such as {{ low = 4, high = 64 }}, not"
            f" {value!r}; a field that does not change belongs to [designs.set]"
        )
    return _range(name, fields, value)


def _range(name: str, fields: tuple[str, ...], given: Mapping[str, Any]) -> Dimension:
    _known(f"the range of {name}", given, ("low", "high", "step", "factor", "log"))
    numbers = {key: given[key] for key in ("low", "high", "step", "factor") if key in given}
    for key, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise UserError(f"{name}: {key} must be a number, not {number!r}")
    if "low" not in numbers or "high" not in numbers:
        raise UserError(f"the range of {name} needs low = ... and high = ...")
    log = _of_kind(given, "log", bool, "true or false", False)
    whole = all(isinstance(number, int) for number in numbers.values())
    if "factor" in numbers:
        if not whole or log or "step" in numbers:
            raise UserError(f"{name}: a factor goes with whole low and high, without step and log")
        return Powers(name=name, fields=fields, **numbers)
    if whole:
        return IntRange(name=name, fields=fields, log=log, **numbers)
    return FloatRange(name=name, fields=fields, log=log, **numbers)


def _label(bundle: Mapping[str, Any]) -> str:
    return ", ".join(f"{field}={value}" for field, value in _flat(bundle).items())


def _flat(bundle: Mapping[str, Any]) -> dict[str, Scalar]:
    return {field: _scalar(field, value) for field, value in bundle.items()}


def _scalar(field: str, value: Any) -> Scalar:
    if not isinstance(value, (bool, int, float, str)):
        raise UserError(f"{field} takes numbers, texts, true and false, not {value!r}")
    return value


def _task(given: Any, folder: Path) -> Task:
    if isinstance(given, str):
        return _named_task(given, folder)
    if not isinstance(given, dict):
        raise UserError(f"a workload is a text or a table, not {given!r}")
    _known("a workload", given, ("name", "model", "inputs", "labels", "calibrate"))
    model = _of_kind(given, "model", str, "a text")
    if ("inputs" in given) != ("labels" in given):
        raise UserError(f"workload {model}: inputs and labels are given together")
    files = {
        key: folder / _of_kind(given, key, str, "a text")
        for key in ("inputs", "labels", "calibrate")
        if key in given
    }
    name = _of_kind(given, "name", str, "a text", Path(model).stem)
    return read_model(str(folder / model), name, **files)


def _named_task(text: str, folder: Path) -> Task:
    """A network that comes along with its data, a file, or a size."""
    shipped = resources.files("tilewright.networks") / _DIGITS
    networks = [
        entry.name.removesuffix(".onnx")
        for entry in shipped.iterdir()
        if entry.name.endswith(".onnx")
    ]
    if text in networks:
        with resources.as_file(shipped) as place:
            return read_model(
                str(place / f"{text}.onnx"),
                text,
                inputs=place / "test.npz",
                labels=place / "labels.npy",
            )
    if ":" in text:
        return read_task(text, text)
    if not Path(text).suffix:
        raise UserError(
            f"there is no network {text!r}{close_names(text, sorted(networks))}; files end in"
            " .onnx, .tflite or .csv"
        )
    return read_task(str(folder / text), Path(text).stem)


def _limit(metric: str, given: Any) -> Limit:
    if not isinstance(given, dict):
        raise UserError(
            f"the constraint of {metric} is a table such as {{ most = 1000 }}, not {given!r}"
        )
    _known(f"the constraint of {metric}", given, ("least", "most"))
    for value in given.values():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise UserError(f"the constraint of {metric} takes numbers, not {value!r}")
    return Limit(metric=metric, **given)


def _known(what: str, given: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    for key in given:
        if key not in keys:
            raise UserError(f"{what} has no {key!r}{close_names(key, list(keys))}")


_MISSING = object()


def _of_kind(
    given: Mapping[str, Any], key: str, kind: type, what: str, default: Any = _MISSING
) -> Any:
    value = given.get(key, default)
    if value is _MISSING:
        raise UserError(f"{key} = ... is missing")
    if not isinstance(value, kind):
        raise UserError(f"{key} must be {what}, not {value!r}")
    return value


def _member(name: str, kind: type[Any], value: Any) -> Any:
    allowed = [member.value for member in kind]
    if value not in allowed:
        raise UserError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return kind(value)


def _count(given: Mapping[str, Any], key: str, least: int) -> int:
    value: int = given[key]
    require_count(key, value, least=least)
    return value

"""Schedules as JSON, so that they can be kept, read by other tools, and checked again."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from golden.errors import UserError
from mapper.scheduling.schedule import Placement, Schedule, Step, Window

__all__ = ["schedule_from_json", "schedule_to_json"]


def schedule_to_json(schedule: Schedule) -> dict[str, Any]:
    """A schedule as JSON values.

    Parameters
    ----------
    schedule : Schedule

    Returns
    -------
    dict
        ``capacity_bytes`` and ``steps``; of each step ``operator``, ``resident`` (addresses by
        tensor), ``spilled``, ``retrieved``, ``windows`` and ``moved_bytes``.
    """
    return {
        "capacity_bytes": schedule.capacity_bytes,
        "steps": [
            {
                "operator": step.operator,
                "resident": {place.tensor: place.address for place in step.resident},
                "spilled": list(step.spilled),
                "retrieved": list(step.retrieved),
                "windows": [asdict(window) for window in step.windows],
                "moved_bytes": dict(step.moved_bytes),
            }
            for step in schedule.steps
        ],
    }


def schedule_from_json(plain: object) -> Schedule:
    """The schedule that JSON values stand for; steps need no ``windows`` and ``moved_bytes``.

    Whether it works is another question, for `mapper.scheduling.checker.check`.

    Raises
    ------
    UserError
        If they stand for none.
    """
    fields = _object(plain, "a schedule", ("capacity_bytes", "steps"))
    steps = _list(fields["steps"], "steps")
    return Schedule(
        capacity_bytes=_number(fields["capacity_bytes"], "capacity_bytes"),
        steps=tuple(_step(step, f"step {number}") for number, step in enumerate(steps)),
    )


def _step(plain: object, what: str) -> Step:
    fields = _object(plain, what, ("operator", "resident", "spilled", "retrieved"))
    resident = _numbers(fields["resident"], f"{what}: resident")
    return Step(
        operator=_name(fields["operator"], f"{what}: operator"),
        resident=tuple(Placement(tensor=name, address=at) for name, at in resident.items()),
        spilled=_names(fields["spilled"], f"{what}: spilled"),
        retrieved=_names(fields["retrieved"], f"{what}: retrieved"),
        windows=tuple(
            _window(window, f"{what}: a window")
            for window in _list(fields.get("windows", []), f"{what}: windows")
        ),
        moved_bytes=_numbers(fields.get("moved_bytes", {}), f"{what}: moved_bytes"),
    )


def _window(plain: object, what: str) -> Window:
    fields = _object(plain, what, ("tensor", "address", "size_bytes", "moved_bytes"))
    return Window(
        tensor=_name(fields["tensor"], f"{what}: tensor"),
        address=_number(fields["address"], f"{what}: address"),
        size_bytes=_number(fields["size_bytes"], f"{what}: size_bytes"),
        moved_bytes=_number(fields["moved_bytes"], f"{what}: moved_bytes"),
    )


def _object(plain: object, what: str, keys: tuple[str, ...]) -> Mapping[str, object]:
    if not isinstance(plain, Mapping) or not set(keys) <= set(plain):
        raise UserError(f"{what} must be an object with {', '.join(keys)}")
    return plain


def _list(plain: object, what: str) -> list[object]:
    if not isinstance(plain, list):
        raise UserError(f"{what} must be a list, not {plain!r}")
    return plain


def _number(plain: object, what: str) -> int:
    if isinstance(plain, bool) or not isinstance(plain, int):
        raise UserError(f"{what} must be a whole number, not {plain!r}")
    return plain


def _numbers(plain: object, what: str) -> dict[str, int]:
    if not isinstance(plain, Mapping):
        raise UserError(f"{what} must be numbers by tensor, not {plain!r}")
    return {name: _number(number, f"{what} of {name!r}") for name, number in plain.items()}


def _name(plain: object, what: str) -> str:
    if not isinstance(plain, str):
        raise UserError(f"{what} must be a name, not {plain!r}")
    return plain


def _names(plain: object, what: str) -> tuple[str, ...]:
    return tuple(_name(name, what) for name in _list(plain, what))

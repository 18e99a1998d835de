"""Dimensions of a design space: the values that one thing takes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from golden.errors import UserError
from tilewright.sweeps.checks import is_finite

if TYPE_CHECKING:
    from optuna.trial import Trial

__all__ = ["Bundles", "Choice", "Dimension", "FloatRange", "IntRange", "Powers", "Scalar"]

Scalar: TypeAlias = bool | int | float | str
"""A value of a field, as TOML has it."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of several values, in no order.

    Parameters
    ----------
    name : str
    fields : tuple of str
        That all take the value.
    values : tuple of Scalar
        At least one, none twice.

    Raises
    ------
    UserError
        If there are none, or one comes twice.
    """

    name: str
    fields: tuple[str, ...]
    values: tuple[Scalar, ...]

    def __post_init__(self) -> None:
        _require_distinct(self.name, self.values)

    def suggest(self, trial: "Trial", name: str) -> Any:
        """What the sampler chooses, under the name that the trial knows it by."""
        return trial.suggest_categorical(name, self.values)

    @property
    def count(self) -> int:
        """Number of levels."""
        return len(self.values)

    def levels(self) -> Sequence[Any]:
        """Everything that `suggest` may give, in order."""
        return self.values

    def settings(self, chosen: Any) -> dict[str, Scalar]:
        """Values of fields that a choice stands for."""
        return dict.fromkeys(self.fields, chosen)

    def shown(self, chosen: Any) -> Scalar:
        """A choice as results show it."""
        value: Scalar = chosen
        return value


@dataclass(frozen=True, kw_only=True)
class Bundles:
    """One of several sets of values for fields that only make sense together.

    Parameters
    ----------
    name : str
    bundles : mapping of str to mapping
        What to call each, and its values by field.
    """

    name: str
    bundles: Mapping[str, Mapping[str, Scalar]]

    def __post_init__(self) -> None:
        _require_distinct(self.name, tuple(self.bundles))

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that a bundle sets."""
        return tuple(dict.fromkeys(field for bundle in self.bundles.values() for field in bundle))

    def suggest(self, trial: "Trial", name: str) -> Any:
        """As `Choice.suggest`."""
        return trial.suggest_categorical(name, tuple(self.bundles))

    @property
    def count(self) -> int:
        """As `Choice.count`."""
        return len(self.bundles)

    def levels(self) -> Sequence[Any]:
        """As `Choice.levels`."""
        return tuple(self.bundles)

    def settings(self, chosen: Any) -> dict[str, Scalar]:
        """As `Choice.settings`."""
        return dict(self.bundles[chosen])

    def shown(self, chosen: Any) -> Scalar:
        """As `Choice.shown`."""
        return str(chosen)


@dataclass(frozen=True, kw_only=True)
class IntRange:
    """Whole numbers from ``low`` to ``high``, both included.

    Parameters
    ----------
    name : str
    fields : tuple of str
    low, high, step : int
    log : bool
        Sample so that small numbers are as frequent as large ones; needs ``step = 1``.

    Raises
    ------
    UserError
        If the range is empty or not of this kind.
    """

    name: str
    fields: tuple[str, ...]
    low: int
    high: int
    step: int = 1
    log: bool = False

    def __post_init__(self) -> None:
        _require_range(self.name, self.low, self.high, self.log)
        if self.step < 1:
            raise UserError(f"{self.name}: step must be at least 1, not {self.step}")
        if self.log and self.step != 1:
            raise UserError(f"{self.name}: a range with log has no step; factor makes a series")

    def suggest(self, trial: "Trial", name: str) -> Any:
        """As `Choice.suggest`."""
        # Optuna warns of ends that steps do not meet.
        high = self.low + (self.count - 1) * self.step
        return trial.suggest_int(name, self.low, high, step=self.step, log=self.log)

    @property
    def count(self) -> int:
        """As `Choice.count`."""
        return (self.high - self.low) // self.step + 1

    def levels(self) -> Sequence[Any]:
        """As `Choice.levels`."""
        return range(self.low, self.high + 1, self.step)

    def settings(self, chosen: Any) -> dict[str, Scalar]:
        """As `Choice.settings`."""
        return dict.fromkeys(self.fields, chosen)

    def shown(self, chosen: Any) -> Scalar:
        """As `Choice.shown`."""
        return int(chosen)


@dataclass(frozen=True, kw_only=True)
class Powers:
    """``low``, ``low * factor``, ``low * factor ** 2`` and so on, up to ``high``.

    Samplers see the exponent, so that neighbours are neighbours.

    Parameters
    ----------
    name : str
    fields : tuple of str
    low, high, factor : int

    Raises
    ------
    UserError
        If the series is empty.
    """

    name: str
    fields: tuple[str, ...]
    low: int
    high: int
    factor: int

    def __post_init__(self) -> None:
        _require_range(self.name, self.low, self.high, True)
        if self.factor < 2:
            raise UserError(f"{self.name}: factor must be at least 2, not {self.factor}")

    def suggest(self, trial: "Trial", name: str) -> Any:
        """As `Choice.suggest`."""
        return trial.suggest_int(name, 0, self.count - 1)

    @property
    def count(self) -> int:
        """As `Choice.count`."""
        count = 1
        while self.low * self.factor**count <= self.high:
            count += 1
        return count

    def levels(self) -> Sequence[Any]:
        """As `Choice.levels`: exponents."""
        return range(self.count)

    def settings(self, chosen: Any) -> dict[str, Scalar]:
        """As `Choice.settings`."""
        return dict.fromkeys(self.fields, self.shown(chosen))

    def shown(self, chosen: Any) -> Scalar:
        """As `Choice.shown`."""
        value: int = self.low * self.factor**chosen
        return value


@dataclass(frozen=True, kw_only=True)
class FloatRange:
    """Numbers from ``low`` to ``high``.

    Parameters
    ----------
    name : str
    fields : tuple of str
    low, high : float
    step : float, optional
    log : bool
        As for `IntRange`; needs no ``step``.

    Raises
    ------
    UserError
        If the range is empty or not of this kind.
    """

    name: str
    fields: tuple[str, ...]
    low: float
    high: float
    step: float | None = None
    log: bool = False

    def __post_init__(self) -> None:
        _require_range(self.name, self.low, self.high, self.log)
        if self.step is not None and not 0 < self.step < math.inf:
            raise UserError(f"{self.name}: step must be a finite number above 0, not {self.step}")
        if self.step is not None and not math.isfinite((self.high - self.low) / self.step):
            raise UserError(
                f"{self.name}: step {self.step} is too small to go from {self.low} to {self.high}"
            )
        if self.log and self.step is not None:
            raise UserError(f"{self.name}: a range with log has no step; give one of them")

    def suggest(self, trial: "Trial", name: str) -> Any:
        """As `Choice.suggest`."""
        high = self.high if self.step is None else self._level(self.count - 1)
        return trial.suggest_float(name, self.low, high, step=self.step, log=self.log)

    @property
    def count(self) -> int:
        """As `Choice.count`.

        Raises
        ------
        UserError
            If there is no step, so that there is no end of them.
        """
        if self.step is None:
            raise UserError(f"{self.name}: a range of any numbers has no points; give it a step")
        return math.floor((self.high - self.low) / self.step + 1e-9) + 1

    def levels(self) -> Sequence[Any]:
        """As `Choice.levels`."""
        return tuple(self._level(index) for index in range(self.count))

    def _level(self, index: int) -> float:
        return round(self.low + index * (self.step or 0.0), 12)

    def settings(self, chosen: Any) -> dict[str, Scalar]:
        """As `Choice.settings`."""
        return dict.fromkeys(self.fields, chosen)

    def shown(self, chosen: Any) -> Scalar:
        """As `Choice.shown`."""
        return float(chosen)


Dimension: TypeAlias = Choice | Bundles | IntRange | Powers | FloatRange
"""Any of them."""


def _require_distinct(name: str, values: tuple[Any, ...]) -> None:
    if not values:
        raise UserError(f"{name} has no values: the space is empty")
    # 1 and True are the same key to Python, and to Optuna.
    if len(set(values)) != len(values):
        raise UserError(f"{name} has a value twice: {', '.join(map(str, values))}")


def _require_range(name: str, low: float, high: float, positive: bool) -> None:
    if not (is_finite(low) and is_finite(high)):
        raise UserError(f"{name}: low and high must be finite numbers, not {low} and {high}")
    if not low <= high:
        raise UserError(f"{name} goes from {low} to {high}: the space is empty")
    if positive and not low > 0:
        raise UserError(f"{name} must begin above 0, not at {low}, to grow by factors")

"""The integer program: what stays in activation memory when, and how layers are cut beside it.

For an order of layers and the stages in which they are computed together. Variables: for each
value, whether it is there as a whole when it is made or read (held), and from one such access to
the next (stays); for each layer, its option; for each elementwise layer, whether its result takes
the place of an operand. In each stage, what is held and the tiles of all its layers fit activation
memory: addresses are left to an exact search afterwards.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pulp

from mapper.accelerator.layers import ProductLayer
from mapper.accelerator.optimal.options import Left, Option, Read
from mapper.accelerator.optimal.space import Space
from mapper.milp import solve
from mapper.status import Status

__all__ = ["Answer", "Choice", "Residency", "Setting"]

_TOLERANCE = 1e-6
"""Beats that a solver's bound may be wrong by."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a program is solved for.

    Parameters
    ----------
    stages : tuple of tuple of int
        Layers that are computed together, in their order.
    turns : int
        Places for tiles, 1 or 2.
    """

    stages: tuple[tuple[int, ...], ...]
    turns: int

    @property
    def order(self) -> tuple[int, ...]:
        """Of layers."""
        return tuple(layer for stage in self.stages for layer in stage)


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """A solution.

    Parameters
    ----------
    setting : Setting
    options : mapping of int to Option
        By layer.
    accesses : mapping of int to sequence of int
        By value: the layer that makes it, if one does, and its readers in order.
    held : mapping of int to sequence of bool
        By value, whether it is there as a whole at each access.
    stays : mapping of int to sequence of bool
        By value, whether it stays there from each access but the last to the next.
    in_place : mapping of int to int
        By layer, the value in whose place it writes.
    """

    setting: Setting
    options: Mapping[int, Option]
    accesses: Mapping[int, Sequence[int]]
    held: Mapping[int, Sequence[bool]]
    stays: Mapping[int, Sequence[bool]]
    in_place: Mapping[int, int]

    @property
    def bytes(self) -> int:
        """That cross the bus."""
        return sum(option.bytes for option in self.options.values())


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a solver said.

    Parameters
    ----------
    status : Status
    choice : Choice or None
    bound_bytes : int or None
        No choice moves less; None where nothing is known.
    """

    status: Status
    choice: Choice | None
    bound_bytes: int | None


class Residency:
    """The program for a setting.

    Parameters
    ----------
    space : Space
    setting : Setting
    words : int, optional
        Of activation memory; None for as many as it takes.
    most_bytes : int, optional
        Choices that move more are of no interest.
    """

    def __init__(
        self,
        space: Space,
        setting: Setting,
        words: int | None,
        *,
        most_bytes: int | None = None,
    ) -> None:
        self._space = space
        self._setting = setting
        self._problem = pulp.LpProblem("residency", pulp.LpMinimize)
        self._stage_of = {
            layer: number for number, stage in enumerate(setting.stages) for layer in stage
        }
        position = {layer: number for number, layer in enumerate(setting.order)}
        makers = {layer.target: number for number, layer in enumerate(space.layers)}
        self._accesses = {
            value: [
                *([makers[value]] if held.is_made else []),
                *sorted(held.readers, key=position.__getitem__),
            ]
            for value, held in space.values.items()
        }
        self._chosen = {
            (layer, number): self._binary(f"option_{layer}_{number}")
            for layer, options in enumerate(space.options)
            for number in range(len(options))
        }
        self._held = {
            (value, i): self._binary(f"held_{value}_{i}")
            for value, accesses in self._accesses.items()
            for i in range(len(accesses))
        }
        self._stays = {
            (value, i): self._binary(f"stays_{value}_{i}")
            for value, accesses in self._accesses.items()
            for i in range(len(accesses) - 1)
        }
        self._over = {
            (layer, value): self._binary(f"over_{layer}_{value}")
            for layer in range(len(space.layers))
            for value in space.takes_place(layer)
        }
        # Bytes are whole beats: the program counts these.
        self._unit = space.accelerator.bus_bytes
        beats = pulp.lpSum(
            option.bytes // self._unit * self._chosen[layer, number]
            for layer, options in enumerate(space.options)
            for number, option in enumerate(options)
        )
        self._problem += beats
        if most_bytes is not None:
            self._problem += beats <= most_bytes // self._unit
        self._choose()
        self._stay()
        self._write_over()
        self._copy_for_use()
        if words is not None:
            self._fit(words)

    def solve(self, *, time_limit: float, solver: str | None = None) -> Answer:
        """The choice that moves least.

        Parameters
        ----------
        time_limit : float
            Seconds.
        solver : str, optional
            PuLP's name of it.
        """
        solution = solve(self._problem, solver=solver, time_limit=time_limit)
        bound = None
        if solution.bound is not None:
            # Beats are whole; solvers are not quite.
            bound = math.ceil(solution.bound - _TOLERANCE) * self._unit
        if solution.objective is None:
            return Answer(status=solution.status, choice=None, bound_bytes=bound)
        choice = self._read({name: round(value) for name, value in solution.values.items()})
        if solution.status is Status.OPTIMAL:
            bound = choice.bytes
        return Answer(status=solution.status, choice=choice, bound_bytes=bound)

    def exclude(self, choice: Choice) -> None:
        """Allow this choice no more: there are no places for what it holds."""
        ones: list[pulp.LpVariable] = []
        zeros: list[pulp.LpVariable] = []
        for layer, option in choice.options.items():
            ones.append(self._chosen[layer, self._space.options[layer].index(option)])
        for (value, i), variable in self._held.items():
            (ones if choice.held[value][i] else zeros).append(variable)
        for (value, i), variable in self._stays.items():
            (ones if choice.stays[value][i] else zeros).append(variable)
        for (layer, value), variable in self._over.items():
            (ones if choice.in_place.get(layer) == value else zeros).append(variable)
        self._problem += pulp.lpSum(ones) - pulp.lpSum(zeros) <= len(ones) - 1

    def _binary(self, name: str) -> pulp.LpVariable:
        return self._problem.add_variable(name, cat=pulp.LpBinary)

    def _choose(self) -> None:
        """One option for each layer, that reads and leaves values as they are there."""
        for layer in range(len(self._space.layers)):
            self._problem += self._sum(layer, lambda modes: True) == 1
            for place, value in enumerate(self._space.layers[layer].sources):
                i = self._accesses[value].index(layer)
                before = self._stays[value, i - 1] if i else 0
                kept = self._sum(layer, lambda modes, at=place: modes[0][at] is Read.KEPT)
                loaded = self._sum(layer, lambda modes, at=place: modes[0][at] is Read.LOADED)
                self._problem += kept == before
                self._problem += loaded == self._held[value, i] - before
            target = self._space.layers[layer].target
            streamed = self._sum(layer, lambda modes: modes[1] is Left.STREAMED)
            stored = self._sum(layer, lambda modes: modes[1] is not Left.KEPT)
            self._problem += streamed == 1 - self._held[target, 0]
            for i in range(len(self._accesses[target]) - 1):
                self._problem += stored >= 1 - self._stays[target, i]

    def _sum(self, layer: int, wanted: Callable[..., bool]) -> pulp.LpAffineExpression:
        """Whether the option of a layer has modes that are wanted."""
        return pulp.lpSum(
            self._chosen[layer, number]
            for number, option in enumerate(self._space.options[layer])
            if wanted(option.modes)
        )

    def _stay(self) -> None:
        """What stays is held before and after."""
        for (value, i), variable in self._stays.items():
            self._problem += variable <= self._held[value, i]
            self._problem += variable <= self._held[value, i + 1]
            accesses = self._accesses[value]
            is_made = self._space.values[value].is_made
            first = 1 if is_made else 0
            if i < first or self._space.shares_rows(value, accesses[i], accesses[i + 1]):
                continue
            # Rows of other shapes can not be told by what was loaded: made here, or not at all.
            if not is_made:
                self._problem += variable == 0
            for j in range(i) if is_made else ():
                self._problem += variable <= self._stays[value, j]

    def _write_over(self) -> None:
        """A result takes the place of an operand that nothing reads any more."""
        for (layer, value), variable in self._over.items():
            accesses = self._accesses[value]
            i = accesses.index(layer)
            self._problem += variable <= self._held[value, i]
            self._problem += variable <= self._held[self._space.layers[layer].target, 0]
            if i + 1 < len(accesses):
                self._problem += variable <= 1 - self._stays[value, i]
            # Others of the stage may read rows after these are overwritten.
            if any(self._stage_of[other] == self._stage_of[layer] for other in accesses[1:i]):
                self._problem += variable == 0
        for layer in range(len(self._space.layers)):
            over = [self._over[key] for key in self._over if key[0] == layer]
            if len(over) > 1:
                self._problem += pulp.lpSum(over) <= 1

    def _copy_for_use(self) -> None:
        """A result that a single layer reads later is copied only where an operand gives it room.

        Otherwise room for tiles is as good; which of the two it is would be left to the solver.
        """
        for layer, entry in enumerate(self._space.layers):
            is_read_once = self._space.values[entry.target].is_read_once
            if isinstance(entry, ProductLayer) or not is_read_once:
                continue
            copied = self._sum(layer, lambda modes: modes[1] is Left.COPIED)
            over = [self._over[layer, value] for value in self._space.takes_place(layer)]
            self._problem += copied <= pulp.lpSum(over)

    def _fit(self, words: int) -> None:
        """What is there in a stage fits."""
        for number, stage in enumerate(self._setting.stages):
            terms = []
            for value, held in self._space.values.items():
                terms += [held.words * variable for variable in self._present(value, number)]
            for layer in stage:
                target = self._space.layers[layer].target
                terms += [
                    -self._space.values[target].words * self._over[layer, value]
                    for value in self._space.takes_place(layer)
                ]
                terms += [
                    self._setting.turns * option.words * self._chosen[layer, which]
                    for which, option in enumerate(self._space.options[layer])
                    if option.words
                ]
            self._problem += pulp.lpSum(terms) <= words

    def _present(self, value: int, stage: int) -> list[pulp.LpVariable]:
        """Whether a value is there in a stage, as a sum of variables."""
        accesses = self._accesses[value]
        inside = [i for i, layer in enumerate(accesses) if self._stage_of[layer] == stage]
        if len(inside) == 1:
            return [self._held[value, inside[0]]]
        if inside:
            present = self._binary(f"present_{value}_{stage}")
            for i in inside:
                self._problem += present >= self._held[value, i]
            return [present]
        for i, (one, other) in enumerate(pairwise(accesses)):
            if self._stage_of[one] < stage < self._stage_of[other]:
                return [self._stays[value, i]]
        return []

    def _read(self, values: Mapping[str, int]) -> Choice:
        def told(variables: Mapping[tuple[int, int], pulp.LpVariable]) -> dict[int, list[bool]]:
            found: dict[int, list[bool]] = {value: [] for value in self._accesses}
            for (value, _), variable in variables.items():
                found[value].append(bool(values[variable.name]))
            return found

        return Choice(
            setting=self._setting,
            options={
                layer: self._space.options[layer][number]
                for (layer, number), variable in self._chosen.items()
                if values[variable.name]
            },
            accesses=self._accesses,
            held=told(self._held),
            stays=told(self._stays),
            in_place={
                layer: value
                for (layer, value), variable in self._over.items()
                if values[variable.name]
            },
        )

"""A network as the integer program sees it: values, who reads them in which form, and options."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from golden.accelerator.description import Accelerator
from golden.errors import UserError
from mapper.accelerator.formats import Format, formats, loading
from mapper.accelerator.layers import AddLayer, Layer, Network, ProductLayer, TableLayer
from mapper.accelerator.operations import needed_rows
from mapper.accelerator.optimal.options import Forms, Left, Modes, Option, Read, layer_options
from mapper.accelerator.tiles import Outer, most_filters

__all__ = ["Held", "Space", "space_of"]


@dataclass(frozen=True, kw_only=True)
class Held:
    """A value as a whole in activation memory.

    Parameters
    ----------
    words : int
    is_made : bool
        Whether a layer makes it; inputs of the network lie in DRAM.
    is_output : bool
    readers : tuple of int
        Layers, in the order of the network.
    """

    words: int
    is_made: bool
    is_output: bool
    readers: tuple[int, ...]

    @property
    def is_read_once(self) -> bool:
        """Whether no more than one layer needs it, and not the host."""
        return not self.is_output and len(self.readers) < 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Space:
    """All that can be chosen, but for the order of layers.

    Layers and values have the numbers that they have in the network.

    Parameters
    ----------
    network : Network
    accelerator : Accelerator
    values : mapping of int to Held
    forms : mapping of (int, int) to Forms
        By layer and value.
    options : tuple of list of Option
        Of each layer.
    """

    network: Network
    accelerator: Accelerator
    values: dict[int, Held]
    forms: dict[tuple[int, int], Forms]
    options: tuple[list[Option], ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Of the network."""
        return self.network.layers

    def shares_rows(self, value: int, one: int, other: int) -> bool:
        """Whether what is loaded row by row for one layer is there for another."""
        a, b = (self.forms[layer, value].kept for layer in (one, other))
        heights = {self.layers[layer].geometry.source.height for layer in (one, other)}
        return loading(a) == loading(b) and len(heights) == 1 and self._pads(value, one, other)

    def _pads(self, value: int, one: int, other: int) -> bool:
        padding = {
            layer.pad_value if isinstance(layer, ProductLayer) else 0
            for layer in (self.layers[one], self.layers[other])
        }
        return self.forms[one, value].kept.columns == 1 or len(padding) == 1

    def usual(self) -> "Space":
        """The space without options that are of use to narrow memories alone.

        Proofs need these. Elsewhere they move as few bytes as others do, and which of them a solver
        takes is chance.
        """
        return replace(self, options=tuple(self._usual(n) for n in range(len(self.layers))))

    def _usual(self, number: int) -> list[Option]:
        target = self.values[self.layers[number].target]
        found = [
            option
            for option in self.options[number]
            if option.modes[1] is not Left.COPIED or not target.is_read_once
            if option.cutting is None
            or (
                option.cutting.group <= most_filters(self.accelerator)
                and not (option.cutting.outer is Outer.FILTERS and option.cutting.together)
            )
        ]
        return found or self.options[number]

    def takes_place(self, number: int) -> Iterator[int]:
        """Values in whose place an elementwise layer could write its own."""
        layer = self.layers[number]
        if not isinstance(layer, AddLayer | TableLayer):
            return
        words = self.values[layer.target].words
        for value in layer.sources:
            held = self.values[value]
            if held.is_made and held.words == words:
                yield value


def space_of(network: Network, accelerator: Accelerator) -> Space:
    """The space of a network.

    Raises
    ------
    UserError
        If there is no way to compute some layer.
    """
    lanes = accelerator.lanes
    readers: dict[int, list[int]] = {}
    for number, layer in enumerate(network.layers):
        for value in layer.sources:
            readers.setdefault(value, []).append(number)
    made = {layer.target for layer in network.layers}
    forms: dict[tuple[int, int], Forms] = {}
    values: dict[int, Held] = {}
    for value in (*readers, *(target for target in made if target not in readers)):
        reading = readers.get(value, [])
        kept = _kept_forms(network, value, reading, value in made, lanes)
        need = _rows_needed(network, reading)
        for number, form in zip(reading, kept, strict=True):
            forms[number, value] = Forms(
                kept=form, streamed=_forms(network.layers[number], lanes)[1], rows=need
            )
        words = network.values[value].image.words(lanes)
        if value not in made:
            words = max(
                form.row_words * network.layers[number].geometry.source.height
                for number, form in zip(reading, kept, strict=True)
            )
        values[value] = Held(
            words=words,
            is_made=value in made,
            is_output=network.values[value].is_output,
            readers=tuple(reading),
        )
    options = tuple(
        _options(layer, number, values, forms, accelerator)
        for number, layer in enumerate(network.layers)
    )
    return Space(
        network=network, accelerator=accelerator, values=values, forms=forms, options=options
    )


def _forms(layer: Layer, lanes: int) -> tuple[Format, Format]:
    joins = isinstance(layer, ProductLayer) and layer.joins
    return formats(layer.geometry, lanes, diagonal=not joins)


def _kept_forms(
    network: Network, value: int, readers: Sequence[int], is_made: bool, lanes: int
) -> list[Format]:
    """In which form each layer reads a value that is there as a whole.

    Inputs of which all readers want the same come in that form; all else is whole pixels.
    """
    pairs = [_forms(network.layers[number], lanes) for number in readers]
    if is_made:
        return [plain for plain, _ in pairs]
    wanted = {
        (loading(best), layer.pad_value if isinstance(layer, ProductLayer) else 0)
        for (_, best), layer in zip(
            pairs, (network.layers[number] for number in readers), strict=True
        )
    }
    return [best if len(wanted) == 1 else plain for plain, best in pairs]


def _rows_needed(network: Network, readers: Sequence[int]) -> int:
    """Rows that have to be there in all, where readers share them."""
    geometries = [network.layers[number].geometry for number in readers]
    needs = {needed_rows(entry, range(entry.target.height)).stop for entry in geometries}
    if len(needs) == 1:
        return needs.pop()
    return max((entry.source.height for entry in geometries), default=0)


def _options(
    layer: Layer,
    number: int,
    values: dict[int, Held],
    forms: dict[tuple[int, int], Forms],
    accelerator: Accelerator,
) -> list[Option]:
    found = layer_options(
        layer,
        [forms[number, value] for value in layer.sources],
        list(_modes(layer, values)),
        accelerator,
    )
    if not found:
        raise UserError(
            f"operator {layer.name!r} ({layer.kind}): the weight memory has no room for two tiles"
            " of weights; raise weight_bytes"
        )
    return [option for option in found if _is_of_use(option, values[layer.target])]


def _is_of_use(option: Option, target: Held) -> bool:
    """Whether no other option is as good wherever this one is possible.

    Where a single layer reads a product, room for all of it and a copy in DRAM are no better than
    room for tiles, unless all tiles are made before other filters.
    """
    if option.cutting is None or option.modes[1] is not Left.COPIED or not target.is_read_once:
        return True
    return option.cutting.outer is Outer.FILTERS


def _modes(layer: Layer, values: dict[int, Held]) -> Iterator[Modes]:
    """Ways to read sources and to leave the result that can be of use."""
    reads = []
    for value in layer.sources:
        held = values[value]
        ways = [Read.STREAMED, Read.LOADED]
        if held.is_made or len(held.readers) > 1:
            ways.append(Read.KEPT)
        reads.append(ways)
    target = values[layer.target]
    lefts = [Left.STREAMED, Left.COPIED]
    if not target.is_output:
        lefts.append(Left.KEPT)
    for combination in product(*reads):
        for left in lefts:
            yield combination, left

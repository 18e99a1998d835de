"""What the params of the engine of bit planes say about its parts."""

from amaranth.hdl import Shape, unsigned

from golden.engines.bitplane import Params
from golden.formats import IntFormat
from hw.lib.tile.planes import Split
from hw.lib.tile.tree import place_registers, tree_levels

__all__ = [
    "cycles_to_counts",
    "exponent_shape",
    "marks_pairs",
    "offset_shape",
    "registers",
    "splits",
]


def splits(params: Params) -> tuple[Split, Split]:
    """How activations and weights come."""
    return (
        Split(planes=params.activation.bits, at_once=params.activation_planes),
        Split(planes=params.weight.bits, at_once=params.weight_planes),
    )


def registers(params: Params) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
    """Where registers stand in the trees that count, and after which level that adds counts."""
    counting = tree_levels(params.k)
    adding = tree_levels(params.activation_planes) + tree_levels(params.weight_planes)
    places = place_registers(params.stages - 2, counting + adding)
    return places[: counting + 1], places[counting + 1 :]


def cycles_to_counts(params: Params) -> int:
    """Cycles from a beat of operands to the counts."""
    return 1 + sum(registers(params)[0])


def marks_pairs(params: Params) -> bool:
    """Whether pairs of planes that are there at once differ in how they count.

    Those with one sign plane are subtracted; of bipolar ones those beyond a width are left out.
    """
    if params.bipolar:
        return params.activation_planes * params.weight_planes > 1
    return any(
        isinstance(format, IntFormat) and format.signed
        for format in (params.activation, params.weight)
    )


def exponent_shape(params: Params) -> Shape:
    """Of the sum of the numbers of the lowest planes that are there."""
    most = sum((split.beats - 1) * split.at_once for split in splits(params))
    return Shape.cast(range(most + 1))


def offset_shape(params: Params) -> Shape:
    """Of the products of a step, each as often as its pairs of planes are worth."""
    worth = ((1 << params.activation_planes) - 1) * ((1 << params.weight_planes) - 1)
    return unsigned((params.k * worth).bit_length())

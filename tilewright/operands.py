"""How a network's operands become codes of an engine."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.contract import Layout, PortLayout, Width
from golden.errors import UserError
from golden.formats import (
    BipolarFormat,
    Codes,
    Format,
    IntFormat,
    SignsFormat,
    TernaryFormat,
    WholeFormat,
)
from golden.graph import Graph

__all__ = ["Fit", "OperandFits", "fit_operands", "graph_widths"]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What an operand's values are in the values that the engine sees.

    ``value = (factor * seen + offset) / divisor``, exactly.

    Parameters
    ----------
    format : Format
        Of what the engine sees.
    factor, offset, divisor : int
    """

    format: Format
    factor: int = 1
    offset: int = 0
    divisor: int = 1

    def seen(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """What the engine sees of ``values``."""
        return np.asarray((self.divisor * values - self.offset) // self.factor)

    def encode(self, values: NDArray[np.int64]) -> Codes:
        """Codes of ``values``."""
        return self.format.encode(self.seen(values))


@dataclass(frozen=True, kw_only=True)
class OperandFits:
    """Both operands of a product.

    Parameters
    ----------
    a, w : Fit
    widths : mapping of Width to int
        What the jobs have to say, of engines whose jobs say how wide operands are.
    """

    a: Fit
    w: Fit
    widths: Mapping[Width, int]

    def sums(
        self, raw: NDArray[np.int64], a: NDArray[np.int64], w: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """``a @ w`` of the operands' values, from that of what the engine sees.

        Parameters
        ----------
        raw : ndarray of int64, shape (M, N)
            The engine's sums.
        a : ndarray of int64, shape (M, K)
        w : ndarray of int64, shape (K, N)
            Values of the operands.
        """
        total = self.a.factor * self.w.factor * raw
        if self.w.offset:
            rows = self.a.seen(a).sum(axis=1, keepdims=True)
            total = total + self.a.factor * self.w.offset * rows
        if self.a.offset:
            # The rest of (factor * seen + offset): divisor * w summed over K, times a's offset.
            total = total + self.a.offset * self.w.divisor * w.sum(axis=0, keepdims=True)
        return np.asarray(total // (self.a.divisor * self.w.divisor))


def fit_operands(layer: str, ports: Layout, a: WholeFormat, w: WholeFormat) -> OperandFits:
    """Fit operands of formats ``a`` and ``w`` to an engine.

    Raises
    ------
    UserError
        If the engine can not take one; the message names the layer and the param to set.
    """
    allowed = {field.dim: field.allowed for field in ports.job if isinstance(field.dim, Width)}
    fits = {
        width: _fit(layer, param, given, port, allowed.get(width))
        for width, param, given, port in (
            (Width.ACTIVATION, "activation", a, ports.activations),
            (Width.WEIGHT, "weight", w, ports.weights),
        )
    }
    return OperandFits(
        a=fits[Width.ACTIVATION],
        w=fits[Width.WEIGHT],
        widths={width: fits[width].format.bits for width in fits if width in allowed},
    )


def graph_widths(graph: Graph, ports: Layout) -> dict[str, Mapping[Width, int]]:
    """What the jobs of each layer have to say, by its name.

    Layers in float, and those that do not fit the engine, are left out.
    """
    widths = {}
    for operator in graph.operators:
        operands = graph.inputs_of(operator)
        if operator.products(operands) and all(x.quantization is not None for x in operands[:2]):
            a, w = operands[0].int_format, operands[1].whole_format
            with suppress(UserError):
                widths[operator.name] = fit_operands(operator.name, ports, a, w).widths
    return widths


def _fit(
    layer: str, param: str, given: WholeFormat, port: PortLayout, bits: Sequence[int] | None
) -> Fit:
    """The narrowest fit that the port has."""
    own = port.format
    for format in [own] if bits is None else [own.with_bits(some) for some in sorted(bits)]:
        for fit in _candidates(format, given):
            return fit
    raise UserError(
        f"layer {layer} has {given.name} {param}s, which the engine's {own.name} does not hold;"
        f" set {param}={given.name}"
    )


def _candidates(own: Format, given: WholeFormat) -> Iterator[Fit]:
    """Ways to see values of ``given`` in the format ``own``, the plainest first.

    Where the widths are equal the kind of integers need not be, as values lie at equal distances.
    Sums are corrected outside, as for any zero point.
    """
    if own == given or _holds(own, given):
        yield Fit(format=own)
    elif own.bits == given.bits:
        plain = isinstance(given, (IntFormat, TernaryFormat))
        if isinstance(own, IntFormat) and isinstance(given, BipolarFormat):
            yield Fit(format=own, factor=2, offset=given.min - 2 * own.min)
        elif isinstance(own, IntFormat) and plain:
            yield Fit(format=own, offset=given.min - own.min)
        elif isinstance(own, BipolarFormat) and plain:
            yield Fit(format=own, offset=2 * given.min - own.min, divisor=2)
        elif isinstance(own, SignsFormat) and isinstance(given, TernaryFormat):
            # Two signs add up to twice a ternary number.
            yield Fit(format=own, divisor=2)


def _holds(own: Format, given: WholeFormat) -> bool:
    """Whether every value of ``given`` is one of ``own``."""
    if isinstance(own, BipolarFormat):
        return isinstance(given, BipolarFormat) and given.bits <= own.bits
    contains = getattr(own, "contains", None)
    return contains is not None and contains(given.min, given.max)

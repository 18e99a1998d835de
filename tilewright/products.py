"""A network's matrix products on an engine: formats fitted, codes in, sums out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.contract import Jobs
from golden.errors import UserError
from golden.formats import Codes, IntFormat
from golden.operators.base import MatrixProduct
from tilewright.catalog import Engine

__all__ = ["EngineProducts", "GemmCodes"]


@dataclass(frozen=True, kw_only=True, eq=False)
class GemmCodes:
    """One product as the engine gets it.

    Parameters
    ----------
    layer : str
        Operator that it belongs to.
    a, w : ndarray of unsigned, shapes (M, K) and (K, N)
        Codes of the engine's formats.
    jobs : Jobs
    """

    layer: str
    a: Codes
    w: Codes
    jobs: Jobs


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineProducts:
    """Computes integer matrix products as an engine does, and writes them down.

    Calling it is a `golden.operators.base.Product`.

    Parameters
    ----------
    engine : Engine
    params : Params of that engine
    keep : callable, optional
        Told of every product.
    """

    engine: Engine
    params: Any
    keep: Callable[[GemmCodes], None] = field(default=lambda _: None)

    def __call__(self, product: MatrixProduct) -> NDArray[np.int64]:
        """``a @ w`` by the engine's arithmetic.

        Raises
        ------
        UserError
            If the engine can not take the formats or sizes; the message names the layer.
        """
        ports = self.engine.golden.layout(self.params)
        formats = ports.activations.format, ports.weights.format
        a, a_offset = _fitted("activation", product.a, product.a_format, formats[0], product)
        w, w_offset = _fitted("weight", product.w, product.w_format, formats[1], product)
        try:
            jobs = self.engine.golden.jobs(self.params, a.shape[0], w.shape[1], a.shape[1])
            codes = self.engine.golden.matmul(self.params, a, w)
        except UserError as error:
            raise UserError(f"layer {product.operator}: {error}") from None
        self.keep(GemmCodes(layer=product.operator, a=a, w=w, jobs=jobs))
        sums = ports.results.format.decode(codes).astype(np.int64)
        if a_offset:
            sums = sums + a_offset * product.w.sum(axis=0, keepdims=True)
        if w_offset:
            centred = product.a - a_offset
            sums = sums + w_offset * centred.sum(axis=1, keepdims=True)
        return sums


def _fitted(
    param: str, values: NDArray[np.int64], given: IntFormat, own: Any, product: MatrixProduct
) -> tuple[Codes, int]:
    """Codes in the engine's format ``own``, and what has to be added to their values.

    An unsigned operand of a signed engine of equal width, or the other way round, is moved by half
    the range; the sums are corrected outside, as for any zero point.
    """
    if own.contains(given.min, given.max):
        return own.encode(values), 0
    if own.bits == given.bits:
        offset = given.min - own.min
        return own.encode(values - offset), offset
    raise UserError(
        f"layer {product.operator} has {given} {param}s, which the engine's {own} does not hold;"
        f" set {param}={given}"
    )

"""A network's matrix products on an engine: formats fitted, codes in, sums out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.contract import Jobs, PortLayout
from golden.errors import UserError
from golden.formats import Codes, Format
from golden.operators.base import MatrixProduct
from golden.quantized import QuantizedTensor
from tilewright.catalog import Engine
from tilewright.operands import fit_operands

__all__ = ["EngineProducts", "GemmCodes"]


@dataclass(frozen=True, kw_only=True, eq=False)
class GemmCodes:
    """One product as the engine gets it.

    Parameters
    ----------
    layer : str
        Operator that it belongs to.
    a, w : ndarray of unsigned, shapes (M, K) and (K, N)
        Codes of the engine's formats, as wide as the jobs say.
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
        fits = fit_operands(product.operator, ports, product.a_format, product.w_format)
        a, w = fits.a.encode(product.a), fits.w.encode(product.w)
        try:
            jobs = self.engine.golden.jobs(self.params, a.shape[0], w.shape[1], a.shape[1])
            for width, bits in fits.widths.items():
                jobs = jobs.with_bits(width, bits)
            codes = self.engine.golden.matmul(
                self.params,
                _operand(a, fits.a.format, ports.activations),
                _operand(w, fits.w.format, ports.weights),
            )
        except UserError as error:
            raise UserError(f"layer {product.operator}: {error}") from None
        self.keep(GemmCodes(layer=product.operator, a=a, w=w, jobs=jobs))
        sums = ports.results.format.decode(codes).astype(np.int64)
        return fits.sums(sums, product.a, product.w)


def _operand(codes: Codes, format: Format, port: PortLayout) -> Codes | QuantizedTensor:
    """Bare codes where they are of the port's format."""
    return codes if format == port.format else QuantizedTensor(codes=codes, format=format)

"""What the golden module of an engine offers."""

from typing import Any, Protocol

from golden.contract.jobs import Jobs
from golden.contract.layout import Layout
from golden.formats import Codes
from golden.quantized import QuantizedTensor

__all__ = ["EngineParams", "GoldenEngine"]


class EngineParams(Protocol):
    """What the params of every engine can tell."""

    @property
    def k_max(self) -> int:
        """Longest K of a GEMM."""

    @property
    def macs_per_cycle(self) -> float:
        """Multiply-accumulates that a full tile does per cycle, of operands at their widest."""


class GoldenEngine(Protocol):
    """What the golden module of an engine offers, beside its ``Params`` and ``PRESETS``."""

    def matmul(
        self,
        params: Any,
        a: Codes | QuantizedTensor,
        w: Codes | QuantizedTensor,
        c: Codes | None = None,
    ) -> Codes:
        """``a @ w + c`` in accumulator codes, shape (M, N); see the engine for its arithmetic.

        Bare codes are those of the ports' formats. Of an engine whose jobs say how wide codes are,
        these are the widest, and a quantized tensor says its own. Where the engine applies scales,
        a quantized tensor of weights brings them and says how long groups are; those of bare codes
        are 1, and their zero points 0.
        """

    def jobs(self, params: Any, m: int, n: int, k: int) -> Jobs:
        """The ordered jobs of a GEMM."""

    def layout(self, params: Any) -> Layout:
        """The ports."""

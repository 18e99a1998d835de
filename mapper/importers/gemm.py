"""A single matrix product, written ``gemm:MxKxN``."""

import re

from mapper.importers.errors import ModelError
from sim.workload import GemmLayer, Workload

__all__ = ["parse_gemm"]

_GEMM = re.compile(r"gemm:([0-9]{1,18})x([0-9]{1,18})x([0-9]{1,18})", re.IGNORECASE)


def parse_gemm(text: str) -> Workload:
    """Workload of one product of (M, K) activations by (K, N) weights.

    Parameters
    ----------
    text : str
        ``gemm:MxKxN``, in any case, each size from 1 to 18 digits.

    Returns
    -------
    Workload
        Named like ``text``, with one layer named ``gemm``.

    Raises
    ------
    ModelError
        If ``text`` is anything else.
    """
    match = _GEMM.fullmatch(text)
    sizes = [int(size) for size in match.groups()] if match else []
    if not sizes or 0 in sizes:
        raise ModelError(
            f"a GEMM is written gemm:MxKxN with three positive integers, "
            f"such as gemm:196x384x192, not {text!r}"
        )
    m, k, n = sizes
    return Workload(name=f"gemm:{m}x{k}x{n}", layers=(GemmLayer(name="gemm", m=m, k=k, n=n),))

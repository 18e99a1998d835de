"""The cycle count that SCALE-Sim reports, as a closed form.

For comparison only: this is what SCALE-Sim (versions 2 and 3, "Total Cycles" without stalls)
prints for a layer, which is not what an array built here needs. On an array of R rows and C
columns a product of (M, K) by (K, N) is cut into folds that never overlap, every partial fold
taking as long as a full one:

========  ==================  ======================  =================
dataflow  on rows, columns    folds F                 cycles per fold P
========  ==================  ======================  =================
``os``    M, N; streams K     ceil(M/R) * ceil(N/C)   K + R + C - 2
``ws``    K, N; streams M     ceil(K/R) * ceil(N/C)   M + 2 R + C - 2
``is``    K, M; streams N     ceil(K/R) * ceil(M/C)   N + 2 R + C - 2
========  ==================  ======================  =================

The report of a run is F * P - 1, because it gives the zero-based number of the last cycle. ``os``
has no term for draining the results.

Convolutions are lowered to products with SCALE-Sim's own output size, ceil((I - F + S) / S), which
is one more than the usual size where the stride S does not divide I - F. SCALE-Sim knows no padding
and no dilation: padding is added to the input size I, and F is what the dilated filter covers.
It runs a grouped convolution as one layer for each group, and so does this: the -1 counts once for
each group, and once for each of a layer's equal products.

Sources: A. Samajdar et al., "A systematic methodology for characterizing scalability of DNN
accelerators using SCALE-Sim", ISPASS 2020; SCALE-Sim v2 and v3, as released.
"""

from dataclasses import dataclass, replace

from sim.workload import ConvLayer, Layer, Product, Workload

__all__ = ["DATAFLOWS", "ScaleSimLayer", "scalesim_layer", "scalesim_workload"]

DATAFLOWS = ("os", "ws", "is")
"""Output-stationary, weight-stationary, input-stationary."""


@dataclass(frozen=True, kw_only=True)
class ScaleSimLayer:
    """What SCALE-Sim reports for a layer.

    Parameters
    ----------
    name : str
        Of the layer.
    runs : int
        Products of the layer, each run by itself.
    folds : int
        Folds of all runs together.
    cycles : int
        Reported cycles of all runs together, without stalls. Zero for a single multiplication on
        an output-stationary 1x1 array.
    macs : int
        Multiply-accumulates, with SCALE-Sim's output size.
    utilisation : float
        Multiply-accumulates per processing element and reported cycle, above 0 and at most 1:
        SCALE-Sim's "Overall Util %" divided by 100. It is cut at 1, which it would pass only on an
        output-stationary 1x1 array, by the missing cycle.
    """

    name: str
    runs: int
    folds: int
    cycles: int
    macs: int
    utilisation: float


def scalesim_layer(layer: Layer, *, rows: int, cols: int, dataflow: str) -> ScaleSimLayer:
    """SCALE-Sim's report of one layer.

    Parameters
    ----------
    layer : Layer
        A GEMM or a convolution.
    rows, cols : int
        Size of the array in processing elements, each at least 1.
    dataflow : str
        ``"os"``, ``"ws"`` or ``"is"``.

    Raises
    ------
    ValueError
        If the array size or the dataflow is not one of these.
    """
    for field, size in (("rows", rows), ("cols", cols)):
        if size < 1:
            raise ValueError(f"{field} must be at least 1, not {size}")
    if dataflow not in DATAFLOWS:
        raise ValueError(f"dataflow must be one of {', '.join(DATAFLOWS)}, not {dataflow!r}")
    runs = folds = cycles = macs = 0
    for product in _products(layer):
        folds_per_run, cycles_per_run = _run(product, rows=rows, cols=cols, dataflow=dataflow)
        runs += product.count
        folds += product.count * folds_per_run
        cycles += product.count * cycles_per_run
        macs += product.macs
    return ScaleSimLayer(
        name=layer.name,
        runs=runs,
        folds=folds,
        cycles=cycles,
        macs=macs,
        utilisation=min(1.0, macs / max(1, rows * cols * cycles)),
    )


def scalesim_workload(
    workload: Workload, *, rows: int, cols: int, dataflow: str
) -> tuple[ScaleSimLayer, ...]:
    """SCALE-Sim's report of every layer, in order; SCALE-Sim's total is the sum of the cycles.

    Parameters are those of `scalesim_layer`.
    """
    return tuple(
        scalesim_layer(layer, rows=rows, cols=cols, dataflow=dataflow) for layer in workload.layers
    )


def _products(layer: Layer) -> tuple[Product, ...]:
    """Products of a layer with SCALE-Sim's output size."""
    if not isinstance(layer, ConvLayer):
        return layer.products
    height, width = (
        _ceil_div(padded - span + stride, stride)
        for padded, span, stride in zip(layer.padded, layer.span, layer.stride, strict=True)
    )
    return tuple(replace(product, m=height * width) for product in layer.products)


def _run(product: Product, *, rows: int, cols: int, dataflow: str) -> tuple[int, int]:
    """Folds and reported cycles of one product."""
    match dataflow:
        case "os":
            on_rows, on_cols, streamed, load = product.m, product.n, product.k, 0
        case "ws":
            on_rows, on_cols, streamed, load = product.k, product.n, product.m, rows
        case _:
            on_rows, on_cols, streamed, load = product.k, product.m, product.n, rows
    folds = _ceil_div(on_rows, rows) * _ceil_div(on_cols, cols)
    return folds, folds * (load + streamed + rows + cols - 2) - 1


def _ceil_div(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)

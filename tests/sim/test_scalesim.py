"""SCALE-Sim's cycle count: against its published outputs, and against a model that plays folds."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.importers.scalesim import read_scalesim
from sim.scalesim import DATAFLOWS, scalesim_layer, scalesim_workload
from sim.workload import ConvLayer, GemmLayer, Workload

SMALL = st.integers(1, 24)
ARRAY = st.integers(1, 9)
DATAFLOW = st.sampled_from(DATAFLOWS)


def played_cycles(m: int, k: int, n: int, rows: int, cols: int, dataflow: str) -> int:
    """Zero-based number of the last cycle of a product, fold after fold on a padded array.

    In a fold, a stationary operand is shifted in first, one row of the array in each cycle. Then
    the element ``step`` of the stream reaches the processing element (r, c) skewed, ``r + c``
    cycles after it entered. A fold begins when the one before it has left the last element.
    """
    last_cycle = -1
    vertical, horizontal, stream = {"os": (m, n, k), "ws": (k, n, m), "is": (k, m, n)}[dataflow]
    for _ in product(range(0, vertical, rows), range(0, horizontal, cols)):
        stream_begins = last_cycle + 1
        if dataflow != "os":
            for _row in range(rows):
                stream_begins += 1
        last_cycle = max(
            stream_begins + step + r + c
            for step in range(stream)
            for r in range(rows)
            for c in range(cols)
        )
    return last_cycle


@st.composite
def gemms(draw: st.DrawFn) -> GemmLayer:
    """Any small product."""
    return GemmLayer(name="gemm", m=draw(SMALL), k=draw(SMALL), n=draw(SMALL))


def conv(height: int, *, taps: int, stride: int) -> ConvLayer:
    """Square convolution of 3 channels by 5 filters."""
    return ConvLayer(
        name="conv",
        height=height,
        width=height,
        channels=3,
        filter_height=taps,
        filter_width=taps,
        filters=5,
        stride=(stride, stride),
    )


@pytest.mark.parametrize(
    ("m", "n", "k", "size", "dataflow", "cycles", "percent"),
    [
        (1, 1, 1, 8, "os", 14, 0.112),
        (1, 8, 4, 8, "os", 17, 2.941),
        (16, 64, 1, 8, "os", 239, 6.695),
        (25, 16, 256, 16, "os", 571, 70.053),
        (13, 128, 64, 16, "os", 751, 55.393),
        (16, 16, 51072, 16, "os", 51101, 99.943),
        (64, 256, 2048, 128, "os", 4603, 44.493),
        (64, 32, 12288, 128, "ws", 42815, 3.588),
        (32, 64, 12288, 128, "ws", 39743, 3.865),
        (512, 1024, 1024, 128, "ws", 57215, 57.272),
        (2048, 1024, 256, 128, "ws", 38879, 84.282),
        (64, 16, 12288, 128, "is", 38207, 2.01),
        (32, 128, 12288, 128, "is", 48959, 6.275),
        (256, 1024, 2048, 128, "is", 44991, 72.832),
        (1024, 256, 2048, 128, "is", 81663, 40.126),
    ],
)
def test_published_outputs(
    m: int, n: int, k: int, size: int, dataflow: str, cycles: int, percent: float
) -> None:
    """Cycles and "Overall Util %" that SCALE-Sim v2 printed.

    From the tables of its outputs that come with LLMCompass (Zhang et al., ISCA 2024), folder
    ``systolic_array_model``.
    """
    layer = scalesim_layer(
        GemmLayer(name="gemm", m=m, k=k, n=n), rows=size, cols=size, dataflow=dataflow
    )
    assert layer.cycles == cycles
    assert 100 * layer.utilisation == pytest.approx(percent, abs=0.0006)


@pytest.mark.parametrize(("n", "cycles"), [(4, 9), (8, 21), (16, 45), (32, 93), (64, 189)])
def test_square_products_of_the_validation(n: int, cycles: int) -> None:
    """One less than the 3n - 2 cycles of the RTL that SCALE-Sim was validated with."""
    layer = scalesim_layer(GemmLayer(name="gemm", m=n, k=n, n=n), rows=n, cols=n, dataflow="os")
    assert layer.cycles == cycles == 3 * n - 2 - 1
    assert layer.folds == 1


def test_cube_on_a_small_array() -> None:
    """SCALE-Sim 3.0.0 prints 3039 cycles for this one."""
    gemm = GemmLayer(name="gemm", m=128, k=128, n=128)
    layer = scalesim_layer(gemm, rows=32, cols=32, dataflow="os")
    assert (layer.cycles, layer.folds, layer.runs, layer.macs) == (3039, 16, 1, 128**3)


@pytest.mark.parametrize(
    ("file", "layers", "totals"),
    [
        (
            "Resnet50.csv",
            54,
            {
                32: {"os": 4_434_168, "ws": 5_753_486, "is": 5_608_356},
                128: {"os": 611_561, "ws": 876_832, "is": 997_762},
            },
        ),
        (
            "gpt2.csv",
            6,
            {
                32: {"os": 20_955_386, "ws": 22_055_898, "is": 21_043_706},
                128: {"os": 1_488_874, "ws": 1_832_012, "is": 1_524_602},
            },
        ),
        (
            "vit_s.csv",
            5,
            {
                32: {"os": 352_781, "ws": 397_875, "is": 380_249},
                128: {"os": 37_819, "ws": 56_639, "is": 45_367},
            },
        ),
    ],
)
def test_totals_of_whole_tables(
    reference_data: Path, file: str, layers: int, totals: dict[int, dict[str, int]]
) -> None:
    """Totals of tables that SCALE-Sim ships; version 3.0.0 finished five of them, with these."""
    workload = read_scalesim(reference_data / "scalesim_topologies" / file)
    assert len(workload.layers) == layers
    assert totals == {
        size: {
            dataflow: sum(
                layer.cycles
                for layer in scalesim_workload(workload, rows=size, cols=size, dataflow=dataflow)
            )
            for dataflow in DATAFLOWS
        }
        for size in (32, 128)
    }


def test_seven_strided_layers(reference_data: Path) -> None:
    """Seven layers of its ResNet-50 have more output pixels in SCALE-Sim than they should."""
    workload = read_scalesim(reference_data / "scalesim_topologies" / "Resnet50.csv")
    reports = scalesim_workload(workload, rows=128, cols=128, dataflow="ws")
    more = [
        layer.name
        for layer, report in zip(workload.layers, reports, strict=True)
        if report.macs > layer.macs
    ]
    assert len(more) == 7
    assert more[0] == "Conv1"
    stem = workload.layers[0]
    assert stem.products[0].m == 109**2
    assert reports[0].macs == 110**2 * stem.products[0].k * stem.products[0].n


@given(gemms(), ARRAY, ARRAY, DATAFLOW)
def test_against_played_folds(gemm: GemmLayer, rows: int, cols: int, dataflow: str) -> None:
    """The closed form gives the cycle in which the last fold ends."""
    layer = scalesim_layer(gemm, rows=rows, cols=cols, dataflow=dataflow)
    assert layer.cycles == played_cycles(gemm.m, gemm.k, gemm.n, rows, cols, dataflow)


@given(gemms(), ARRAY, ARRAY)
def test_weight_and_input_stationary_mirror(gemm: GemmLayer, rows: int, cols: int) -> None:
    """Exchanging M and N exchanges the two."""
    mirrored = replace(gemm, m=gemm.n, n=gemm.m)
    assert scalesim_layer(gemm, rows=rows, cols=cols, dataflow="ws") == scalesim_layer(
        mirrored, rows=rows, cols=cols, dataflow="is"
    )


@given(gemms(), ARRAY, ARRAY, DATAFLOW, st.integers(1, 5))
def test_equal_products(gemm: GemmLayer, rows: int, cols: int, dataflow: str, count: int) -> None:
    """Equal products are runs of their own."""
    one = scalesim_layer(gemm, rows=rows, cols=cols, dataflow=dataflow)
    many = scalesim_layer(replace(gemm, count=count), rows=rows, cols=cols, dataflow=dataflow)
    assert many == replace(
        one,
        runs=count,
        folds=count * one.folds,
        cycles=count * one.cycles,
        macs=count * one.macs,
    )


@given(gemms(), ARRAY, ARRAY, DATAFLOW)
def test_utilisation(gemm: GemmLayer, rows: int, cols: int, dataflow: str) -> None:
    """Above 0 and at most 1, and the rest is its definition."""
    layer = scalesim_layer(gemm, rows=rows, cols=cols, dataflow=dataflow)
    assert 0 < layer.utilisation <= 1
    if (rows, cols, dataflow) == (1, 1, "os"):
        assert layer.utilisation == 1
    else:
        assert layer.utilisation == layer.macs / (rows * cols * layer.cycles)


def test_shortest_run() -> None:
    """A single multiplication on a single element takes cycle 0."""
    gemm = GemmLayer(name="gemm", m=1, k=1, n=1)
    layer = scalesim_layer(gemm, rows=1, cols=1, dataflow="os")
    assert (layer.cycles, layer.utilisation) == (0, 1.0)


@pytest.mark.parametrize(
    ("height", "taps", "stride", "output"),
    [(8, 3, 1, 6), (9, 3, 2, 4), (8, 3, 2, 4), (7, 1, 3, 3), (8, 1, 3, 4), (224, 7, 2, 110)],
)
def test_output_size(height: int, taps: int, stride: int, output: int) -> None:
    """The output is rounded up where the stride does not divide."""
    layer = conv(height, taps=taps, stride=stride)
    gemm = GemmLayer(name="conv", m=output**2, k=3 * taps**2, n=5)
    for dataflow in DATAFLOWS:
        assert scalesim_layer(layer, rows=4, cols=6, dataflow=dataflow) == scalesim_layer(
            gemm, rows=4, cols=6, dataflow=dataflow
        )


@given(SMALL, st.integers(1, 4), st.integers(0, 3), DATAFLOW)
def test_padding_is_part_of_the_input(height: int, stride: int, pad: int, dataflow: str) -> None:
    """Padding and a larger input are the same."""
    layer = conv(height + 2, taps=3, stride=stride)
    padded = replace(layer, pads=(pad, 0, 1, pad))
    larger = replace(layer, height=layer.height + pad + 1, width=layer.width + pad)
    assert scalesim_layer(padded, rows=4, cols=4, dataflow=dataflow) == scalesim_layer(
        larger, rows=4, cols=4, dataflow=dataflow
    )


def test_dilation_spreads_the_filter() -> None:
    """A dilated filter covers more pixels with the same taps: 10 - 5 + 1 = 6 output pixels."""
    layer = replace(conv(10, taps=3, stride=1), dilation=(2, 2))
    gemm = GemmLayer(name="conv", m=36, k=27, n=5)
    assert scalesim_layer(layer, rows=4, cols=4, dataflow="os") == scalesim_layer(
        gemm, rows=4, cols=4, dataflow="os"
    )


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_groups_run_one_by_one(dataflow: str) -> None:
    """A depthwise layer counts like as many layers of one channel."""
    single = ConvLayer(
        name="conv",
        height=9,
        width=9,
        channels=1,
        filter_height=3,
        filter_width=3,
        filters=2,
        stride=(2, 2),
    )
    depthwise = replace(single, channels=16, filters=32, groups=16)
    one = scalesim_layer(single, rows=4, cols=4, dataflow=dataflow)
    all_ = scalesim_layer(depthwise, rows=4, cols=4, dataflow=dataflow)
    assert (all_.runs, all_.folds, all_.cycles) == (16, 16 * one.folds, 16 * one.cycles)


def test_workload_in_order() -> None:
    """One report for each layer, in order and by name."""
    first = GemmLayer(name="first", m=5, k=6, n=7)
    second = conv(8, taps=3, stride=1)
    reports = scalesim_workload(
        Workload(name="net", layers=(first, second)), rows=4, cols=8, dataflow="is"
    )
    assert reports == (
        scalesim_layer(first, rows=4, cols=8, dataflow="is"),
        scalesim_layer(second, rows=4, cols=8, dataflow="is"),
    )
    assert [report.name for report in reports] == ["first", "conv"]


@pytest.mark.parametrize(
    ("rows", "cols", "dataflow", "message"),
    [
        (0, 4, "os", "rows must be at least 1, not 0"),
        (4, -1, "os", "cols must be at least 1, not -1"),
        (4, 4, "rs", "dataflow must be one of os, ws, is, not 'rs'"),
        (4, 4, "OS", "dataflow must be one of os, ws, is, not 'OS'"),
    ],
)
def test_refused(rows: int, cols: int, dataflow: str, message: str) -> None:
    """Arrays without elements, and unknown dataflows."""
    gemm = GemmLayer(name="gemm", m=1, k=1, n=1)
    with pytest.raises(ValueError, match=f"^{message}$"):
        scalesim_layer(gemm, rows=rows, cols=cols, dataflow=dataflow)

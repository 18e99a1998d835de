"""A bare engine: cycles, utilisation and traffic of layers, counted by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.contract import Width
from golden.engines import add
from golden.engines import systolic as golden
from golden.errors import UserError
from golden.formats import IntFormat
from sim.bare import EngineLayer, layer_jobs, time_layers, total_utilisation
from sim.engines import add as timed_add
from sim.engines import systolic as timed
from sim.workload import ConvLayer, GemmLayer, Layer, Workload

SIZE = st.integers(1, 9)


def array(dataflow: str, **params: Any) -> golden.Params:
    """A 2x3 array for sums of up to 64 products."""
    return golden.Params(
        **{"rows": 2, "cols": 3, "k_max": 64, **params}, dataflow=golden.Dataflow(dataflow)
    )


def time_one(params: golden.Params, layer: Layer) -> EngineLayer:
    (result,) = time_layers(golden, timed, params, [layer])
    return result


@pytest.mark.parametrize(
    ("dataflow", "jobs", "cycles", "activations", "weights", "results"),
    [
        # Tiles of M: 2 2 1 and of N: 3 1, each with all of K. Operands hold the array for 4 cycles
        # a job, as no job has as many results before it; then 1 row of results, and 2 + 3 to drain.
        ("os", 6, 6 * 4 + 1 + 5, 2 * 5 * 4, 3 * 4 * 4, 5 * 4),
        # Tiles of K: 2 2 and of N: 3 1, each with all of M. One cycle for the job, 2 to bring the
        # first weights, 5 for each job's activations, and 2 + 3 to drain.
        ("ws", 4, 1 + 2 + 4 * 5 + 5, 2 * 5 * 4, 4 * 4, 2 * 5 * 4),
        # Tiles of K: 2 2 and of M: 3 2, each with all of N.
        ("is", 4, 1 + 2 + 4 * 4 + 5, 5 * 4, 2 * 4 * 4, 2 * 5 * 4),
    ],
)
def test_a_gemm_counted_by_hand(
    dataflow: str, jobs: int, cycles: int, activations: int, weights: int, results: int
) -> None:
    params = array(dataflow, accumulator=IntFormat(32))
    layer = time_one(params, GemmLayer(name="one", m=5, k=4, n=4))
    assert layer == EngineLayer(
        name="one",
        cycles=cycles,
        macs=80,
        utilisation=80 / (cycles * 6),
        jobs=jobs,
        activation_bytes=activations,
        weight_bytes=weights,
        result_bytes=4 * results,
    )
    assert layer.dram_bytes == activations + weights + 4 * results
    assert layer.bound_by == "compute"


def test_traffic_is_rounded_up_to_bytes_once_a_layer() -> None:
    # Two jobs of 3 codes by 3 bits and 1 code by 5 bits.
    params = array("ws", activation=IntFormat(3), weight=IntFormat(5), accumulator=IntFormat(15))
    layer = time_one(params, GemmLayer(name="one", m=3, k=1, n=1, count=2))
    assert (layer.activation_bytes, layer.weight_bytes, layer.result_bytes) == (
        -(-2 * 3 * 3 // 8),
        -(-2 * 5 // 8),
        -(-2 * 3 * 15 // 8),
    )


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_products_of_a_layer_run_back_to_back(dataflow: str) -> None:
    params = array(dataflow)
    depthwise = ConvLayer(
        name="depthwise",
        height=4,
        width=4,
        channels=6,
        filter_height=3,
        filter_width=3,
        filters=6,
        stride=(1, 1),
        groups=6,
    )
    one = golden.jobs(params, 4, 1, 9)
    jobs = layer_jobs(golden, params, depthwise)
    assert len(jobs) == 6 * len(one)
    assert list(jobs) == list(one) * 6
    layer = time_one(params, depthwise)
    assert layer.cycles == timed.timing_sequence(params, one.repeated(6))
    assert layer.cycles < 6 * timed.timing(params, 4, 1, 9)
    assert layer.macs == depthwise.macs == 6 * 4 * 9


@given(
    shapes=st.lists(st.tuples(SIZE, SIZE, SIZE, st.integers(1, 3)), min_size=1, max_size=3),
    dataflow=st.sampled_from(["os", "ws", "is"]),
)
def test_layers_follow_each_other(shapes: list[tuple[int, int, int, int]], dataflow: str) -> None:
    params = array(dataflow)
    work = Workload(
        name="net",
        layers=tuple(
            GemmLayer(name=f"layer {number}", m=m, k=k, n=n, count=count)
            for number, (m, k, n, count) in enumerate(shapes)
        ),
    )
    layers = time_layers(golden, timed, params, work.layers)
    assert layers == tuple(time_one(params, layer) for layer in work.layers)
    for layer, (m, k, n, count) in zip(layers, shapes, strict=True):
        assert layer.macs == m * k * n * count
        assert layer.utilisation == layer.macs / (6 * layer.cycles)
        assert 0 < layer.utilisation <= 1


def test_a_layer_that_does_not_fit_is_named() -> None:
    layers = [GemmLayer(name="fits", m=1, k=64, n=1), GemmLayer(name="long", m=1, k=65, n=1)]
    with pytest.raises(UserError, match=r"^layer long: K=65 exceeds k_max=64"):
        time_layers(golden, timed, array("ws"), layers)


@pytest.mark.parametrize(("bits", "planes"), [(8, 8), (3, 3), (1, 1)])
def test_jobs_say_how_wide_weights_are(bits: int, planes: int) -> None:
    """An engine that takes a plane of weights a cycle: 2x2 results, 4 products at once."""
    params = add.Params(m=2, n=2, k=4, k_max=64)
    layer = GemmLayer(name="one", m=2, k=64, n=2)
    widths = {"one": {Width.WEIGHT: bits}, "another": {Width.WEIGHT: 2}}
    (result,) = time_layers(add, timed_add, params, [layer], widths)
    jobs = layer_jobs(add, params, layer, widths["one"])
    assert jobs.weight_bits.tolist() == [bits]
    assert result.cycles == timed_add.timing_sequence(params, jobs)
    assert result.weight_bytes == 64 * 2 * bits // 8
    assert result.activation_bytes == 2 * 64
    # 16 steps of as many cycles as planes; full tiles of that width would do as much in each.
    assert result.utilisation == pytest.approx(16 * planes / result.cycles)
    assert total_utilisation([result]) == pytest.approx(result.utilisation)
    (widest,) = time_layers(add, timed_add, params, [layer])
    assert widest == time_layers(add, timed_add, params, [layer], {"one": {Width.WEIGHT: 8}})[0]


def test_total_utilisation_weighs_layers_by_cycles() -> None:
    params = array("os")
    layers = [GemmLayer(name="small", m=1, k=1, n=1), GemmLayer(name="large", m=40, k=64, n=30)]
    results = time_layers(golden, timed, params, layers)
    cycles = sum(result.cycles for result in results)
    assert total_utilisation(results) == pytest.approx((1 + 40 * 64 * 30) / (6 * cycles))

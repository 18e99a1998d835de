"""What schedules say that they move."""

from mapper.scheduling.schedule import Schedule, Step, Traffic, traffic
from tests.mapper.scheduling.graphs import graph, operator


def test_traffic_counts_each_tensor_once_that_must_move_and_the_rest_as_often_as_it_does():
    net = graph(
        [
            operator("in", "", "x"),
            operator("more", "", "z"),
            operator("f", "x w", "a"),
            operator("g", "a w z", "y"),
        ],
        {"x": 100, "z": 10_000, "w": 3, "v": 70, "a": 20, "y": 1000},
        weights="w v",
        outputs="y a",
    )
    steps = (
        Step(operator="in", resident=()),
        Step(operator="more", resident=(), spilled=("x",)),
        Step(operator="f", resident=(), retrieved=("w", "x")),
        Step(operator="g", resident=(), spilled=("a",), retrieved=("a", "w")),
    )
    moved = traffic(net, Schedule(capacity_bytes=1, steps=steps))
    # The weight v is never used; w comes twice, once of which can not be helped.
    assert moved == Traffic(
        input_bytes=10_100,
        output_bytes=1020,
        weight_bytes=3,
        spilled_bytes=120,
        retrieved_bytes=123,
    )
    assert moved.compulsory_bytes == 11_123
    assert moved.non_compulsory_bytes == 243
    assert moved.total_bytes == 11_366

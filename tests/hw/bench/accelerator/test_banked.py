from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.accelerator.description import Memory, MemoryKind
from golden.accelerator.dram import BankedTiming
from hw.bench.accelerator.banked import Banks, Timing

small = st.integers(1, 9)
timings = st.builds(
    Timing,
    banked=st.just(1),
    latency_cycles=small,
    interval=st.integers(1, 4),
    banks=st.integers(1, 4),
    row_bytes=st.sampled_from([32, 64, 256]),
    activate_cycles=small,
    precharge_cycles=small,
    column_cycles=small,
    refresh_interval_cycles=st.integers(30, 200),
    refresh_cycles=st.integers(1, 29),
)
bursts = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 63), st.integers(1, 16)), min_size=1, max_size=60
)


@given(timing=timings, bursts=bursts)
def test_banks_serve_as_the_golden_model_does(timing, bursts):
    shared = {field.name for field in fields(Memory)} & {field.name for field in fields(Timing)}
    # Which has no limit in scripts unless one is given, and makes no difference here.
    shared.remove("outstanding")
    memory = Memory(kind=MemoryKind.BANKED, **{name: getattr(timing, name) for name in shared})
    golden, own = BankedTiming(memory, timing.interval), Banks(timing)
    arrival = 0
    for later, block, beats in bursts:
        arrival += later
        expected = golden.serve(arrival, 16 * block, beats)
        assert own.serve(arrival, 16 * block, beats) == expected


def test_a_timing_has_as_many_numbers_as_a_script_gives():
    assert Timing.of(map(str, range(1, 12))) == Timing(
        banked=1,
        latency_cycles=2,
        interval=3,
        outstanding=4,
        banks=5,
        row_bytes=6,
        activate_cycles=7,
        precharge_cycles=8,
        column_cycles=9,
        refresh_interval_cycles=10,
        refresh_cycles=11,
    )
    with pytest.raises(ValueError, match="shorter"):
        Timing.of(["1"])

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator.description import Accelerator, Memory, MemoryKind
from golden.accelerator.instructions import Load
from golden.engines.systolic import Params
from sim.accelerator.load import load_beats, load_bursts, load_cycles, load_process


def make(**memory: object) -> Accelerator:
    return Accelerator(
        name="sixteen",
        engine="systolic",
        params=Params(rows=16, cols=16),
        memory=Memory(**memory),  # type: ignore[arg-type]
    )


def test_a_long_row_takes_a_beat_a_cycle() -> None:
    load = Load(row_bytes=16000, group_bytes=16000)
    beats = load_beats(make(), load)
    assert beats == 1000
    # Four cycles to the first burst, one to its first beat, three from the last beat to its write.
    ideal = load_cycles(make(kind=MemoryKind.IDEAL), load)
    assert ideal == beats + 4 + 1 + 3
    # Eight bursts of 16 beats hide a latency of 50 cycles.
    assert load_cycles(make(latency_cycles=50), load) == ideal + 49


def test_short_rows_wait_for_room() -> None:
    load = Load(rows=800, row_step=64, row_bytes=16, group_bytes=16, local_row_step=1)
    # Eight bursts of one beat, and again as soon as the first of them is retired.
    period = 50 + 1 + 2
    last_offer = 4 + 99 * period + 7
    assert load_cycles(make(latency_cycles=50), load) == last_offer + 50 + 3 + 1


def test_bursts_cover_each_row_once_and_cross_no_boundary() -> None:
    load = Load(address=250, rows=40, row_step=777, row_bytes=700, group_bytes=700)
    accelerator = make()
    bursts = load_bursts(accelerator, load, 4096)
    assert sum(beats for _, beats in bursts) == load_beats(accelerator, load, 4096)
    assert all(first // 256 == (first + 16 * beats - 1) // 256 for first, beats in bursts)
    asked = {octet for first, beats in bursts for octet in range(first, first + 16 * beats)}
    for row in range(load.rows):
        first = 4096 + load.address + row * load.row_step
        assert asked.issuperset(range(first, first + load.row_bytes))


def burst_by_burst(accelerator: Accelerator, load: Load) -> int:
    """Cycles of a load, every burst of which is looked at."""
    memory = accelerator.memory
    process = load_process(accelerator, load, interval=accelerator.interval)
    ends: list[int] = []
    burst = next(process)
    while True:
        accepted = burst.cycle
        if len(ends) >= memory.outstanding:
            accepted = max(accepted, ends[-memory.outstanding] + 1)
        first = accepted + memory.latency_cycles
        if ends:
            first = max(first, ends[-1] + accelerator.interval)
        ends.append(first + (burst.beats - 1) * accelerator.interval)
        try:
            burst = process.send((accepted, first))
        except StopIteration as end:
            return int(end.value) + 1


@settings(max_examples=60, deadline=None)
@given(
    groups=st.integers(1, 3000),
    group_bytes=st.sampled_from([1, 7, 16, 32, 48]),
    address=st.sampled_from([0, 16, 5]),
    rows=st.integers(1, 3),
    latency=st.integers(1, 200),
    bytes_per_cycle=st.sampled_from([4, 8, 16]),
    outstanding=st.integers(1, 20),
)
def test_long_loads_take_what_their_bursts_take(
    groups: int,
    group_bytes: int,
    address: int,
    rows: int,
    latency: int,
    bytes_per_cycle: int,
    outstanding: int,
) -> None:
    accelerator = make(
        latency_cycles=latency, bytes_per_cycle=bytes_per_cycle, outstanding=outstanding
    )
    octets = groups * group_bytes
    load = Load(
        address=address,
        rows=rows,
        row_step=octets + 256 - octets % 256,
        row_bytes=octets,
        groups=groups,
        group_step=group_bytes,
        group_bytes=group_bytes,
    )
    assert load_cycles(accelerator, load) == burst_by_burst(accelerator, load)


def test_banked_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="ideal or fixed memory only"):
        load_cycles(make(kind=MemoryKind.BANKED), Load())

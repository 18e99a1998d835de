import pytest

from golden.accelerator.description import Accelerator, Memory, MemoryKind
from golden.accelerator.instructions import Load
from golden.engines.systolic import Params
from sim.accelerator.load import load_beats, load_bursts, load_cycles


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


def test_banked_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="ideal or fixed memory only"):
        load_cycles(make(kind=MemoryKind.BANKED), Load())

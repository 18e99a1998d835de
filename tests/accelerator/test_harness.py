"""Programs on the Verilog, against interpreter and simulator, with the native harness."""

import pytest

from tests.accelerator import programs
from tests.accelerator.comparison import compare, contended


@pytest.mark.parametrize("memory", programs.MEMORIES)
@pytest.mark.parametrize("seed", range(8))
def test_random_programs(play, seed, memory):
    found, simulation = compare(play, seed, 12 + 6 * seed, memory)
    assert not found
    assert contended(simulation)


@pytest.mark.slow
@pytest.mark.parametrize("memory", programs.MEMORIES)
def test_two_hundred_random_programs(play, memory):
    wrong, meeting = {}, 0
    for seed in range(200):
        found, simulation = compare(play, 1000 + seed, 8 + seed % 60, memory)
        if found:
            wrong[seed] = found
        meeting += contended(simulation)
    assert not wrong
    assert meeting >= 100


@pytest.mark.parametrize("permille", [50, 500, 900])
@pytest.mark.parametrize("seed", range(3))
def test_stalls_on_every_channel_change_no_bit(play, seed, permille):
    found, _ = compare(play, seed, 40, "fixed", stalls=(seed + 1, permille))
    assert not found

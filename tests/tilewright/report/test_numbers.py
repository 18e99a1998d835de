"""Numbers as people write them."""

import pytest

from tilewright.report.numbers import (
    byte_ticks,
    bytes_text,
    energy_text,
    log_ticks,
    percent,
    short,
    ticks,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.5, "0.5"), (6938, "6,938"), (10_000, "10k"), (4_216_347, "4.22M")],
)
def test_short(number: float, text: str) -> None:
    assert short(number) == text


def test_units() -> None:
    assert [bytes_text(n) for n in (12, 1536, 3 << 20)] == ["12 bytes", "1.5 KiB", "3 MiB"]
    assert [energy_text(n) for n in (12, 1500, 2.06e6)] == ["12 pJ", "1.5 nJ", "2.06 µJ"]
    assert percent(0.125) == "12.5 %"


@pytest.mark.parametrize("high", [1, 7, 10, 99, 6938, 4_216_347])
def test_ticks_are_round_and_within(high: float) -> None:
    marks = ticks(high)
    assert marks[0] == 0
    assert 3 <= len(marks) <= 6
    assert high * 0.6 < marks[-1] <= high * 1.001
    assert ticks(0) == [0]


@pytest.mark.parametrize("high", [100, 4096, 32768, 1_605_632, 3 << 30])
def test_byte_ticks_are_multiples_of_a_power_of_two(high: float) -> None:
    marks = byte_ticks(high)
    step = int(marks[1])
    assert step & (step - 1) == 0
    assert 2 < len(marks) <= 6
    assert marks[-1] <= high


@pytest.mark.parametrize(("low", "high"), [(0.5, 200), (1, 3), (1e-3, 1e6)])
def test_log_ticks(low: float, high: float) -> None:
    marks = log_ticks(low, high)
    assert 1 < len(marks) <= 6
    assert low * 0.999 <= marks[0] < marks[-1] <= high * 1.001

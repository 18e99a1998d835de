"""NF4 against the published table."""

import numpy as np
import pytest

from golden.formats import NF4, parse_format

# bitsandbytes, functional.py: what QLoRA's authors ship.
PUBLISHED = [
    -1.0,
    -0.6961928009986877,
    -0.5250730514526367,
    -0.39491748809814453,
    -0.28444138169288635,
    -0.18477343022823334,
    -0.09105003625154495,
    0.0,
    0.07958029955625534,
    0.16093020141124725,
    0.24611230194568634,
    0.33791524171829224,
    0.44070982933044434,
    0.5626170039176941,
    0.7229568362236023,
    1.0,
]


def test_levels_are_the_published_ones() -> None:
    assert NF4.decode(np.arange(16)).tolist() == PUBLISHED


def test_every_code_there_and_back() -> None:
    codes = np.arange(16, dtype=np.uint8)
    assert np.array_equal(NF4.encode(NF4.decode(codes)), codes)
    assert NF4.encode(PUBLISHED).dtype == np.uint8
    assert NF4.decode(NF4.extremes).tolist() == [-1, 1]
    assert parse_format("NF4") == NF4.with_bits(4) == NF4
    assert set(NF4.draw(np.random.default_rng(0), (400,))) == set(range(16))


@pytest.mark.parametrize("value", [0.5, -2, 2, float("nan")])
def test_other_numbers_have_no_code(value: float) -> None:
    with pytest.raises(ValueError, match="is not a value of nf4"):
        NF4.encode([0.0, value])


def test_refusals() -> None:
    with pytest.raises(ValueError, match="16 is not a code of nf4"):
        NF4.decode([16])
    with pytest.raises(ValueError, match="nf4 has 4 bits, not 3"):
        NF4.with_bits(3)

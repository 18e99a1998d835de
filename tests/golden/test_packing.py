"""Packing of codes into words, against Python's integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.formats import Codes, code_dtype
from golden.packing import pack, unpack


@st.composite
def lanes(draw: st.DrawFn) -> tuple[Codes, int]:
    """Codes of some words, and their bits."""
    bits = draw(st.integers(1, 64))
    words, width = draw(st.integers(0, 4)), draw(st.integers(1, 9))
    code = st.integers(0, (1 << bits) - 1)
    rows = draw(
        st.lists(st.lists(code, min_size=width, max_size=width), min_size=words, max_size=words)
    )
    return np.array(rows, dtype=code_dtype(bits)).reshape(words, width), bits


@given(lanes())
def test_lane_0_is_in_the_lowest_bits(drawn: tuple[Codes, int]) -> None:
    codes, bits = drawn
    words = pack(codes, bits)
    assert words.dtype == np.uint8
    assert words.shape == (len(codes), -(-bits * codes.shape[1] // 8))
    for word, row in zip(words, codes.tolist(), strict=True):
        expected = sum(code << bits * lane for lane, code in enumerate(row))
        assert int.from_bytes(word.tobytes(), "little") == expected


@given(lanes())
def test_unpacking_undoes_packing(drawn: tuple[Codes, int]) -> None:
    codes, bits = drawn
    unpacked = unpack(pack(codes, bits), bits, codes.shape[1])
    assert unpacked.dtype == code_dtype(bits)
    assert np.array_equal(unpacked, codes)


@pytest.mark.parametrize("bits", [1, 3, 8, 12])
def test_bits_beyond_a_code_do_not_reach_its_neighbours(bits: int) -> None:
    codes = np.array([[(1 << 16) - 1, 0]], dtype=np.uint16)
    assert unpack(pack(codes, bits), bits, 2).tolist() == [[(1 << bits) - 1, 0]]

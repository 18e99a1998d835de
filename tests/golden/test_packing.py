"""Packing of codes into words, against Python's integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.formats import TERNARY, Codes, code_dtype
from golden.packing import TRITS_3_IN_5, TRITS_5_IN_8, TritPacking, pack, unpack


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


PACKINGS = pytest.mark.parametrize(
    ("packing", "unused"), [(TRITS_5_IN_8, 13), (TRITS_3_IN_5, 5), (TritPacking(1, 2), 1)]
)


def ternary_digits(word: int, lanes: int) -> list[int]:
    """Of a word by long division; zeros of a word that is none."""
    digits = []
    rest = word
    for _ in range(lanes):
        rest, digit = divmod(rest, 3)
        digits.append(digit - 1)
    return digits if rest == 0 else [0] * lanes


@PACKINGS
def test_every_word_of_ternary_numbers_is_a_number_of_base_3(
    packing: TritPacking, unused: int
) -> None:
    words = np.arange(1 << packing.bits, dtype=np.uint8)
    codes = packing.unpack(words)
    assert codes.dtype == np.uint8
    assert TERNARY.decode(codes).tolist() == [
        ternary_digits(word, packing.lanes) for word in words.tolist()
    ]
    back = packing.pack(codes)
    assert back.dtype == np.uint8
    assert back[:-unused].tolist() == words[:-unused].tolist()
    zeros = (3**packing.lanes - 1) // 2
    assert back[-unused:].tolist() == [zeros] * unused


def test_words_of_ternary_numbers_keep_the_shape_before_the_lanes() -> None:
    codes = TERNARY.encode(np.arange(-1, 29).reshape(2, 3, 5) % 3 - 1)
    words = TRITS_5_IN_8.pack(codes)
    assert words.shape == (2, 3)
    assert np.array_equal(TRITS_5_IN_8.unpack(words), codes)


def test_words_that_are_too_narrow_are_refused() -> None:
    with pytest.raises(ValueError, match="7 bits do not hold 5 ternary numbers"):
        TritPacking(5, 7)

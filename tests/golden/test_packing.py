"""Packing of codes into words, against Python's integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.formats import (
    TERNARY,
    Codes,
    FlintFormat,
    IntFormat,
    OvpFormat,
    code_dtype,
)
from golden.packing import TRITS_3_IN_5, TRITS_5_IN_8, OvpPacking, TritPacking, pack, unpack


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


PAIRS = [OvpFormat(normal) for normal in (IntFormat(4), FlintFormat(4), IntFormat(8))]


def pair_values(word: str, format: OvpFormat) -> tuple[int, int]:
    """Of a word as text: a half 10…0 says that the other one is an outlier."""
    bits = format.normal.bits
    right, left = word[:bits], word[bits:]
    mark = "1" + "0" * (bits - 1)

    def outlier(half: str) -> int:
        return format.outlier.decode([int(half, 2)]).item() if "1" in half[1:] else 0

    def normal(half: str) -> int:
        return format.normal.decode([int(half, 2)]).item()

    if left == mark:
        return 0, outlier(right)
    if right == mark:
        return outlier(left), 0
    return normal(left), normal(right)


@pytest.mark.parametrize("format", PAIRS, ids=str)
def test_every_word_of_a_pair(format: OvpFormat) -> None:
    packing = OvpPacking(format)
    words = np.arange(1 << packing.bits, dtype=code_dtype(packing.bits))
    codes = packing.unpack(words)
    assert codes.dtype == code_dtype(format.bits)
    texts = [f"{word:0{packing.bits}b}" for word in words.tolist()]
    if packing.bits > 8:
        # Every half beside some others.
        some = np.random.default_rng(0).permutation(len(texts))[:4000].tolist()
        some += [word for word in range(len(texts)) if word >> 8 in (0, 128) or word % 256 == 128]
    else:
        some = range(len(texts))
    found = format.decode(codes)
    assert [tuple(found[word]) for word in some] == [
        pair_values(texts[word], format) for word in some
    ]
    # Words that are something come back; the rest are zeros.
    back = packing.pack(codes)
    assert set(back[back != words].tolist()) == {0}


@pytest.mark.parametrize("format", PAIRS[:2], ids=str)
def test_every_pair_of_codes(format: OvpFormat) -> None:
    """At most one outlier stays: of two the larger, of equal ones the left."""
    packing = OvpPacking(format)
    size = 1 << format.normal.bits
    codes = [code for code in range(2 * size) if code % size not in (0, size // 2)] + [0]
    pairs = np.array([(left, right) for left in codes for right in codes], dtype=np.uint8)
    values = format.decode(pairs).tolist()
    expected = []
    for (left, right), (a, b) in zip(pairs.tolist(), values, strict=True):
        match (left >= size, right >= size):
            case (False, False):
                expected.append([a, b])
            case (True, False):
                expected.append([a, 0])
            case (False, True):
                expected.append([0, b])
            case _:
                expected.append([a, 0] if abs(a) >= abs(b) else [0, b])
    words = packing.pack(pairs)
    assert words.dtype == np.uint8
    assert format.decode(packing.unpack(words)).tolist() == expected


def test_of_a_pair_with_two_outliers_the_larger_stays() -> None:
    """As OliVe says; its emulation always keeps the left one."""
    packing = OvpPacking(PAIRS[0])
    pairs = packing.format.encode([[12, -96], [-96, 12], [12, -12], [96, 96]])
    assert [f"{word:08b}" for word in packing.pack(pairs).tolist()] == [
        "1111" + "1000",
        "1000" + "1111",
        "1000" + "0001",
        "1000" + "0111",
    ]
    left = packing.format.decode(packing.unpack(packing.pack(pairs))).tolist()
    assert left == [[0, -96], [-96, 0], [12, 0], [96, 0]]


def test_neighbours_are_pruned_along_an_axis() -> None:
    packing = OvpPacking(PAIRS[0])
    rows = packing.format.encode([[7, 12, 1, 2, 96], [24, 32, 0, -16, -7]])
    expected = [[0, 12, 1, 2, 96], [0, 32, 0, -16, -7]]
    assert packing.format.decode(packing.prune(rows, axis=1)).tolist() == expected
    assert packing.format.decode(packing.prune(rows.T, axis=0)).T.tolist() == expected

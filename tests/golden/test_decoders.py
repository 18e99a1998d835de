"""Decoders in front of a port of weights, against their definitions."""

from typing import Any

import numpy as np
import pytest

from golden.contract import Beat, Dim, Jobs, Lane, Operand, PortLayout, Width
from golden.decoders import (
    CodebookDecoder,
    FixedDecoder,
    TernaryDecoder,
    TwoLevelDecoder,
    column_tables,
    columns_of,
    fixed_point_levels,
)
from golden.engines import dot, systolic
from golden.errors import UserError
from golden.formats import INT8, TERNARY, UINT8, BipolarFormat, IntFormat, parse_format
from golden.packing import TRITS_5_IN_8
from golden.quantization.codebooks import learned_codebook

DOT = dot.layout(dot.Params(m=1, n=3, k=2)).weights
ROWS = systolic.layout(systolic.Params(rows=2, cols=3)).weights
MOVING = systolic.layout(systolic.Params(rows=2, cols=3, dataflow=systolic.Dataflow.IS)).weights
NF4 = parse_format("nf4")


def jobs(*sizes: tuple[int, int, int, int, int]) -> Jobs:
    """Of n, k, n0 and k0."""
    names = ("m", "n", "k", "n0", "k0")
    columns = np.array(sizes, dtype=np.int64).T
    return Jobs(**dict(zip(names, columns, strict=True)), m0=np.zeros(len(sizes), np.int64))


def fields(payload: int, *bits: int) -> list[int]:
    """Of the lowest bits on."""
    found = []
    for width in bits:
        found.append(payload & ((1 << width) - 1))
        payload >>= width
    assert payload == 0
    return found


def test_lanes_know_their_columns() -> None:
    assert columns_of(DOT)[0] == 3
    assert columns_of(DOT)[1].tolist() == [0, 1, 2, 0, 1, 2]
    assert columns_of(ROWS)[1].tolist() == [0, 1, 2]
    with pytest.raises(UserError, match=r"needs a port whose lanes run along n$"):
        columns_of(MOVING)


def test_nf4_as_fixed_point() -> None:
    """The levels that QLoRA prints, times 127."""
    printed = [
        -1.0, -0.6961928, -0.5250731, -0.3949175, -0.2844414, -0.1847734, -0.0910500, 0.0,
        0.0795803, 0.1609302, 0.2461123, 0.3379152, 0.4407098, 0.5626170, 0.7229568, 1.0,
    ]  # fmt: skip
    levels = fixed_point_levels(NF4, INT8)
    assert INT8.decode(list(levels)).tolist() == [round(127 * level) for level in printed]
    decoder = FixedDecoder(port=DOT, stored=NF4, levels=levels)
    assert decoder.layout.format == NF4
    assert decoder.layout.bits == 4 * 6
    codes = NF4.draw(np.random.default_rng(0), (5, 4))
    decoded = INT8.decode(decoder.decode(codes))
    assert np.array_equal(decoded, np.rint(127 * np.asarray(NF4.decode(codes))))


def test_a_codebook_has_a_table_for_every_column() -> None:
    rng = np.random.default_rng(1)
    decoder = CodebookDecoder(port=DOT)
    codes = decoder.layout.format.draw(rng, (7, 4))
    tables = INT8.draw(rng, (4, 16))
    decoded = decoder.decode(codes, tables)
    for k, n in np.ndindex(7, 4):
        assert decoded[k, n] == tables[n, codes[k, n]]


def test_tables_of_a_learned_codebook() -> None:
    """Half a step is the largest error, and none has a table of zeros."""
    rng = np.random.default_rng(2)
    weights = rng.normal(size=(40, 3))
    codebook = learned_codebook(weights, bits=3).codebook
    assert codebook is not None
    codebook = np.concatenate([codebook, np.zeros((1, 8))])
    tables, steps = column_tables(codebook, INT8)
    integers = np.asarray(INT8.decode(tables), dtype=np.float64)
    assert np.abs(integers).max(axis=1).tolist() == [127, 127, 127, 0]
    error = np.abs(integers * steps[:, np.newaxis] - codebook)
    assert np.all(error <= 0.5001 * steps[:, np.newaxis])


def test_sets_of_a_codebook() -> None:
    """Two entries of three columns; the second job has one column and 3 of K, in 2 beats."""
    decoder = CodebookDecoder(port=DOT, bits=1)
    tables = np.array([[1, 2], [3, 4], [5, 6], [7, 255]], dtype=np.uint8)
    sets = decoder.sets(jobs((1, 3, 4, 0, 0), (1, 1, 3, 3, 0)), tables)
    assert [fields(beat, 16, 8, 8, 8) for beat in sets] == [
        [2, 1, 3, 5],
        [2, 2, 4, 6],
        [2, 7, 0, 0],
        [2, 255, 0, 0],
    ]


def test_two_levels_wrap() -> None:
    """DGQ stores (q - z) s as int8 without a clamp: 15 · 127 = 1905 is 113 modulo 256."""
    decoder = TwoLevelDecoder(port=DOT)
    codes = np.array([[15, 0], [3, 9], [1, 1]], dtype=np.uint8)
    zero_points = np.array([[0, 8], [1, 0]], dtype=np.uint8)
    scales = INT8.encode([[127, -16], [5, -128]])
    decoded = decoder.decode(codes, zero_points, scales, group_size=2)
    assert INT8.decode(decoded).tolist() == [[113, -128], [125, -16], [0, -128]]
    wide = TwoLevelDecoder(port=dot.layout(dot.Params(weight=IntFormat(16))).weights)
    exact = wide.decode(codes, zero_points, scales, group_size=2)
    assert IntFormat(16).decode(exact).tolist() == [[1905, 128], [381, -16], [0, -128]]


def test_every_product_of_two_levels() -> None:
    decoder = TwoLevelDecoder(port=DOT)
    q, z, s = np.meshgrid(np.arange(16), np.arange(16), np.arange(256), indexing="ij")
    decoded = decoder.decode(
        q.reshape(1, -1).astype(np.uint8),
        z.reshape(1, -1).astype(np.uint8),
        s.reshape(1, -1).astype(np.uint8),
        group_size=1,
    )
    signed = np.where(s < 128, s, s - 256)
    assert np.array_equal(decoded, ((q - z) * signed).reshape(1, -1) % 256)


def test_sets_of_two_levels_follow_the_beats() -> None:
    """Rows of a resting tile come last first, so its last group does; beats are told for each."""
    decoder = TwoLevelDecoder(port=ROWS, bits=2, scale_bits=3)
    zero_points = np.array([[0, 1, 2], [3, 2, 1], [1, 1, 1]], dtype=np.uint8)
    scales = np.array([[1, 2, 3], [4, 5, 6], [7, 0, 1]], dtype=np.uint8)
    sets = decoder.sets(jobs((1, 3, 5, 0, 0), (1, 2, 3, 1, 5)), zero_points, scales, group_size=3)
    assert [fields(beat, 16, 2, 2, 2, 3, 3, 3) for beat in sets] == [
        [2, 3, 2, 1, 4, 5, 6],
        [3, 0, 1, 2, 1, 2, 3],
        [2, 1, 1, 0, 0, 1, 0],
        [1, 2, 1, 0, 5, 6, 0],
    ]


def test_a_beat_with_elements_of_two_groups_is_refused() -> None:
    decoder = TwoLevelDecoder(port=DOT)
    codes = np.zeros((2, 3), dtype=np.uint8)
    with pytest.raises(UserError, match=r"^group_size must be a multiple .* not 3$"):
        decoder.sets(jobs((1, 3, 6, 0, 0)), codes, codes, group_size=3)


def test_ternary_words_are_integers() -> None:
    decoder = TernaryDecoder(port=DOT, packing=TRITS_5_IN_8)
    assert (decoder.layout.format, decoder.layout.bits) == (TERNARY, 16)
    codes = TERNARY.encode([[-1, 0, 1]])
    assert INT8.decode(decoder.decode(codes)).tolist() == [[-1, 0, 1]]


def test_what_does_not_fit_is_refused() -> None:
    bits = PortLayout(
        operand=Operand.W,
        format=INT8,
        digit_bits=1,
        lanes=(Lane(Dim.N, 2),),
        beats=(Beat(Dim.K), Beat(Width.WEIGHT)),
    )
    unsigned = dot.layout(dot.Params(weight=UINT8)).weights
    bipolar = PortLayout(
        operand=Operand.W, format=BipolarFormat(8), lanes=(Lane(Dim.N, 2),), beats=(Beat(Dim.K),)
    )
    wrong: list[tuple[type, dict[str, Any], str]] = [
        (CodebookDecoder, {"port": DOT, "bits": 9}, "bits must be an integer from 1 to 8, not 9"),
        (CodebookDecoder, {"port": MOVING}, "lanes run along n"),
        (CodebookDecoder, {"port": bits}, "a whole code in each lane"),
        (TwoLevelDecoder, {"port": DOT, "scale_bits": 1}, "scale_bits must be .* 2 to 16, not 1"),
        (TwoLevelDecoder, {"port": bipolar}, "the engine must take some, not bipolar8"),
        (TernaryDecoder, {"port": unsigned, "packing": TRITS_5_IN_8}, "-1, 0 and 1, not uint8"),
        (FixedDecoder, {"port": DOT, "stored": NF4, "levels": (0,) * 15}, "not 15"),
        (FixedDecoder, {"port": DOT, "stored": NF4, "levels": (256,) * 16}, "codes of int8"),
    ]
    for cls, given, message in wrong:
        with pytest.raises(UserError, match=message):
            cls(**given)

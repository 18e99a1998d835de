"""Tables against sums written out, one index at a time."""

from itertools import product

import numpy as np
import pytest

from golden.arith.tables import (
    IndexPacking,
    Table,
    TableKind,
    TablePort,
    index_bits,
    read_tables,
)
from golden.formats import INT8, UINT8, IntFormat

KINDS = [
    (TableKind.FULL, False),
    (TableKind.FULL, True),
    (TableKind.HALF, True),
    (TableKind.REMAPPED, True),
]


def written_out(values: tuple[int, ...], index: int, bipolar: bool) -> int:
    """What an index stands for: bit j takes value j once or not, or +1 or −1 times."""
    total = 0
    for place, value in enumerate(values):
        if index >> place & 1:
            total += value
        elif bipolar:
            total -= value
    return total


@pytest.mark.parametrize(("kind", "bipolar"), KINDS)
@pytest.mark.parametrize("group", [1, 2, 3, 4, 8])
def test_every_index_reads_the_sum_that_it_stands_for(
    group: int, kind: TableKind, bipolar: bool
) -> None:
    table = Table(group=group, kind=kind, bipolar=bipolar)
    assert table.size == (1 << group if kind is TableKind.FULL else 1 << group - 1)
    values = tuple(int(value) for value in np.random.default_rng(group).integers(-128, 128, group))
    entries = table.entries(np.array([values])).reshape(1, 1, -1)
    index = np.arange(1 << group)[np.newaxis]
    found = read_tables(table, entries, index)
    assert found.tolist() == [[written_out(values, i, bipolar) for i in range(1 << group)]]


@pytest.mark.parametrize("group", [1, 2, 4])
def test_half_a_table_is_odd(group: int) -> None:
    table = Table(group=group, kind=TableKind.FULL, bipolar=True)
    values = np.random.default_rng(1).integers(-128, 128, (5, group))
    entries = table.entries(values)
    assert np.array_equal(entries, -entries[:, ::-1])


@pytest.mark.parametrize(("kind", "bipolar"), KINDS)
@pytest.mark.parametrize("activation", [INT8, UINT8, IntFormat(1), IntFormat(3)])
def test_entries_have_the_narrowest_format(
    kind: TableKind, bipolar: bool, activation: IntFormat
) -> None:
    """Of all tables of two activations, in Python's integers."""
    table = Table(group=2, kind=kind, bipolar=bipolar)
    ends = (activation.min, 0, activation.max)
    sums = [
        written_out(values, index, bipolar)
        for values in product(ends, repeat=2)
        for index in range(4 if kind is TableKind.FULL else 2)
    ]
    format = table.entry_format(activation)
    assert format.contains(min(sums), max(sums))
    narrower = IntFormat(format.bits - 1, signed=format.signed) if format.bits > 1 else None
    # Half a table lacks one end of what the other half has.
    whole = [*sums, *((-total for total in sums) if kind is not TableKind.FULL else [])]
    assert narrower is None or not narrower.contains(min(whole), max(whole))


def test_bit_j_of_an_index_is_that_of_weight_j() -> None:
    bits = np.array([[1, 0], [0, 0], [1, 1], [1, 0]])
    assert index_bits(bits, 4).tolist() == [[0b1101, 0b0100]]
    assert index_bits(bits, 2).tolist() == [[0b01, 0b00], [0b11, 0b01]]


@pytest.mark.parametrize("group", [1, 2, 3, 4, 8])
def test_remapped_indices_are_inverted_where_the_last_bit_is_one(group: int) -> None:
    packing = IndexPacking(group)
    index = np.arange(1 << group)
    bits = (index[:, np.newaxis] >> np.arange(group) & 1).astype(np.uint8)
    words = packing.pack(bits)
    for number, word in enumerate(words.tolist()):
        last = number >> group - 1
        low = [bit ^ last for bit in bits[number, :-1].tolist()]
        assert [word >> place & 1 for place in range(group)] == [*low, last]
    assert np.array_equal(packing.unpack(words), bits)
    assert (packing.lanes, packing.bits) == (group, group)


def test_tables_travel_row_by_row_with_a_scale_for_each_row_of_a_job() -> None:
    """Two beats of one row, two tables of two activations each; then the same as jobs of a beat."""
    table = Table(group=2, kind=TableKind.HALF, bipolar=True)
    port = TablePort(table=table, activation=INT8, entry=INT8, rows=1, quantized=True)
    lanes = INT8.encode([[10, 3, 0, 0], [1, -1, 100, 27]])
    together = INT8.decode(port.words(lanes, np.array([0, 0])))
    assert together.tolist() == [[-13, 7, 0, 0], [0, 2, -127, 73]]
    apart = INT8.decode(port.words(lanes, np.array([0, 1])))
    assert apart.tolist() == [[-127, 68, 0, 0], [0, 2, -127, 73]]


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("beats", [1, 2])
def test_words_of_tables_lie_side_by_side(rows: int, beats: int) -> None:
    table = Table(group=1, kind=TableKind.HALF, bipolar=True)
    port = TablePort(
        table=table, activation=INT8, entry=table.entry_format(INT8), rows=rows, quantized=False
    )
    lanes = INT8.encode(np.arange(beats * rows).reshape(beats, rows))
    words = port.words(lanes, np.zeros(beats, np.int64))
    assert words.flags.c_contiguous
    assert (-np.asarray(port.entry.decode(words))).ravel().tolist() == list(range(beats * rows))

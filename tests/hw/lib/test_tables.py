"""Tables in hardware: every activation and every index, against sums written out."""

from itertools import product
from typing import Any

import pytest
from amaranth.hdl import Module, Shape, signed, unsigned
from amaranth.sim import Simulator

from hw.lib.tables import Lookup, TableMaker


def written_out(values: tuple[int, ...], index: int, signs: bool) -> int:
    taken = [1 if index >> place & 1 else -signs for place in range(len(values))]
    return sum(factor * value for factor, value in zip(taken, values, strict=True))


def check(group: int, number: Shape, *, half: bool, inverts: bool, signs: bool) -> None:
    """All tables of numbers of a shape, all indices of each at once."""
    low = -(1 << number.width - 1) if number.signed else 0
    numbers = range(low, low + (1 << number.width))
    entry = signed(number.width + 1 + group)
    size = 1 << group - half
    precompute = TableMaker(number, group, entry, size, signs)
    m = Module()
    m.submodules.precompute = precompute
    lookups = []
    for index in range(1 << group):
        lookup = Lookup(entry, size, group, inverts)
        m.submodules[f"lookup_{index}"] = lookup
        last = index >> group - 1
        remapped = index ^ last * ((1 << group - 1) - 1)
        m.d.comb += [
            lookup.entries.eq(precompute.o),
            lookup.index.eq(remapped if half and not inverts else index),
        ]
        lookups.append(lookup)

    async def bench(ctx: Any) -> None:
        for values in product(numbers, repeat=group):
            for place, value in enumerate(values):
                ctx.set(precompute.i[place], value)
            found = [ctx.get(lookup.value) for lookup in lookups]
            assert found == [written_out(values, i, signs) for i in range(1 << group)], values

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("inverts", [True, False], ids=["half", "half-remapped"])
@pytest.mark.parametrize(
    "group",
    [1, 2, pytest.param(3, marks=pytest.mark.slow), pytest.param(4, marks=pytest.mark.slow)],
)
def test_lookups_with_negation_in_all_tables_of_4_bit_activations(
    group: int, inverts: bool
) -> None:
    check(group, signed(4), half=True, inverts=inverts, signs=True)


@pytest.mark.parametrize("number", [signed(2), unsigned(2)])
@pytest.mark.parametrize("signs", [True, False])
def test_full_tables(number: Shape, signs: bool) -> None:
    check(3, number, half=False, inverts=False, signs=signs)


@pytest.mark.parametrize("inverts", [True, False])
def test_half_tables_of_unsigned_numbers(inverts: bool) -> None:
    check(3, unsigned(2), half=True, inverts=inverts, signs=True)

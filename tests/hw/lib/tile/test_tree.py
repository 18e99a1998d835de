from itertools import pairwise, product
from random import Random
from typing import Any

import pytest
from amaranth.hdl import Shape, signed, unsigned
from amaranth.sim import Simulator

from hw.lib.tile.tree import Tree, place_registers, tree_levels
from tests.support.pysim import CLOCK_PERIOD

CYCLES = 30


def test_the_first_register_stands_before_the_tree() -> None:
    assert place_registers(0, 3) == (False, False, False, False)
    assert place_registers(1, 3) == (True, False, False, False)
    assert place_registers(2, 3) == (True, False, True, False)
    assert place_registers(4, 3) == (True, True, True, True)
    assert place_registers(1, 0) == (True,)


@pytest.mark.parametrize(
    ("levels", "count"), [(levels, count) for levels in range(9) for count in range(levels + 2)]
)
def test_registers_part_the_levels_as_equally_as_can_be(levels: int, count: int) -> None:
    places = [level for level, taken in enumerate(place_registers(count, levels)) if taken]
    assert len(places) == count
    gaps = [after - before for before, after in pairwise([*places, levels + 1])]
    assert not gaps or max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize(
    ("shape", "count"),
    [(signed(4), 1), (unsigned(3), 2), (signed(1), 3), (signed(5), 4), (unsigned(2), 7)],
)
def test_a_tree_gives_the_sum_as_many_enabled_cycles_later_as_it_has_registers(
    shape: Shape, count: int
) -> None:
    levels = tree_levels(count)
    for registers in product((False, True), repeat=levels + 1):
        check_tree(shape, count, registers)


def check_tree(shape: Shape, count: int, registers: tuple[bool, ...]) -> None:
    random = Random(count)
    tree = Tree(shape, count, registers)
    low = -(1 << shape.width - 1) if shape.signed else 0
    high = low + (1 << shape.width) - 1
    latency = sum(registers)
    entered: list[int] = []

    async def bench(ctx: Any) -> None:
        for cycle in range(CYCLES):
            extreme = {0: low, 1: high}.get(cycle)
            numbers = [
                random.randint(low, high) if extreme is None else extreme for _ in range(count)
            ]
            enable = random.random() < 0.7
            ctx.set(tree.enable, enable)
            for lane, number in enumerate(numbers):
                ctx.set(tree.i[lane], number)
            if latency == 0:
                assert ctx.get(tree.o) == sum(numbers)
            elif len(entered) >= latency:
                assert ctx.get(tree.o) == entered[-latency]
            if latency:
                await ctx.tick()
            if enable:
                entered.append(sum(numbers))

    simulator = Simulator(tree)
    if latency:
        simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()
    assert len(entered) > CYCLES // 4

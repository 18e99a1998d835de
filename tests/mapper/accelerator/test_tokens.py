"""Tokens: as few as order everything, and the checker accepts them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator.checker import TOKENS, Regions, check_program
from golden.accelerator.instructions import Gemm, Load, Requantize, Store, Table, Units
from mapper.accelerator.tokens import synchronised
from tests.golden.accelerator.schedules import (
    BANKS,
    DRAM_BYTES,
    LANES,
    PROLOGUE,
    SIZES,
    Space,
    random_program,
)

REGIONS = Regions(
    lanes=LANES,
    sizes=SIZES,
    dram_bytes=(DRAM_BYTES,) * 4,
    activation_banks=BANKS[Space.ACTIVATIONS],
    accumulator_banks=BANKS[Space.ACCUMULATORS],
)
LOAD, EXECUTE, STORE, NONE = Units.LOAD, Units.EXECUTE, Units.STORE, Units.NONE


def tokens(program):
    return [(entry.wait, entry.signal) for entry in program]


@given(seed=st.integers(0, 2**32 - 1), banks=st.sampled_from([(1, 1), (6, 3), (12, 6)]))
@settings(max_examples=80, derandomize=True, deadline=None)
def test_accepted(seed, banks):
    regions = replace(REGIONS, activation_banks=banks[0], accumulator_banks=banks[1])
    plain = random_program(np.random.default_rng(seed), 40)
    program = synchronised(plain, regions)
    assert check_program(program, regions) == []
    assert [replace(entry, wait=NONE, signal=NONE) for entry in program] == plain


def pairs(program):
    """Numbers of givers and takers: tokens are taken in the order in which they are given."""
    given_by = {}
    result = []
    for number, entry in enumerate(program):
        for unit in (LOAD, EXECUTE, STORE):
            if entry.wait & unit:
                result.append((given_by[unit, flag(entry)].pop(0), number, unit))
            if entry.signal & unit:
                given_by.setdefault((flag(entry), unit), []).append(number)
    return result


def flag(entry):
    return Units[entry.UNIT.name]


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30, derandomize=True, deadline=None)
def test_none_too_many(seed):
    """Without any one of the tokens something is not ordered."""
    program = synchronised(random_program(np.random.default_rng(seed), 12), REGIONS)
    for giver, taker, unit in pairs(program):
        fewer = list(program)
        fewer[giver] = replace(fewer[giver], signal=fewer[giver].signal & ~flag(program[taker]))
        fewer[taker] = replace(fewer[taker], wait=fewer[taker].wait & ~unit)
        errors = check_program(fewer, REGIONS)
        assert any("no token orders them" in error for error in errors)


def test_what_follows_from_other_tokens_takes_none():
    # The last instruction needs the load, which the product has waited for.
    plain = [*PROLOGUE, Load(), Gemm(target=5), Requantize(source=5, target=11)]
    plain.append(Table(source=0, target=9))
    program = synchronised(plain, REGIONS)
    assert tokens(program)[-4:] == [
        (EXECUTE, EXECUTE),
        (LOAD, STORE),
        (EXECUTE, NONE),
        (NONE, NONE),
    ]


def test_never_too_many_at_a_time():
    """Loads of all that stores take later: tokens are put together."""
    count = 3 * TOKENS
    regions = Regions(
        lanes=4,
        sizes=replace(SIZES, activations=count),
        dram_bytes=(count * 8,),
        activation_banks=count,
    )
    plain = [Load(local=word) for word in range(count)]
    plain += [Store(local=word, address=4 * count + word) for word in range(count)]
    program = synchronised(plain, regions)
    assert check_program(program, regions) == []
    assert sum(entry.wait == LOAD for entry in program) == TOKENS


@pytest.mark.parametrize("length", [0, 1])
def test_nothing_to_order(length):
    assert tokens(synchronised([Load()] * length, REGIONS)) == [(NONE, NONE)] * length

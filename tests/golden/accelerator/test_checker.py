"""The checker: what it says, and that what it accepts may overlap in any way."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator import checker
from golden.accelerator.accesses import Space
from golden.accelerator.checker import TOKENS, Regions, check_program
from golden.accelerator.description import Accelerator
from golden.accelerator.instructions import (
    Add,
    Gemm,
    Load,
    Pool,
    Requantize,
    Store,
    Table,
    Units,
)
from golden.accelerator.interpreter import execute
from golden.engines.systolic import Params
from tests.golden.accelerator.schedules import (
    BANKS,
    DRAM_BYTES,
    FLAGS,
    LANES,
    PROLOGUE,
    SIZES,
    first_race,
    random_order,
    random_program,
    random_tokens,
    with_tokens,
)
from tests.golden.accelerator.small import copied, differing, filled

REGIONS = Regions(
    lanes=LANES,
    sizes=SIZES,
    dram_bytes=(DRAM_BYTES,) * 4,
    activation_banks=BANKS[Space.ACTIVATIONS],
    accumulator_banks=BANKS[Space.ACCUMULATORS],
)
LOAD, EXECUTE, STORE = Units.LOAD, Units.EXECUTE, Units.STORE
SEEDS = st.integers(0, 2**32 - 1)


def chained(*instructions):
    """The prologue and these, all in program order by tokens."""
    program = [*PROLOGUE, *instructions]
    return with_tokens(program, random_tokens(np.random.default_rng(0), program, 1))


def run(machine, program, order):
    result = copied(machine)
    for number in order:
        execute(result, program[number])
    return result


LEGAL = [
    [],
    [Gemm(last_lanes=4)],
    [Gemm(last_lanes=4, accumulate=1), Requantize(), Store()],
    [Add(), Pool(target=1), Table(), Store(base=3, address=DRAM_BYTES - 1)],
    [Add(second=2, words=2), Add(first=1, second=3, words=2, target=3), Table(words=9, target=0)],
    [Pool(origin_y=1), Pool(taps_x=3, pixel_words=2, width=3, target=1)],
    [Load(groups=2, group_step=1, group_bytes=4), Load(groups=2, group_step=8, group_bytes=8)],
    [Load(local=11), Gemm(source=11, weights=11, target=5), Requantize(source=5, target=11)],
    [Load(memory=1, local=11), Load(memory=2, local=75), Table(parameters=12)],
    [Gemm(origin_y=-4096, source=11, row_words=65535)],
    [Store(), Load(), Store(), Load()],
]


@pytest.mark.parametrize("instructions", LEGAL)
def test_legal(instructions):
    assert check_program(chained(*instructions), REGIONS) == []


def test_nothing_is_legal():
    assert check_program([], REGIONS) == []


@given(seed=SEEDS)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_accepted_exactly_if_all_that_conflicts_is_ordered(seed):
    rng = np.random.default_rng(seed)
    plain = random_program(rng, 12)
    tokens = random_tokens(rng, plain, rng.choice([0.3, 0.7, 0.9, 1.0]))
    errors = check_program(with_tokens(plain, tokens), REGIONS)
    race = first_race(plain, tokens)
    if race is None:
        assert errors == []
    else:
        assert errors[0].startswith(f"instruction {race} ({type(plain[race]).__name__}): ")
        assert errors[0].endswith(": no token orders them")


def sparse_program(rng):
    """A legal program with no more tokens than it needs, and its tokens."""
    plain = random_program(rng, 12)
    tokens = random_tokens(rng, plain, 1)
    for token in rng.permutation(tokens).tolist():
        fewer = [other for other in tokens if other != tuple(token)]
        if not check_program(with_tokens(plain, fewer), REGIONS):
            tokens = fewer
    return plain, tokens


@given(seed=SEEDS)
@settings(max_examples=40, derandomize=True, deadline=None)
def test_however_units_overlap_accepted_programs_leave_the_same(seed):
    rng = np.random.default_rng(seed)
    plain, tokens = sparse_program(rng)
    program = with_tokens(plain, tokens)
    machine = filled(rng, LANES, SIZES, DRAM_BYTES)
    expected = run(machine, program, range(len(program)))
    for _ in range(4):
        order = random_order(rng, program)
        assert differing(run(machine, program, order), expected) == []


def test_accepted_programs_leave_a_choice():
    rng = np.random.default_rng(0)
    orders = 0
    for _ in range(10):
        program = with_tokens(*sparse_program(rng))
        orders += len({tuple(random_order(rng, program)) for _ in range(10)})
    assert orders > 40


def test_rejected_programs_may_leave_something_else():
    rng = np.random.default_rng(0)
    rejected = harmful = 0
    for _ in range(12):
        plain, tokens = sparse_program(rng)
        machine = filled(rng, LANES, SIZES, DRAM_BYTES)
        expected = run(machine, plain, range(len(plain)))
        for token in tokens:
            program = with_tokens(plain, [other for other in tokens if other != token])
            assert any("no token orders" in error for error in check_program(program, REGIONS))
            rejected += 1
            orders = (random_order(rng, program) for _ in range(4))
            harmful += any(differing(run(machine, program, order), expected) for order in orders)
    # Not all: a race may be about values that are equal, or that nothing reads any more.
    assert harmful > rejected / 2


@given(seed=SEEDS)
@settings(max_examples=30, derandomize=True, deadline=None)
def test_accepted_programs_never_hang(seed):
    """Nor if units run ahead and then wait for room for their tokens."""
    rng = np.random.default_rng(seed)
    plain = random_program(rng, 20)
    program = with_tokens(plain, random_tokens(rng, plain, rng.choice([0.5, 1.0])))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checker, "TOKENS", 1)
        errors = check_program(program, REGIONS)
    assert all(error.endswith("no token orders them") for error in errors)
    for _ in range(4):
        assert sorted(random_order(rng, program, capacity=1)) == list(range(len(program)))


def complaint(instructions, regions=REGIONS):
    """The one sentence about a program."""
    (error,) = check_program(instructions, regions)
    assert error[-1] not in " ."
    return error


@pytest.mark.parametrize(
    ("instruction", "message"),
    [
        (Load(local=12), "reaches activations 12 to 12, of which"),
        (Load(local=10, groups=3), "reaches activations 10 to 12, of which"),
        (Load(memory=1, local=12), "reaches weights 12 to 12, of which"),
        (Load(memory=2, local=76), "reaches parameters 76 to 76, of which"),
        (Load(address=400), "reaches dram 400 to 400, of which"),
        (Load(base=3, address=398, row_bytes=3, group_bytes=9), "reaches dram 398 to 400"),
        (Load(rows=2, row_step=2**32 - 1), "reaches dram 0 to 4294967295"),
        (Gemm(source=12), "reaches activations 12 to 12"),
        (Gemm(weights=9, last_lanes=4), "reaches weights 9 to 12"),
        (Gemm(target=6), "reaches accumulators 6 to 6"),
        (Gemm(target=5, accumulate=1, out_width=2), "reaches accumulators 5 to 6"),
        (Requantize(source=6), "reaches accumulators 6 to 6"),
        (Requantize(parameters=68), "reaches parameters 68 to 76"),
        (Requantize(target=12), "reaches activations 12 to 12"),
        (Add(first=12), "reaches activations 12 to 12"),
        (Add(second=11, words=2), "reaches activations 11 to 12"),
        (Add(target=12), "reaches activations 12 to 12"),
        (Pool(source=12), "reaches activations 12 to 12"),
        (Pool(target=11, blocks=2), "reaches activations 11 to 12"),
        (Table(parameters=13), "reaches parameters 13 to 76"),
        (Store(local=12), "reaches activations 12 to 12"),
        (Store(base=1, address=395, group_bytes=6), "reaches dram 395 to 400"),
    ],
    ids=str,
)
def test_out_of_range(instruction, message):
    error = check_program(chained(instruction), REGIONS)[0]
    assert error.startswith(f"instruction 4 ({type(instruction).__name__}): {message}")


HUGE = [
    Load(rows=65536, groups=65536, group_step=65535, group_bytes=65535, row_bytes=2**20),
    Load(rows=65536, row_step=1, groups=16, group_bytes=65535, group_step=65535, row_bytes=2**20),
    Store(rows=65536, row_step=1, groups=65536, group_bytes=65536),
    Gemm(out_height=1024, out_width=4096, height=4096, width=4096, taps_y=32, taps_x=32),
    Gemm(blocks_k=256, blocks_n=256, taps_y=32, taps_x=32, last_lanes=4),
    Requantize(out_height=1024, out_width=4096, blocks=256, row_words=65535, pixel_words=255),
    Add(words=2**20),
    Pool(
        out_height=1024,
        out_width=4096,
        height=4096,
        width=4096,
        taps_y=32,
        taps_x=32,
        row_words=65535,
        pixel_words=255,
        blocks=256,
    ),
    Table(words=2**20),
]


@pytest.mark.parametrize("instruction", HUGE, ids=str)
def test_out_of_range_by_far(instruction):
    assert "reaches" in check_program(chained(instruction), REGIONS)[0]


@pytest.mark.parametrize(
    ("instruction", "message"),
    [
        (Load(wait=LOAD), "a unit exchanges no tokens with itself"),
        (Gemm(signal=EXECUTE), "a unit exchanges no tokens with itself"),
        (Store(wait=STORE), "a unit exchanges no tokens with itself"),
        (Table(signal=STORE), "a unit exchanges no tokens with itself"),
        (Gemm(last_lanes=5), "last_lanes=5 exceeds the 4 lanes"),
        (Gemm(diagonal=1, blocks_k=2), "a diagonal product has blocks_k=1, not 2"),
        (Load(memory=3), "memory must be 0, 1 or 2"),
        (
            Load(groups=2, group_step=5, group_bytes=4),
            "several groups leave no gaps: group_step is at most 4",
        ),
        (
            Load(groups=2, group_step=4, group_bytes=5),
            "groups overlap only if they have at most 4 bytes",
        ),
        (
            Add(words=2, second=1, target=1),
            "the result must lie exactly where an operand does, or apart from it",
        ),
        (
            Table(words=2, target=1),
            "the result must lie exactly where an operand does, or apart from it",
        ),
        (
            Pool(width=3, pixel_words=2, taps_x=2, target=2),
            "writes what it reads: a pool's result lies apart from its source",
        ),
        (Load(base=4), "Load: base must be 0 to 3, not 4"),
        (Store(rows=0), "Store: rows must be 1 to 65536, not 0"),
        (Load(local=-1), "Load: local must be 0 to 1048575, not -1"),
        (Pool(kind=2), "Pool: kind must be 0 to 1, not 2"),
        (Table(signal=Units(8)), "Table: signal must be 0 to 7, not 8"),
    ],
    ids=str,
)
def test_fields(instruction, message):
    error = complaint([*chained(), instruction])
    assert error == f"instruction 4 ({type(instruction).__name__}): {message}"


@pytest.mark.parametrize("instruction", [Load(base=2), Store(base=2)])
def test_bases_that_have_nothing_behind(instruction):
    two = replace(REGIONS, dram_bytes=(DRAM_BYTES, DRAM_BYTES))
    assert check_program(chained(Load(base=1)), two) == []
    assert "there is no memory behind base register 2" in complaint(chained(instruction), two)


def test_empty_memory():
    none = replace(REGIONS, dram_bytes=(DRAM_BYTES, 0))
    assert "reaches dram 0 to 0, of which there are 0" in complaint(chained(Load(base=1)), none)


def test_an_addition_needs_three_lanes():
    narrow = replace(REGIONS, lanes=2)
    error = complaint([Load(memory=2, row_bytes=18, group_bytes=18), Add()], narrow)
    assert error == "instruction 1 (Add): an addition takes the parameters of 3 lanes, not of 2"


@pytest.mark.parametrize(
    ("instruction", "space"),
    [
        (Gemm(source=1), "activations"),
        (Gemm(last_lanes=2), "weights"),
        (Gemm(accumulate=1), "accumulators"),
        (Requantize(), "accumulators"),
        (Add(second=1), "activations"),
        (Add(), "parameters"),
        (Pool(source=1), "activations"),
        (Table(), "parameters"),
        (Store(local=1), "activations"),
    ],
    ids=str,
)
def test_never_written(instruction, space):
    unit = FLAGS[instruction.UNIT]
    program = [Load(memory=1), Load(signal=unit), replace(instruction, wait=LOAD)]
    name = f"instruction 2 ({type(instruction).__name__})"
    errors = check_program(program, REGIONS)
    assert f"{name}: reads {space} that nothing has written" in errors
    unwritten = f"{name}: reads activations that nothing has written" in errors
    assert unwritten == (space == "activations")


def test_part_of_what_is_read_was_never_written():
    program = [Load(local=0), Load(local=2), Load(local=1, signal=STORE)]
    pool = Pool(wait=LOAD, width=3, pixel_words=1, taps_x=3, target=3)
    assert check_program([*program, pool], REGIONS) == []
    del program[1]
    assert "reads activations that nothing has written" in complaint([*program, pool])


def test_dram_may_hold_data_before():
    assert check_program([Load(base=2)], REGIONS) == []


# Brings every unit up to date with the others.
SETTLING = (
    Table(source=10, target=10),
    Load(local=11),
    Gemm(origin_y=1, weights=11, target=5),
    Table(source=10, target=10),
    Load(local=11),
)
RACES = [
    # Read after write.
    (Load(), Gemm(), "reads activations that load may not have written yet"),
    (Load(memory=1), Gemm(), "reads weights that load may not have written yet"),
    (Load(memory=2), Add(first=1, second=1), "reads parameters that load may not have written yet"),
    (Gemm(), Requantize(), "reads accumulators that execute may not have written yet"),
    (Requantize(), Gemm(), "reads activations that store may not have written yet"),
    (Store(), Load(local=9), "reads dram that store may not have written yet"),
    # Write after read.
    (Gemm(), Load(), "writes activations that execute may not have read yet"),
    (Gemm(), Load(memory=1), "writes weights that execute may not have read yet"),
    (Store(), Load(address=300), "writes activations that store may not have read yet"),
    (
        Table(source=1, target=1),
        Load(memory=2),
        "writes parameters that store may not have read yet",
    ),
    (Requantize(), Gemm(source=9), "writes accumulators that store may not have read yet"),
    (Gemm(), Pool(source=9), "writes activations that execute may not have read yet"),
    (Load(local=9), Store(), "writes dram that load may not have read yet"),
    # Write after write.
    (Load(), Requantize(), "writes activations that load may not have written yet"),
    (Requantize(), Load(), "writes activations that store may not have written yet"),
]


@pytest.mark.parametrize(("first", "second", "message"), RACES, ids=str)
def test_races(first, second, message):
    plain = [*PROLOGUE, *SETTLING, first, second]
    tokens = random_tokens(np.random.default_rng(0), plain, 1)
    assert check_program(with_tokens(plain, tokens), REGIONS) == []
    tokens.remove((len(plain) - 2, len(plain) - 1))
    errors = check_program(with_tokens(plain, tokens), REGIONS)
    name = f"instruction {len(plain) - 1} ({type(second).__name__})"
    assert f"{name}: {message}: no token orders them" in errors


PORT_RACES = [
    (Gemm(), Table(source=1, target=1), "read port of bank 0 of activations that execute"),
    (Store(), Gemm(source=1), "read port of bank 0 of activations that store"),
    (Load(), Requantize(target=1), "write port of bank 0 of activations that load"),
    (Requantize(source=1), Gemm(source=9), "read port of bank 0 of accumulators that store"),
]


@pytest.mark.parametrize(("first", "second", "message"), PORT_RACES, ids=str)
def test_port_races(first, second, message):
    plain = [*PROLOGUE, *SETTLING, first, second]
    tokens = random_tokens(np.random.default_rng(0), plain, 1)
    tokens.remove((len(plain) - 2, len(plain) - 1))
    program = with_tokens(plain, tokens)
    assert complaint(program) == (
        f"instruction {len(plain) - 1} ({type(second).__name__}): uses the {message} may still be"
        " using: no token orders them"
    )
    fine = replace(REGIONS, activation_banks=12, accumulator_banks=6)
    assert check_program(program, fine) == []


def test_regions_of_an_accelerator():
    tiny = Accelerator(
        name="tiny",
        engine="systolic",
        params=Params(rows=8, cols=8),
        activation_bytes=1024,
        activation_banks=4,
        weight_bytes=800,
        parameter_bytes=400,
        accumulator_bytes=2048,
        accumulator_banks=2,
    )
    regions = Regions.of(tiny, (10, 20))
    assert (regions.lanes, regions.sizes, regions.dram_bytes) == (8, tiny.sizes, (10, 20))
    assert regions.bank_words == {
        Space.ACTIVATIONS: 32,
        Space.WEIGHTS: 100,
        Space.PARAMETERS: 50,
        Space.ACCUMULATORS: 32,
    }


def test_large_dram_takes_no_memory():
    large = replace(REGIONS, dram_bytes=(2**40,) * 4)
    ends = {"rows": 2, "row_step": 2**32 - 1}
    program = chained(Store(**ends, base=1), Load(**ends, base=1, row_bytes=2), Store(base=2))
    assert check_program(program, large) == []
    race = [*chained(Store(**ends, base=1)), Load(base=1, address=2**32 - 1, local=9)]
    assert "reads dram that store may not have written yet" in complaint(race, large)
    apart = [*chained(Store(**ends, base=1)), Load(base=1, address=2**32 - 2, local=9)]
    assert check_program(apart, large) == []


def test_order_is_transitive():
    load, gemm, store = Load(signal=EXECUTE), Gemm(wait=LOAD, signal=STORE), Store(wait=EXECUTE)
    weights = Load(memory=1)
    assert check_program([weights, load, gemm, store], REGIONS) == []
    # A unit's order counts, too: the token comes after both loads and before both stores.
    assert check_program([load, weights, store], REGIONS) != []
    program = [Load(), Load(local=1, signal=STORE), Store(wait=LOAD, base=1), Store(base=1)]
    assert check_program(program, REGIONS) == []
    program = [Load(signal=STORE), Load(local=1), Store(wait=LOAD, base=1), Store(base=1, local=1)]
    assert "reads activations that load may not have written yet" in complaint(program)
    # A token orders what its giver did before, not what it does after.
    program = [Load(signal=STORE), Store(wait=LOAD, base=1), Load(), Store(base=1)]
    assert "writes activations that store may not have read yet" in complaint(program)


def test_accesses_of_equal_words_in_other_bases_do_not_meet():
    program = [Load(signal=STORE), Store(wait=LOAD, base=1), Load(base=2, local=1)]
    assert check_program(program, REGIONS) == []


def test_missing_token():
    assert complaint([Load(), Load(wait=STORE)]) == (
        "instruction 1 (Load): waits for a token that store has not given before"
    )
    # One that comes later in program order does not count.
    errors = check_program(
        [Load(wait=STORE), Load(), Load(signal=STORE), Store(wait=LOAD, signal=LOAD)], REGIONS
    )
    assert errors[0] == "instruction 0 (Load): waits for a token that store has not given before"


def test_leftover_tokens():
    assert (
        complaint([Load(signal=STORE)]) == "1 of the tokens from load to store are never waited for"
    )
    program = [Load(signal=STORE)] * 3 + [Pool(wait=LOAD, origin_y=1, target=3)]
    assert complaint(program) == "2 of the tokens from load to store are never waited for"


def test_too_many_tokens():
    assert TOKENS == 31
    give, take = Load(signal=STORE), Pool(wait=LOAD, origin_y=1, target=3)
    assert check_program([give] * 31 + [take] * 31, REGIONS) == []
    error = complaint([give] * 32 + [take] * 32)
    assert error == "instruction 31 (Load): gives store more than 31 unused tokens"
    assert check_program([give] * 31 + [take, give] * 5 + [take] * 31, REGIONS) == []


def test_every_wrong_instruction_is_named():
    errors = check_program([Load(memory=3), Load(address=400), Store(local=1), Load()], REGIONS)
    assert [error.partition(":")[0] for error in errors] == [
        "instruction 0 (Load)",
        "instruction 1 (Load)",
        "instruction 2 (Store)",
    ]

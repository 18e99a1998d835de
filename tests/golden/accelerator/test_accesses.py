"""What instructions touch: against their definitions, and against the interpreter."""

import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator.accesses import Space, accesses
from golden.accelerator.instructions import Add, Gemm, Load, Pool, Requantize, Store, Table
from golden.accelerator.interpreter import execute
from tests.golden.accelerator.oracle import ORACLES
from tests.golden.accelerator.small import (
    KINDS,
    MEMORIES,
    copied,
    filled,
    random_instruction,
)

BASES = (0, 7, 130, 300)
CASES = {"seed": st.integers(0, 2**32 - 1), "lanes": st.sampled_from([3, 4, 8])}


class Recorder:
    """A memory that writes down which words are read and written."""

    def __init__(self, memory, reads, writes):
        self.memory, self.reads, self.writes = memory, reads, writes

    def copy(self):
        return Recorder(self.memory.copy(), self.reads, self.writes)

    def _words(self, key):
        first = key[0] if isinstance(key, tuple) else key
        if isinstance(first, slice):
            return range(first.start, first.stop)
        assert first >= 0
        return [int(first)]

    def __getitem__(self, key):
        self.reads.update(self._words(key))
        return self.memory[key]

    def __setitem__(self, key, value):
        self.writes.update(self._words(key))
        self.memory[key] = value


def recorded(machine, instruction):
    """Words that the definition reads and writes, for each memory."""
    log = {name: (set(), set()) for name in MEMORIES}
    twin = copied(machine)
    memories = {name: Recorder(getattr(twin, name), *log[name]) for name in MEMORIES}
    ORACLES[type(instruction)](
        types.SimpleNamespace(lanes=twin.lanes, bases=twin.bases, **memories), instruction
    )
    return log


def named(instruction, lanes, bases=BASES):
    """Words that `accesses` names, for each memory; DRAM with its base added."""
    log = {name: (set(), set()) for name in MEMORIES}
    for access in accesses(instruction, lanes):
        offset = bases[access.base] if access.space is Space.DRAM else 0
        words = [int(word) + offset for word in access.index]
        assert words == sorted(set(words))
        runs = [range(*run) for run in np.transpose(access.runs).tolist()]
        assert all(runs)
        assert {word + offset for run in runs for word in run} == set(words)
        if access.space is not Space.DRAM:
            assert access.base == 0
        log[access.space.value][access.writes].update(words)
    return log


@pytest.mark.parametrize("kind", KINDS)
@given(**CASES)
@settings(max_examples=40, derandomize=True, deadline=None)
def test_exactly_what_the_definition_touches(kind, seed, lanes):
    rng = np.random.default_rng(seed)
    instruction = random_instruction(rng, lanes, kind)
    expected = recorded(filled(rng, lanes, bases=BASES), instruction)
    if kind is Table:
        # The whole table counts, whichever entries are looked up.
        first = instruction.parameters
        entries = set(range(first, first + -(-256 // lanes)))
        assert expected["parameters"][0] <= entries
        expected["parameters"] = (entries, set())
    assert named(instruction, lanes) == expected, instruction


@pytest.mark.parametrize("kind", KINDS)
@given(**CASES)
@settings(max_examples=40, derandomize=True, deadline=None)
def test_the_interpreter_touches_nothing_else(kind, seed, lanes):
    rng = np.random.default_rng(seed)
    instruction = random_instruction(rng, lanes, kind)
    machine = filled(rng, lanes, bases=BASES)
    poisoned = copied(machine)
    log = named(instruction, lanes)
    for name in MEMORIES:
        memory = getattr(poisoned, name)
        words = np.setdiff1d(np.arange(len(memory)), sorted(log[name][0]))
        memory[words] ^= 0x55
    before = copied(machine)
    execute(machine, instruction)
    execute(poisoned, instruction)
    for name in MEMORIES:
        memory = getattr(machine, name)
        written = sorted(log[name][1])
        others = np.setdiff1d(np.arange(len(memory)), written)
        assert np.array_equal(memory[others], getattr(before, name)[others]), instruction
        # What was written depends on nothing but the words that are named as read.
        assert np.array_equal(memory[written], getattr(poisoned, name)[written]), instruction


def test_padding_alone_reads_nothing():
    for instruction, space in (
        (Load(pad_left=5, group_bytes=5), Space.DRAM),
        (Gemm(origin_y=-1), Space.ACTIVATIONS),
        (Pool(origin_x=1), Space.ACTIVATIONS),
    ):
        (access,) = (a for a in accesses(instruction, 4) if a.space is space and not a.writes)
        assert access.index.tolist() == []


def only(instruction, space, *, writes):
    (access,) = (a for a in accesses(instruction, 16) if a.space is space and a.writes is writes)
    return access


def test_ends_of_what_is_too_much_to_list():
    load = Load(rows=65536, row_step=2**32 - 1, row_bytes=2**20, groups=65536, group_bytes=65536)
    access = only(load, Space.DRAM, writes=False)
    assert (access.low, access.high, access.empty) == (0, 65535 * (2**32 - 1) + 65535, False)
    access = only(load, Space.ACTIVATIONS, writes=True)
    assert (access.low, access.high) == (0, 65536 * 4096 - 1)
    pool = Pool(out_height=1024, out_width=4096, blocks=256, target=5, target_row_words=65535)
    access = only(pool, Space.ACTIVATIONS, writes=True)
    assert (access.low, access.high) == (5, 5 + 1023 * 65535 + 255)


def test_what_overlaps_is_listed_once():
    store = Store(rows=65536, row_step=1, groups=4, group_bytes=1000, local=3)
    access = only(store, Space.DRAM, writes=True)
    assert np.array_equal(access.index, np.arange(65535 + 4000))
    access = only(store, Space.ACTIVATIONS, writes=False)
    assert np.array_equal(access.index, np.arange(3, 3 + 4 * 63))
    window = {"height": 200, "width": 100, "row_words": 100, "pixel_words": 1}
    taps = {"taps_y": 32, "taps_x": 32, "out_height": 169, "out_width": 69}
    access = only(Pool(**window, **taps), Space.ACTIVATIONS, writes=False)
    assert np.array_equal(access.index, np.arange(200 * 100))


def test_one_instruction_of_each_kind():
    def summary(instruction):
        return [
            (access.space.value, access.writes, access.base, access.index.tolist())
            for access in accesses(instruction, 4)
        ]

    assert summary(Load(memory=2, base=3, address=8, row_bytes=6, group_bytes=6, local=5)) == [
        ("parameters", True, 0, [5, 6]),
        ("dram", False, 3, [8, 9, 10, 11, 12, 13]),
    ]
    assert summary(Store(base=1, address=2, groups=2, group_bytes=5, local=3)) == [
        ("activations", False, 0, [3, 4, 5, 6]),
        ("dram", True, 1, list(range(2, 12))),
    ]
    assert summary(Gemm(source=1, weights=2, last_lanes=3, target=4, accumulate=1)) == [
        ("activations", False, 0, [1]),
        ("weights", False, 0, [2, 3, 4]),
        ("accumulators", False, 0, [4]),
        ("accumulators", True, 0, [4]),
    ]
    assert summary(Requantize(source=1, parameters=2, target=3)) == [
        ("accumulators", False, 0, [1]),
        ("parameters", False, 0, list(range(2, 11))),
        ("activations", True, 0, [3]),
    ]
    assert summary(Add(first=1, second=1, target=4, words=2)) == [
        ("activations", False, 0, [1, 2]),
        ("parameters", False, 0, list(range(9))),
        ("activations", True, 0, [4, 5]),
    ]
    assert summary(Pool(source=1, pixel_words=2, width=2, taps_x=3, target=9, blocks=2)) == [
        ("activations", False, 0, [1, 2, 3, 4]),
        ("activations", True, 0, [9, 10]),
    ]
    assert summary(Table(source=1, target=2, parameters=3)) == [
        ("activations", False, 0, [1]),
        ("parameters", False, 0, list(range(3, 67))),
        ("activations", True, 0, [2]),
    ]

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest

from golden.contract import (
    Beat,
    Dim,
    Fusing,
    Group,
    Job,
    JobField,
    Jobs,
    Lane,
    Layout,
    Operand,
    PortLayout,
    Width,
)
from golden.formats import FP32, INT8, TERNARY, UINT8, IntFormat
from golden.packing import TRITS_5_IN_8

WS_ACTIVATIONS = PortLayout(
    operand=Operand.A, format=INT8, lanes=(Lane(Dim.K, 3),), beats=(Beat(Dim.M),)
)
WS_WEIGHTS = PortLayout(
    operand=Operand.W,
    format=IntFormat(4),
    lanes=(Lane(Dim.N, 2),),
    beats=(Beat(Dim.K, descending=True),),
)
WS_RESULTS = PortLayout(
    operand=Operand.D, format=IntFormat(20), lanes=(Lane(Dim.N, 2),), beats=(Beat(Dim.M),)
)


def test_dimensions_of_the_operands() -> None:
    assert {operand: operand.dims for operand in Operand} == {
        Operand.A: (Dim.M, Dim.K),
        Operand.W: (Dim.K, Dim.N),
        Operand.C: (Dim.M, Dim.N),
        Operand.D: (Dim.M, Dim.N),
        Operand.S: (Group.COUNT, Dim.N),
        Operand.Z: (Group.COUNT, Dim.N),
    }


def test_a_job_says_where_its_tile_lies() -> None:
    job = Job(m=2, n=3, k=4, m0=10, n0=20, k0=30)
    assert [job.size(dim) for dim in Dim] == [2, 3, 4]
    assert [job.offset(dim) for dim in Dim] == [10, 20, 30]
    assert job.tile(Operand.A) == (slice(10, 12), slice(30, 34))
    assert job.tile(Operand.W) == (slice(30, 34), slice(20, 23))
    assert job.tile(Operand.D) == job.tile(Operand.C) == (slice(10, 12), slice(20, 23))


def test_a_list_of_jobs_gives_back_its_jobs() -> None:
    jobs = [Job(m=1, n=2, k=3), Job(m=4, n=5, k=6, m0=1, n0=2, k0=3)]
    columns = Jobs.of(*jobs)
    assert len(columns) == 2
    assert [*columns] == jobs
    assert columns.macs == 1 * 2 * 3 + 4 * 5 * 6
    assert [*Jobs.concatenate(columns, Jobs.of(jobs[0]))] == [*jobs, jobs[0]]
    assert [*columns.repeated(2)] == [*jobs, *jobs]


def test_moved_jobs_keep_their_sizes_and_their_k() -> None:
    (moved,) = Jobs.of(Job(m=1, n=2, k=3, m0=4, n0=5, k0=6)).moved(10, 20)
    assert moved == Job(m=1, n=2, k=3, m0=14, n0=25, k0=6)


@pytest.mark.parametrize("order", [*itertools.permutations(Dim)])
def test_a_grid_is_the_nest_of_loops_in_the_given_order(order: tuple[Dim, Dim, Dim]) -> None:
    size = {Dim.M: 5, Dim.N: 4, Dim.K: 7}
    tile = {Dim.M: 2, Dim.N: 4, Dim.K: 3}
    outer, middle, inner = order
    wanted = [
        {outer: i, middle: j, inner: h}
        for i in range(0, size[outer], tile[outer])
        for j in range(0, size[middle], tile[middle])
        for h in range(0, size[inner], tile[inner])
    ]
    found = [*Jobs.grid(order, size, tile)]
    assert [{dim: job.offset(dim) for dim in order} for job in found] == wanted
    for job in found:
        for dim in Dim:
            assert job.size(dim) == min(tile[dim], size[dim] - job.offset(dim))


def test_lanes_of_a_port_by_hand() -> None:
    job = Job(m=2, n=1, k=3)
    assert WS_ACTIVATIONS.elements(job).tolist() == [[0, 1, 2], [3, 4, 5]]
    # K from the far end, and the second column of weights is not used.
    assert WS_WEIGHTS.elements(job).tolist() == [[2, -1], [1, -1], [0, -1]]
    assert WS_RESULTS.elements(job).tolist() == [[0, -1], [1, -1]]
    narrow = Job(m=1, n=2, k=1)
    assert WS_ACTIVATIONS.elements(narrow).tolist() == [[0, -1, -1]]
    assert WS_WEIGHTS.elements(narrow).tolist() == [[0, 1]]


def test_widths_of_a_port() -> None:
    assert [(port.width, port.bits) for port in (WS_ACTIVATIONS, WS_WEIGHTS, WS_RESULTS)] == [
        (3, 24),
        (2, 8),
        (2, 40),
    ]


def test_lanes_along_two_dimensions_are_row_major() -> None:
    port = PortLayout(
        operand=Operand.A,
        format=UINT8,
        lanes=(Lane(Dim.M, 2), Lane(Dim.K, 2)),
        beats=(Beat(Dim.K),),
    )
    assert port.width == 4
    # Rows 0 to 1 by columns 0 to 1, then 2 to 3, of a tile with 3 columns.
    assert port.elements(Job(m=2, n=1, k=3)).tolist() == [[0, 1, 3, 4], [2, -1, 5, -1]]


def test_groups_of_a_dimension_in_lanes_and_beats_run_backwards_as_groups() -> None:
    port = PortLayout(
        operand=Operand.W,
        format=UINT8,
        lanes=(Lane(Dim.K, 2),),
        beats=(Beat(Dim.N), Beat(Dim.K, descending=True)),
    )
    # Tile of K=3 by N=2: element k * 2 + n.
    assert port.elements(Job(m=1, n=2, k=3)).tolist() == [[4, -1], [0, 2], [5, -1], [1, 3]]


@pytest.mark.parametrize("seed", range(8))
def test_beats_of_any_two_dimensions_carry_every_element_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    operand = list(Operand)[seed % 4]
    row, col = operand.dims
    port = PortLayout(
        operand=operand,
        format=INT8,
        lanes=tuple(Lane(dim, int(rng.integers(1, 4))) for dim in (row, col)),
        beats=tuple(
            Beat(dim, descending=bool(rng.integers(2))) for dim in rng.permutation([row, col])
        ),
    )
    job = Job(**{dim.value: int(rng.integers(1, 9)) for dim in Dim})
    elements = port.elements(job)
    assert elements.shape[1] == port.width
    assert sorted(elements[elements >= 0]) == [*range(job.size(row) * job.size(col))]


@pytest.fixture
def layout() -> Layout:
    return Layout(
        job=(JobField(Dim.K, 3), JobField(Dim.M, 1000)),
        activations=WS_ACTIVATIONS,
        weights=WS_WEIGHTS,
        results=WS_RESULTS,
    )


def test_the_first_field_of_a_job_is_in_its_lowest_bits(layout: Layout) -> None:
    assert [field.bits for field in layout.job] == [2, 10]
    assert layout.job_code(Job(m=5, n=1, k=3)) == 3 | 5 << 2
    assert layout.job_code(Job(m=1000, n=1, k=1)) == 1 | 1000 << 2


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"k": 4}, "a job's k is 1 to 3, not 4"),
        ({"k": 0}, "a job's k is 1 to 3, not 0"),
        ({"m": 1001}, "a job's m is 1 to 1000, not 1001"),
    ],
)
def test_a_job_that_its_port_can_not_say_is_refused(
    layout: Layout, sizes: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        layout.job_code(Job(**{"m": 1, "n": 1, "k": 1, **sizes}))


@pytest.mark.parametrize("bits", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("digit_bits", [1, 2, 3])
def test_lanes_carry_digits_of_codes_plane_after_plane(bits: int, digit_bits: int) -> None:
    port = PortLayout(
        operand=Operand.W,
        format=IntFormat(8),
        lanes=(Lane(Dim.N, 2), Lane(Dim.K, 4)),
        beats=(Beat(Dim.K), Beat(Width.WEIGHT)),
        digit_bits=digit_bits,
    )
    assert (port.bits, port.lane_bits) == (8 * digit_bits, digit_bits)
    job = Job(m=1, n=2, k=5, weight_bits=bits)
    assert port.format_of(job) == IntFormat(bits)
    codes = IntFormat(bits).draw(np.random.default_rng(bits), (5, 2))
    seen = np.zeros_like(codes)
    elements, digits = port.elements(job), port.digits(job)
    planes = -(-bits // digit_bits)
    assert elements.shape == (2 * planes, 8)
    for beat, (element, digit) in enumerate(zip(elements, digits, strict=True)):
        used = element >= 0
        assert set(digit[used].tolist()) == {beat % planes}
        for where, plane in zip(element[used].tolist(), digit[used].tolist(), strict=True):
            code = int(codes.ravel()[where])
            piece = code >> (plane * digit_bits) & ((1 << digit_bits) - 1)
            seen.ravel()[where] |= piece << (plane * digit_bits)
    assert seen.tolist() == codes.tolist()


def test_digits_may_lie_side_by_side() -> None:
    port = PortLayout(
        operand=Operand.A,
        format=IntFormat(4, signed=False),
        lanes=(Lane(Width.ACTIVATION, 4),),
        beats=(Beat(Dim.M), Beat(Dim.K)),
        digit_bits=1,
    )
    job = Job(m=1, n=1, k=2, activation_bits=3)
    assert port.elements(job).tolist() == [[0, 0, 0, -1], [1, 1, 1, -1]]
    assert port.digits(job).tolist() == [[0, 1, 2, 0], [0, 1, 2, 0]]


def test_a_job_says_only_widths_that_the_engine_has() -> None:
    field = JobField(Width.WEIGHT, 8, choices=(2, 4, 8))
    port = PortLayout(operand=Operand.A, format=IntFormat(8), lanes=(), beats=())
    ports = Layout(job=(field,), activations=port, weights=port, results=port)
    assert ports.job_code(Job(m=1, n=1, k=1, weight_bits=4)) == 4
    with pytest.raises(ValueError, match=r"^a job's weight_bits is 2, 4, 8, not 3$"):
        ports.job_code(Job(m=1, n=1, k=1, weight_bits=3))


def test_jobs_have_widths() -> None:
    jobs = Jobs.of(Job(m=1, n=2, k=3), Job(m=4, n=5, k=6))
    assert jobs.weight_bits.tolist() == [0, 0]
    wide = jobs.with_bits(Width.WEIGHT, 4)
    assert [job.weight_bits for job in wide] == [4, 4]
    assert [job.size(Width.WEIGHT) for job in wide.repeated(2).moved(1, 1)] == [4] * 4
    assert [job.size(Width.ACTIVATION) for job in wide] == [0, 0]


def test_lanes_are_packed_into_words_the_last_of_which_is_filled_up() -> None:
    port = PortLayout(
        operand=Operand.W,
        format=TERNARY,
        lanes=(Lane(Dim.K, 2), Lane(Dim.N, 3)),
        beats=(Beat(Dim.K),),
        packing=TRITS_5_IN_8,
    )
    assert (port.width, port.lane_bits) == (6, 2)
    assert (port.words, port.word_bits, port.bits) == (2, 8, 16)
    lanes = TERNARY.encode([[-1, -1, -1, -1, -1, -1], [1, 0, 0, 0, 0, 1]])
    # Digits of base 3 are one more than the numbers: 00000 and 0, 11112 and 2; four zeros fill up.
    zeros = 3 + 9 + 27 + 81
    expected = [[0, zeros], [1 + zeros + 1, zeros + 2]]
    assert port.pack(lanes).tolist() == expected
    assert np.array_equal(port.unpack(port.pack(lanes)), lanes)


def test_lanes_that_are_not_packed_lie_side_by_side() -> None:
    port = PortLayout(
        operand=Operand.W, format=TERNARY, lanes=(Lane(Dim.N, 3),), beats=(Beat(Dim.K),)
    )
    assert (port.words, port.word_bits, port.bits) == (3, 2, 6)
    lanes = TERNARY.encode([[-1, 0, 1]])
    assert port.pack(lanes).tolist() == [[0b010011]]
    assert np.array_equal(port.unpack(port.pack(lanes)), lanes)


SCALES = PortLayout(
    operand=Operand.S, format=FP32, lanes=(Lane(Dim.N, 3),), beats=(Beat(Group.COUNT),)
)


def test_groups_of_a_job() -> None:
    job = Job(m=1, n=2, k=5, n0=4, k0=6, group_size=2)
    assert (job.groups, job.size(Group.COUNT), job.size(Group.SIZE)) == (3, 3, 2)
    assert job.offset(Group.COUNT) == 3
    assert job.tile(Operand.S) == job.tile(Operand.Z) == (slice(3, 6), slice(4, 6))
    whole = Job(m=1, n=2, k=5)
    assert (whole.groups, whole.tile(Operand.S)) == (1, (slice(0, 1), slice(0, 2)))


def test_jobs_take_a_size_of_groups() -> None:
    jobs = Jobs.of(Job(m=1, n=2, k=3), Job(m=4, n=5, k=6))
    assert [job.group_size for job in jobs] == [0, 0]
    assert [job.group_size for job in jobs.with_groups(2)] == [2, 2]


def test_a_beat_of_scales_for_each_group() -> None:
    assert SCALES.elements(Job(m=9, n=2, k=5, group_size=2)).tolist() == [
        [0, 1, -1],
        [2, 3, -1],
        [4, 5, -1],
    ]
    assert SCALES.elements(Job(m=9, n=3, k=5)).tolist() == [[0, 1, 2]]
    assert SCALES.bits == 96


def test_ports_of_scales_are_listed_where_there_are_any() -> None:
    ports = Layout(
        job=(JobField(Dim.K, 8), JobField(Group.SIZE, 8, step=4)),
        activations=WS_ACTIVATIONS,
        weights=WS_WEIGHTS,
        results=WS_RESULTS,
        scales=SCALES,
    )
    assert [*ports.inputs] == ["activations", "weights", "scales"]
    assert [*ports.streams] == ["activations", "weights", "scales", "results"]
    assert ports.streams["scales"] is SCALES
    plain = replace(ports, scales=None)
    assert [*plain.streams] == ["activations", "weights", "results"]
    assert [*ports.job[1].allowed] == [4, 8]
    assert ports.job_code(Job(m=1, n=1, k=3, group_size=8)) == 3 + (8 << 4)
    with pytest.raises(ValueError, match="a job's group_size is 4 to 8 in steps of 4, not 6"):
        ports.job_code(Job(m=1, n=1, k=3, group_size=6))


FUSED = PortLayout(
    operand=Operand.A,
    format=IntFormat(4),
    lanes=(Lane(Dim.K, 2), Lane(Width.ACTIVATION, 4)),
    beats=(Beat(Dim.M), Beat(Dim.K)),
    digit_bits=2,
    fusing=Fusing(activation_bits=4, weight_bits=4),
)


@pytest.mark.parametrize(
    ("bits", "elements", "digits"),
    [
        # One element a lane of K, of two digits; the other two lanes carry nothing.
        ((4, 4), [[0, 0, -1, -1, 1, 1, -1, -1], [2, 2, -1, -1, 3, 3, -1, -1]], [0, 1, 0, 0]),
        # Weights of half the width: twice the elements.
        ((4, 2), [[0, 0, 1, 1, 2, 2, 3, 3]], [0, 1, 0, 1]),
        # And of activations: two elements of a digit each.
        ((2, 4), [[0, 1, -1, -1, 2, 3, -1, -1]], [0, 0, 0, 0]),
        ((2, 2), [[0, 1, 2, 3, -1, -1, -1, -1]], [0, 0, 0, 0]),
    ],
)
def test_lanes_of_fused_products_by_hand(
    bits: tuple[int, int], elements: list[list[int]], digits: list[int]
) -> None:
    job = Job(m=1, n=1, k=4, activation_bits=bits[0], weight_bits=bits[1])
    assert FUSED.elements(job).tolist() == elements
    assert FUSED.digits(job)[0, :4].tolist() == digits

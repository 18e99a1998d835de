"""Programs as bytes."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator import encoding
from golden.accelerator.encoding import (
    HEADER_BYTES,
    INSTRUCTION_BYTES,
    Program,
    decode_instruction,
    decode_program,
    encode_instruction,
    encode_program,
    instruction_set_hash,
)
from golden.accelerator.fields import operand_fields
from golden.accelerator.instructions import (
    INSTRUCTIONS,
    Add,
    Gemm,
    Load,
    Pool,
    Requantize,
    Store,
    Table,
    Units,
)
from golden.errors import UserError

TARGET = bytes(range(8))
UNITS = st.integers(0, 7).map(Units)


@st.composite
def instructions(draw):
    kind = draw(st.sampled_from(INSTRUCTIONS))
    values = {
        field.name: draw(
            st.one_of(st.sampled_from([field.low, field.high]), st.integers(field.low, field.high))
        )
        for field in operand_fields(kind)
    }
    return kind(wait=draw(UNITS), signal=draw(UNITS), **values)


@given(instruction=instructions())
@settings(max_examples=200, derandomize=True, deadline=None)
def test_round_trip(instruction):
    octets = encode_instruction(instruction)
    assert len(octets) == INSTRUCTION_BYTES == 32
    assert decode_instruction(octets) == instruction


@pytest.mark.parametrize("kind", INSTRUCTIONS)
def test_both_ends_of_every_field(kind):
    for field in operand_fields(kind):
        for value in (field.low, field.high):
            instruction = kind(**{field.name: value})
            assert decode_instruction(encode_instruction(instruction)) == instruction
        for value in (field.low - 1, field.high + 1):
            with pytest.raises(
                ValueError, match=f"^{kind.__name__}: {field.name} must be .*, not {value}$"
            ):
                encode_instruction(kind(**{field.name: value}))
    ends = {field.name: field.high for field in operand_fields(kind)}
    instruction = kind(wait=Units(7), signal=Units(7), **ends)
    assert decode_instruction(encode_instruction(instruction)) == instruction


@pytest.mark.parametrize("kind", INSTRUCTIONS)
def test_fields_do_not_share_bits(kind):
    plain = int.from_bytes(encode_instruction(kind()), "little")
    position = 10
    for field in operand_fields(kind):
        at = getattr(kind(), field.name)
        other = field.low if at != field.low else field.high
        changed = int.from_bytes(encode_instruction(kind(**{field.name: other})), "little")
        mask = ((1 << field.bits) - 1) << position
        assert changed != plain
        assert (changed ^ plain) & ~mask == 0
        position += field.bits
    assert position <= 256


# Positions worked out by hand: sums of the widths, in the order of declaration, after 10 bits.
HAND_WORKED = [
    (
        Load(
            wait=Units.EXECUTE,
            signal=Units.EXECUTE | Units.STORE,
            memory=2,
            base=3,
            address=0x89ABCDEF,
            rows=0x1235,
            row_step=0x2468ACE0,
            row_bytes=0x54322,
            pad_left=0xA5,
            groups=0x0FF1,
            group_step=0x8001,
            group_bytes=65536,
            pad_value=-2,
            local=0xFEDCB,
            local_row_step=0x7FFE,
        ),
        [
            (0, 1),
            (4, 2),
            (7, 6),
            (10, 2),
            (12, 3),
            (14, 0x89ABCDEF),
            (46, 0x1234),
            (62, 0x2468ACE0),
            (94, 0x54321),
            (114, 0xA5),
            (122, 0x0FF0),
            (138, 0x8001),
            (154, 0xFFFF),
            (170, 0xFE),
            (178, 0xFEDCB),
            (198, 0x7FFE),
        ],
    ),
    (
        Gemm(
            wait=Units.LOAD | Units.STORE,
            signal=Units.LOAD,
            source=0x12345,
            row_words=0x6789,
            pixel_words=0xAB,
            height=0xC01,
            width=0xDEF,
            origin_y=-1,
            origin_x=-4096,
            stride_y=16,
            stride_x=2,
            dilation_y=3,
            dilation_x=15,
            out_height=1024,
            out_width=7,
            taps_y=3,
            taps_x=32,
            blocks_k=5,
            last_lanes=256,
            blocks_n=9,
            weights=0xBEEF1,
            target=0xCAFE,
            pad_value=-128,
            accumulate=1,
            diagonal=1,
        ),
        [
            (0, 2),
            (4, 5),
            (7, 1),
            (10, 0x12345),
            (30, 0x6789),
            (46, 0xAB),
            (54, 0xC00),
            (66, 0xDEE),
            (78, 0x1FFF),
            (91, 0x1000),
            (104, 15),
            (108, 1),
            (112, 2),
            (116, 14),
            (120, 1023),
            (130, 6),
            (142, 2),
            (147, 31),
            (152, 4),
            (160, 255),
            (168, 8),
            (176, 0xBEEF1),
            (196, 0xCAFE),
            (212, 0x80),
            (220, 1),
            (221, 1),
        ],
    ),
    (
        Requantize(
            wait=Units.EXECUTE,
            source=0x1234,
            parameters=0x5678,
            target=0x9ABCD,
            row_words=0xEF01,
            pixel_words=0x23,
            out_height=5,
            out_width=4096,
            blocks=2,
            zero_point=-3,
            low=-100,
            high=100,
        ),
        [
            (0, 3),
            (4, 2),
            (10, 0x1234),
            (26, 0x5678),
            (42, 0x9ABCD),
            (62, 0xEF01),
            (78, 0x23),
            (86, 4),
            (96, 4095),
            (108, 1),
            (116, 0xFD),
            (124, 0x9C),
            (132, 100),
        ],
    ),
    (
        Add(
            first=0x11111,
            second=0x22222,
            target=0x33333,
            words=1 << 20,
            parameters=9,
            zero_point=127,
            low=0,
            high=-1,
        ),
        [
            (0, 4),
            (10, 0x11111),
            (30, 0x22222),
            (50, 0x33333),
            (70, 0xFFFFF),
            (90, 9),
            (106, 127),
            (114, 0),
            (122, 0xFF),
        ],
    ),
    (
        Pool(
            kind=1,
            source=0x12345,
            row_words=0x6789,
            pixel_words=0xAB,
            height=4096,
            width=2,
            origin_y=4095,
            origin_x=-2,
            stride_y=32,
            stride_x=3,
            out_height=4,
            out_width=5,
            taps_y=6,
            taps_x=7,
            blocks=8,
            target=0xFEDCB,
            target_row_words=0xA987,
            target_pixel_words=0x65,
            low=-1,
            high=1,
        ),
        [
            (0, 5),
            (10, 1),
            (11, 0x12345),
            (31, 0x6789),
            (47, 0xAB),
            (55, 4095),
            (67, 1),
            (79, 4095),
            (92, 0x1FFE),
            (105, 31),
            (110, 2),
            (115, 3),
            (125, 4),
            (137, 5),
            (142, 6),
            (147, 7),
            (155, 0xFEDCB),
            (175, 0xA987),
            (191, 0x65),
            (199, 0xFF),
            (207, 1),
        ],
    ),
    (
        Table(signal=Units.LOAD, source=0xABCDE, target=0x12345, words=3, parameters=0xFFFE),
        [(0, 6), (7, 1), (10, 0xABCDE), (30, 0x12345), (50, 2), (70, 0xFFFE)],
    ),
    (
        Store(
            base=1,
            address=0xDEADBEEF,
            rows=65536,
            row_step=0xFFFFFFFF,
            groups=3,
            group_bytes=2,
            local=0xABCDE,
            local_row_step=0x4321,
        ),
        [
            (0, 7),
            (10, 1),
            (12, 0xDEADBEEF),
            (44, 0xFFFF),
            (60, 0xFFFFFFFF),
            (92, 2),
            (108, 1),
            (124, 0xABCDE),
            (144, 0x4321),
        ],
    ),
]


@pytest.mark.parametrize(
    ("instruction", "parts"), HAND_WORKED, ids=[type(i).__name__ for i, _ in HAND_WORKED]
)
def test_bit_positions(instruction, parts):
    code = sum(value << position for position, value in parts)
    assert encode_instruction(instruction) == code.to_bytes(32, "little")


def test_units_out_of_range_are_refused():
    for name in ("wait", "signal"):
        with pytest.raises(ValueError, match=f"^Table: {name} must be 0 to 7, not 8$"):
            encode_instruction(Table(**{name: Units(8)}))


def test_no_instruction():
    assert decode_instruction(bytes(32)) is None
    for opcode in (0, 8, 15):
        with pytest.raises(UserError, match=f"no instruction with opcode {opcode}$"):
            decode_instruction((opcode | 1 << 200).to_bytes(32, "little"))


@pytest.mark.parametrize("kind", INSTRUCTIONS)
def test_stray_bits(kind):
    used = 10 + sum(field.bits for field in operand_fields(kind))
    code = int.from_bytes(encode_instruction(kind()), "little")
    for position in (used, 255):
        with pytest.raises(UserError, match=f"^{kind.__name__} has bits set beyond its last field"):
            decode_instruction((code | 1 << position).to_bytes(32, "little"))


PROGRAM = Program(
    instructions=(Load(signal=Units.EXECUTE), Gemm(wait=Units.LOAD), Store()), target=TARGET
)


def test_layout_of_a_program():
    octets = encode_program(PROGRAM)
    assert HEADER_BYTES == 32
    assert octets[:8] == b"TILEWRT1"
    assert octets[8:16] == instruction_set_hash()
    assert octets[16:24] == TARGET
    assert octets[24:32] == bytes([3, 0, 0, 0, 0, 0, 0, 0])
    assert octets[32:128] == b"".join(map(encode_instruction, PROGRAM.instructions))
    assert octets[128:] == bytes(32)


@given(listed=st.lists(instructions(), max_size=5), target=st.binary(min_size=8, max_size=8))
@settings(max_examples=50, derandomize=True, deadline=None)
def test_program_round_trip(listed, target):
    program = Program(instructions=tuple(listed), target=target)
    assert decode_program(encode_program(program)) == program


@pytest.mark.parametrize("size", [0, 7, 9])
def test_a_target_is_eight_bytes(size):
    with pytest.raises(ValueError, match=f"target .* 8 bytes, not {size}"):
        Program(instructions=(), target=bytes(size))


def refused(octets, message):
    with pytest.raises(UserError, match=re.escape(message)):
        decode_program(octets)


def test_no_program():
    octets = encode_program(PROGRAM)
    for wrong in (b"", b"TILE", b"\x7fELF" + octets[4:], b"tilewrt1" + octets[8:]):
        refused(wrong, "this is no program")


def test_other_instruction_set():
    octets = bytearray(encode_program(PROGRAM))
    octets[8] ^= 1
    refused(bytes(octets), "another version of the instruction set")


def test_truncated():
    octets = encode_program(PROGRAM)
    for size in range(8, len(octets)):
        refused(octets[:size], "this program is not complete")
    refused(octets + bytes(1), "which is 160 bytes, not 161")
    refused(octets[:-32], "its header says 3 instructions, which is 160 bytes, not 128")
    huge = octets[:24] + bytes([255] * 8) + octets[32:]
    refused(huge, f"its header says {2**64 - 1} instructions")


def test_broken_instruction_is_named():
    octets = bytearray(encode_program(PROGRAM))
    octets[64] = (octets[64] & 0xF0) | 9
    refused(bytes(octets), "instruction 1: there is no instruction with opcode 9")
    octets = bytearray(encode_program(PROGRAM))
    octets[127] = 0x80
    refused(bytes(octets), "instruction 2: Store has bits set beyond its last field")


def test_end_in_the_wrong_place():
    octets = encode_program(PROGRAM)
    early = octets[:64] + bytes(32) + octets[96:]
    refused(early, "instruction 1: the end of the program is not where it should be")
    late = octets[:128] + encode_instruction(Store())
    refused(late, "instruction 3: the end of the program is not where it should be")


def test_hash_changes_with_the_encoding(monkeypatch):
    before = instruction_set_hash()
    assert len(before) == 8
    assert before == instruction_set_hash()
    monkeypatch.setattr(encoding, "INSTRUCTIONS", INSTRUCTIONS[:-1])
    assert instruction_set_hash() != before
    fields_of = encoding.operand_fields
    monkeypatch.setattr(encoding, "INSTRUCTIONS", INSTRUCTIONS)
    assert instruction_set_hash() == before
    for change in ({"bits": 21}, {"signed": True}, {"offset": 1}, {"name": "begin"}):
        monkeypatch.setattr(
            encoding,
            "operand_fields",
            lambda kind, change=change: (replace(fields_of(kind)[0], **change), *fields_of(kind)),
        )
        assert instruction_set_hash() != before

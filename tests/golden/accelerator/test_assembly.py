"""Programs as text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator.assembly import assemble, disassemble
from golden.accelerator.encoding import Program
from golden.accelerator.fields import operand_fields
from golden.accelerator.instructions import INSTRUCTIONS, Gemm, Load, Store, Table, Units
from golden.errors import UserError

TEXT = """\
.target 00112233445566ff
LOAD memory=1 address=4096 rows=3 pad_value=-5 signal=execute,store
GEMM last_lanes=4 wait=load
STORE wait=load,execute signal=load
TABLE
"""
PROGRAM = Program(
    instructions=(
        Load(memory=1, address=4096, rows=3, pad_value=-5, signal=Units.EXECUTE | Units.STORE),
        Gemm(last_lanes=4, wait=Units.LOAD),
        Store(wait=Units.LOAD | Units.EXECUTE, signal=Units.LOAD),
        Table(),
    ),
    target=bytes.fromhex("00112233445566ff"),
)


@st.composite
def programs(draw):
    listed = []
    for kind in draw(st.lists(st.sampled_from(INSTRUCTIONS), max_size=4)):
        values = {
            field.name: draw(st.integers(field.low, field.high))
            for field in operand_fields(kind)
            if draw(st.booleans())
        }
        units = [Units(draw(st.integers(0, 7))) for _ in range(2)]
        listed.append(kind(wait=units[0], signal=units[1], **values))
    target = draw(st.binary(min_size=8, max_size=8))
    return Program(instructions=tuple(listed), target=target)


@given(program=programs())
@settings(max_examples=100, derandomize=True, deadline=None)
def test_round_trip(program):
    text = disassemble(program)
    assert assemble(text) == program
    assert disassemble(assemble(text)) == text


def test_text():
    assert assemble(TEXT) == PROGRAM
    assert disassemble(PROGRAM) == TEXT


def test_comments_case_spaces_and_bases():
    text = """
    # a program
      .target   00112233445566FF  # for this one

    load memory=0b1 rows=3  address=0x1000 signal=store,execute pad_value=-0x5 # weights
    Gemm wait=load last_lanes=4
    # GEMM nonsense
    STORE signal=load wait=execute,load
    TABLE#done
    """
    assert assemble(text) == PROGRAM


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("CONV", "there is no instruction 'CONV': there are LOAD, GEMM, REQUANTIZE, ADD"),
        ("TABLE rows=3", "TABLE has no field 'rows': it has parameters, source, target, words"),
        ("TABLE words", "TABLE takes field=value once for each field, not 'words'"),
        ("TABLE words=1 words=2", "once for each field, not 'words=2'"),
        ("TABLE wait=load wait=load", "once for each field, not 'wait=load'"),
        ("TABLE words=many", "words must be a number, not 'many'"),
        ("TABLE words=", "words must be a number, not ''"),
        ("TABLE words=1.5", "words must be a number, not '1.5'"),
        ("TABLE words=0", "Table: words must be 1 to 1048576, not 0"),
        ("LOAD pad_value=128", "Load: pad_value must be -128 to 127, not 128"),
        ("TABLE wait=dma", "there is no unit 'dma': there are load, execute, store"),
        ("TABLE signal=", "there is no unit ''"),
        ("TABLE signal=none", "there is no unit 'none'"),
        ("TABLE opcode=3", "TABLE has no field 'opcode'"),
        (".target 0123", ".target takes sixteen hexadecimal digits"),
        (".target 00112233445566fg", ".target takes sixteen hexadecimal digits"),
        (".target 0011223344556677", ".target comes once"),
    ],
)
def test_errors_name_the_line(line, message):
    text = f"# first\n.target 0011223344556677\n\n{line}\nTABLE\n"
    with pytest.raises(UserError, match=f"^line 4: .*{re.escape(message)}"):
        assemble(text)


@pytest.mark.parametrize("text", ["", "TABLE\n", "# .target 0011223344556677\n"])
def test_a_program_names_its_target(text):
    with pytest.raises(UserError, match=r"a program names its accelerator: \.target"):
        assemble(text)

from pathlib import Path

import pytest

from golden.errors import UserError
from mapper.allocation.problem import Buffer, Problem
from mapper.allocation.table import parse_buffers, read_buffers, write_buffers

FULL = Problem(
    (
        Buffer(id="0", lower=5, upper=10, size=15),
        Buffer(id="one, two", lower=6, upper=15, size=18, alignment=2, gaps=((7, 9), (12, 14))),
    )
)


@pytest.mark.parametrize(
    "text",
    [
        'id,lower,upper,size,alignment,gaps\n0,5,10,15,,\n"one, two",6,15,18,2,7-9 12-14\n',
        'begin,size,buffer,upper,gaps,alignment\r\n5,15,0,10,,1\r\n6,18,"one, two",15,7-9 12-14 ,2',
        'start,size,buffer_id,end,gaps,alignment\n5,15,0,9,,\n\n6,18,"one, two",14,7-8 12-13,2\n,',
        '\ufeff ID ,Lower,UPPER,size,gaps,alignment\n0,5,10,15,,\n"one, two",6,15,18,7-9 12-14,2',
    ],
)
def test_tables_are_read(text: str, tmp_path: Path) -> None:
    file = tmp_path / "buffers.csv"
    file.write_text(text, encoding="utf-8", newline="")
    assert read_buffers(file) == FULL


def test_what_is_written_is_read_with_its_offsets() -> None:
    text = write_buffers(FULL, (18, 0))
    assert text.splitlines() == [
        "id,lower,upper,size,alignment,gaps,offset",
        "0,5,10,15,1,,18",
        '"one, two",6,15,18,2,7-9 12-14,0',
    ]
    assert [buffer.offset for buffer in parse_buffers(text).buffers] == [18, 0]


def test_columns_without_use_are_not_written() -> None:
    problem = parse_buffers("id,lower,upper,size\nb1,0,3,4\n")
    assert write_buffers(problem, (8,)) == "id,lower,upper,size,offset\nb1,0,3,4,8\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "but this is empty"),
        ("id,lower,upper\n1,2,3\n", "column 'size' is missing"),
        ("id,lower,upper,size,end\n", "column 'upper' comes twice"),
        ("id,lower,upper,size,colour\n", "there is no column 'colour'"),
        ("# a page\nof text\n", "there is no column '# a page'"),
        ("id,lower,upper,size\n1,0,3\n", "line 2: 4 columns are named, but 3 given"),
        ("id,lower,upper,size\n1,0,3,4,5\n", "line 2: 4 columns are named, but 5 given"),
        (
            "id,lower,upper,size\n1,0,3,4\n2,0,x,4\n",
            "line 3: upper must be a whole number, not 'x'",
        ),
        ("id,lower,upper,size\n1,0,3,1.5\n", "line 2: size must be a whole number, not '1.5'"),
        ("id,lower,upper,size\n1,0,3,-4\n", "line 2: buffer '1': size must be at least 1, not -4"),
        (
            "id,lower,upper,size\n1,3,3,4\n",
            "line 2: buffer '1': upper must be above lower 3, not 3",
        ),
        ("id,lower,upper,size\n1,0,3,4\n1,0,3,4\n", "buffer '1' comes 2 times"),
        ("id,lower,upper,size\n,0,3,4\n", "line 2: id is empty"),
        ("id,lower,upper,size,gaps\n1,0,3,4,1-2-3\n", "line 2: a gap is LOWER-UPPER, not '1-2-3'"),
        ("id,lower,upper,size,gaps\n1,0,9,4,1-2@0:3\n", "windows (after @) are not supported"),
        ('id,lower,upper,size\n"1,0,3,4\n', "not a csv file"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_buffers(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "buffers.csv"
    file.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(UserError, match="is not a csv file: it is not text in UTF-8"):
        read_buffers(file)

from pathlib import Path

import pytest

from tests.docs.generated import regions, render, update
from tests.docs.pages import ROOT, identify, pages

PARTS = [
    pytest.param(call, body, id=f"{identify(page)}: {call}")
    for page in pages()
    for call, body in regions(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("call", "body"), PARTS)
def test_a_generated_part_is_what_the_code_gives(call: str, body: str) -> None:
    expected = render(call)
    assert body == expected, (
        "the manual is out of date: run `python -m tests.docs.generated`, or put this between"
        f" the comments of `{call}`:\n{expected}"
    )


def test_there_are_generated_parts() -> None:
    assert len(PARTS) > 10


@pytest.mark.parametrize("page", pages(), ids=identify)
def test_every_generated_part_has_an_end(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    opened = [line for line in text.splitlines() if line.startswith("<!-- generated:")]
    assert len(opened) == len(regions(text))
    assert len(opened) == text.splitlines().count("<!-- end -->")


def test_update_rewrites_a_part_and_nothing_else() -> None:
    text = "before\n<!-- generated: values int1 -->\nold\n<!-- end -->\nafter\n"
    new = update(text)
    assert new.startswith("before\n<!-- generated: values int1 -->\n")
    assert new.endswith("\n<!-- end -->\nafter\n")
    assert "| `0b1` | -1 |" in new
    assert "old" not in new
    assert update(new) == new


def test_pages_are_found() -> None:
    assert ROOT / "docs" / "index.md" in pages()

"""Python in the manual is executed, page by page, as doctest does."""

import doctest
from pathlib import Path

import pytest

from tests.docs.pages import blocks, identify, pages

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
WITH_PYTHON = [
    page
    for page in pages()
    if any(b.language == "python" for b in blocks(page.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=identify)
def test_examples_give_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    kept = [""] * (len(text.splitlines()) + 1)
    for block in blocks(text):
        if block.language != "python" or not block.runs:
            continue
        assert block.lines[0].startswith(">>> "), (
            f"{identify(page)}:{block.line}: an example begins with '>>> ', or is marked"
            " <!-- not run: reason -->"
        )
        kept[block.line - 1 : block.line - 1 + len(block.lines)] = block.lines
    example = doctest.DocTestParser().get_doctest(
        "\n".join(kept), {"__name__": "__main__"}, identify(page), str(page), 0
    )
    report: list[str] = []
    failed, tried = doctest.DocTestRunner(optionflags=FLAGS).run(example, out=report.append)
    assert not failed, "".join(report)
    assert tried or not any(b.language == "python" and b.runs for b in blocks(text))

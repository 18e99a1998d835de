"""The page about two results."""

import re
from typing import Any

from tests.tilewright.report.test_network import headings
from tilewright.comparing import Difference, compare
from tilewright.report.comparison import change_text, comparison_report
from tilewright.results import read_result
from tilewright.simulation import simulate


def test_both_are_on_it(tiny: dict[str, Any], edge: dict[str, Any]) -> None:
    page = comparison_report(compare(read_result(tiny), read_result(edge)))
    assert headings(page) == [
        "What bounds them",
        "Cycles of each layer",
        "Utilisation of each layer",
        "Timelines",
        "Rooflines",
        "Activation memory",
        "How to get this again",
    ]
    assert f"{tiny['total_cycles']:,} → {edge['total_cycles']:,}" in page
    assert page.count('class="bar"') == 2 * len(tiny["layers"])
    assert (
        len(re.findall(r"dot \w+ series-1", page)) == len(re.findall(r"dot \w+ series-0", page)) > 0
    )
    # Both timelines have the cycles of the longer run.
    longest = max(tiny["total_cycles"], edge["total_cycles"])
    assert page.count(f'viewBox="0 0 {longest} 1"') == 8


def test_of_different_kinds_what_both_have_is_shown(tiny: dict[str, Any]) -> None:
    page = comparison_report(compare(read_result(tiny), read_result(simulate("gemm:8x8x8"))))
    assert "Rooflines" not in headings(page)
    assert "Cycles of each layer" in headings(page)


def test_changes_in_words() -> None:
    pairs = [(10, 5), (10, 10), (10, 45), (10, 11), (None, 1), (0, 0)]
    said = [change_text(Difference(name="x", a=a, b=b)) for a, b in pairs]
    assert said == ["−50.0 %", "equal", "×4.5", "+10.0 %", "–", "equal"]

"""The page around the parts of a report."""

from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.metadata import version
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from string import Template

from tilewright.files import write_bytes
from tilewright.report.html import Markup, join, tag

__all__ = ["commands_card", "figures", "html_table", "page", "write_page"]


def page(title: str, *parts: Markup | None, scripts: Sequence[str] = ("tips.js",)) -> str:
    """A page that needs no other file and no network.

    Parameters
    ----------
    title : str
    *parts : Markup
        From above.
    scripts : sequence of str
        Names in ``assets``.
    """
    return Template(_asset("page.html")).substitute(
        title=escape(title),
        style=_asset("style.css"),
        body=join(tag("h1", title), *parts),
        footer=escape(f"Tilewright {version('tilewright')}"),
        script="".join(_asset(name) for name in scripts),
    )


@cache
def _asset(name: str) -> str:
    return (files("tilewright.report") / "assets" / name).read_text(encoding="utf-8")


def write_page(file: Path, text: str) -> None:
    """Write a page whole or not at all.

    Raises
    ------
    OSError
        If it can not be written.
    """
    write_bytes(file, text.encode())


def figures(entries: Sequence[tuple[str, str, str | None]]) -> Markup:
    """What matters most: names, numbers with their units, and what more there is to say."""
    return tag(
        "dl",
        *(
            tag("div", tag("dt", name), tag("dd", number, more and tag("small", more)))
            for name, number, more in entries
        ),
        class_="figures",
    )


def html_table(
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    texts: Sequence[str] = (),
    trials: Sequence[int] = (),
) -> Markup:
    """A table.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of sequence
    texts : sequence of str
        Columns that are text, as the first is; the others are numbers.
    trials : sequence of int
        Of each row, so that it is chosen together with the trial's marks.
    """
    kinds = ["text" if name in texts else None for name in head]
    return tag(
        "div",
        tag(
            "table",
            tag(
                "thead",
                tag(
                    "tr",
                    *(tag("th", name, class_=kind) for name, kind in zip(head, kinds, strict=True)),
                ),
            ),
            tag(
                "tbody",
                *(
                    tag(
                        "tr",
                        *(
                            tag("td", cell, class_=kind)
                            for cell, kind in zip(row, kinds, strict=True)
                        ),
                        data_trial=trial,
                    )
                    for row, trial in zip_longest(rows, trials)
                ),
            ),
        ),
        class_="wide",
        tabindex="0",
    )


def commands_card(commands: Sequence[str | None]) -> Markup | None:
    """Commands that give what the page shows again; None where none is known."""
    known = [command for command in commands if command is not None]
    if not known:
        return None
    return tag(
        "section",
        tag("h2", "How to get this again"),
        *(tag("pre", command) for command in known),
        class_="card",
    )

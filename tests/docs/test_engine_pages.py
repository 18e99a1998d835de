from collections.abc import Mapping
from typing import Any

import pytest

from golden.params import plain
from tests.docs.generated import PAGE, interface, regions, render, update
from tests.docs.pages import ROOT
from tilewright.catalog import Engine, list_engines

FOLDER = ROOT / "docs" / "engines"
HERE = [engine for engine in list_engines() if engine.modules.golden.startswith("golden.engines.")]


def page_of(engine: Engine) -> str:
    page = FOLDER / f"{engine.name}.md"
    if not page.is_file():
        skeleton = update(PAGE.format(name=engine.name, summary=engine.summary))
        pytest.fail(f"docs/engines/{engine.name}.md is missing; begin it with:\n\n{skeleton}")
    return page.read_text(encoding="utf-8")


def table_of(engine: Engine, call: str) -> list[list[str]]:
    """Cells of a page's generated table, without code marks."""
    parts = dict(regions(page_of(engine)))
    if call not in parts:
        pytest.fail(
            f"docs/engines/{engine.name}.md has no part `{call}`; add:\n\n"
            f"<!-- generated: {call} -->\n{render(call)}<!-- end -->"
        )
    _, _, *rows = parts[call].strip().splitlines()
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def flat_ports(members: Mapping[str, Any]) -> list[list[str]]:
    found = []
    for member in members.values():
        if member["type"] == "interface":
            found += flat_ports(member["members"])
        else:
            found.append([member["name"], member["dir"], str(member["width"])])
    return found


@pytest.mark.parametrize("engine", HERE, ids=lambda engine: engine.name)
def test_page_is_listed(engine: Engine) -> None:
    page_of(engine)
    assert f"({engine.name}.md)" in (FOLDER / "index.md").read_text(encoding="utf-8")
    assert f"engines/{engine.name}.md" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("engine", HERE, ids=lambda engine: engine.name)
def test_port_table_is_the_metadata_of_the_default_component(engine: Engine) -> None:
    expected = flat_ports(interface(engine.component(engine.params({})))["members"])
    call = f"ports {engine.name}"
    rows = [row for row in table_of(engine, call) if row[0] not in ("clk", "rst")]
    assert rows == expected, f"paste this in place of the table:\n{render(call)}"


@pytest.mark.parametrize("engine", HERE, ids=lambda engine: engine.name)
def test_params_table_has_every_param(engine: Engine) -> None:
    call = f"params {engine.name}"
    rows = table_of(engine, call)
    advice = f"paste this in place of the table:\n{render(call)}"
    assert [row[0] for row in rows] == [info.name for info in engine.describe()], advice
    for (_, default, meaning), info in zip(rows, engine.describe(), strict=True):
        shown = "auto" if info.default is None else str(plain(info.default))
        assert default.lower() == shown.lower(), advice
        assert meaning.startswith(info.doc), advice


def test_every_page_has_an_engine() -> None:
    pages = {page.stem for page in FOLDER.glob("*.md")} - {"index"}
    assert pages == {engine.name for engine in HERE}

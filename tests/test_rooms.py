"""Who may import whom."""

import ast
import importlib.metadata
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environments import PACKAGES, ROOT, run

ROOMS = {
    "golden": set[str](),
    "hw": {"golden"},
    "sim": {"golden"},
    "mapper": {"golden", "sim"},
    "tilewright": {"golden", "hw", "mapper", "sim"},
}
"""Rooms that each may import, besides itself."""

RTL = {"amaranth", "cocotb", "cocotb_tools"}

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def modules(room: str) -> Iterator[tuple[Path, str]]:
    """Every file of a room, with its import name."""
    for path in sorted((ROOT / room).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield path, ".".join(parts).removesuffix(".__init__")


def imports(path: Path, name: str) -> set[str]:
    """Full names of modules that a file imports anywhere in it."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            found.add(importlib.util.resolve_name(relative, package))
    return found


def top(module: str) -> str:
    return module.partition(".")[0]


def declared(group: str | None = None) -> set[str]:
    """Import names of the distributions that the project declares, extras included."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    own = [*PROJECT["project"]["dependencies"], *(entry for extra in extras for entry in extra)]
    wanted = PROJECT["dependency-groups"][group] if group else own
    names = {normal(re.match(r"[\w-]+", entry)[0]) for entry in wanted}  # type: ignore[index]  # matches
    return {
        module
        for module, distributions in importlib.metadata.packages_distributions().items()
        if names & {normal(distribution) for distribution in distributions}
    }


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_the_rooms_they_may(room: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path, name in modules(room)
        for module in imports(path, name)
        if top(module) in ({*ROOMS, "tests"} - {room} - ROOMS[room])
    }
    assert not wrong


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_declared_distributions(room: str) -> None:
    allowed = {"numpy", "ml_dtypes"} if room == "golden" else declared()
    if room in ("sim", "mapper"):
        allowed = allowed - RTL
    wrong = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path, name in modules(room)
        for module in imports(path, name)
        if top(module) not in {*sys.stdlib_module_names, *ROOMS, *allowed}
        and not ("train" in path.parts and top(module) in {"sklearn", *declared("train")})
    }
    assert not wrong


def test_bench_needs_nothing_of_the_rest() -> None:
    allowed = {*sys.stdlib_module_names, "numpy", "cocotb", "cocotb_tools"}
    wrong = {
        f"{path.name} imports {module}"
        for path, name in modules("hw")
        if name.startswith("hw.bench")
        for module in imports(path, name)
        if top(module) not in allowed and not module.startswith("hw.bench")
    }
    assert not wrong


def test_bench_imports_itself_relatively() -> None:
    for path in (ROOT / "hw" / "bench").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) hw\b", text, re.MULTILINE), path.name


def test_every_way_to_import_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "import a.b\nfrom c import d\nfrom . import e\nfrom ..f import g\n"
        "def late():\n    import h\n    from i.j import k\n"
    )
    assert imports(path, "room.part.module") == {"a.b", "c", "room.part", "room.f", "h", "i.j"}


def test_models_load_without_amaranth(tmp_path: Path) -> None:
    names = [name for room in ("golden", "sim", "mapper") for _, name in modules(room)]
    assert len(names) > 20
    program = f"""
import importlib, sys

class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(RTL)!r}:
            raise ImportError(f"{{name}} is walled off")

sys.meta_path.insert(0, Wall())
sys.path.insert(0, {str(ROOT)!r})
for name in {names!r}:
    importlib.import_module(name)
try:
    import hw.emit
except ImportError as error:
    print(error)
"""
    done = run([sys.executable, "-c", program], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "amaranth is walled off\n"


def test_the_wheel_is_declared_to_hold_the_rooms_and_nothing_else() -> None:
    include = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    assert sorted(include) == sorted([*ROOMS, *(f"{room}.*" for room in ROOMS)])
    assert sorted(ROOMS) == sorted(PACKAGES)


@pytest.mark.parametrize("room", ROOMS)
def test_names_are_ours(room: str) -> None:
    spec = importlib.util.find_spec(room)
    assert spec is not None
    assert spec.origin == str(ROOT / room / "__init__.py")
    assert (ROOT / room / "py.typed").is_file()


@pytest.mark.parametrize("room", ROOMS)
def test_every_folder_with_code_is_a_package(room: str) -> None:
    folders = {path.parent for path, _ in modules(room)}
    assert not [folder for folder in folders if not (folder / "__init__.py").is_file()]

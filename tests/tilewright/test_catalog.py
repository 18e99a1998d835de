import sys
import types

import pytest

from golden import discovery
from golden.discovery import EngineModules, find_modules
from golden.engines import systolic
from golden.errors import UserError
from tilewright import catalog, generation, listing


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch):
    """Engines by name, to add to; what is found instead of what is installed."""
    found = dict(find_modules())
    monkeypatch.setattr(catalog, "find_modules", lambda: found)
    return found


def golden_module(name: str, **members: object) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__.update(Params=systolic.Params, PRESETS={}, **members)
    return module


def test_engine_and_preset_are_found_in_any_case(engines, monkeypatch):
    module = golden_module("other.golden")
    module.PRESETS = {"small": systolic.Params(rows=2, cols=3)}
    monkeypatch.setitem(sys.modules, "other.golden", module)
    engines["other"] = EngineModules(name="other", golden="other.golden", hw="x", sim="x")
    engine, params = catalog.find_design("SMALL", {"cols": "5"})
    assert (engine.name, params.rows, params.cols) == ("other", 2, 5)
    assert catalog.find_design("Systolic", {})[0].name == "systolic"


def test_a_hyphen_stands_for_an_underscore() -> None:
    assert catalog.find_engine("exp-int").name == "exp_int"
    assert catalog.find_design("EXP-INT", {})[0].name == "exp_int"


def test_a_broken_engine_is_named_and_does_not_hide_the_others(engines):
    engines["broken"] = EngineModules(name="broken", golden="no.such", hw="no.such", sim="no.such")
    assert catalog.find_design("systolic", {})[0].name == "systolic"
    with pytest.raises(UserError, match=r"^engine broken is not complete: no\.such can not be"):
        catalog.find_design("broken", {})


@pytest.mark.parametrize("name", ["systolic", "other", "tiny"])
def test_a_preset_can_not_be_called_like_an_engine_or_an_accelerator(engines, monkeypatch, name):
    module = golden_module("other.golden")
    module.PRESETS = {name: systolic.Params()}
    monkeypatch.setitem(sys.modules, "other.golden", module)
    engines["other"] = EngineModules(name="other", golden="other.golden", hw="x", sim="x")
    with pytest.raises(
        UserError, match=f"preset '{name}' of engine other has a name that is taken"
    ):
        catalog.find_presets()


def test_names_of_entry_points_are_lower_case(monkeypatch):
    entry = types.SimpleNamespace(name="Mac", value="mac_engine")
    monkeypatch.setattr(discovery.importlib.metadata, "entry_points", lambda group: [entry])
    assert discovery.find_modules.__wrapped__()["mac"].golden == "mac_engine.golden"


def test_an_engine_can_not_be_called_like_an_accelerator(engines):
    engines["edge"] = EngineModules(name="edge", golden="no.such", hw="no.such", sim="no.such")
    said = "engine edge has the name of an accelerator"
    with pytest.raises(UserError, match=said):
        catalog.find_presets()
    with pytest.raises(UserError, match=said):
        generation.generate("edge", output="nowhere")


def test_accelerators_are_listed():
    entries = listing.list_designs()["accelerators"]
    assert [entry["name"] for entry in entries] == [
        "edge",
        "server",
        "tiny",
        "tiny-bitplane",
        "tiny-lut",
        "tiny-ternary",
    ]
    assert all("lanes" in entry["summary"] for entry in entries)

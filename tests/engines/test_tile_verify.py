"""The Verilog of `dot`, `add` and `ternary` on both simulators, as `verify` runs it."""

from collections.abc import Mapping

import pytest

from tilewright.caching import Cache
from tilewright.verification import OUTPUTS, verify

WIDTHS = ("int8", "uint8", "bipolar8")
DESIGNS: tuple[tuple[str, Mapping[str, object]], ...] = (
    *(
        ("dot", {"activation": activation, "weight": weight, "stages": stages})
        for activation, weight, stages in (
            ("int8", "int8", 1),
            ("int8", "int2", 2),
            ("uint8", "int4", 4),
            ("int16", "uint4", 5),
        )
    ),
    *(("add", {"activation": "int8", "weight": weight}) for weight in WIDTHS),
    ("add", {"activation": "int16", "weight": "int4", "stages": 5}),
    *(("ternary", {"packed": packed}) for packed in ("codes", "5-in-8", "3-in-5")),
    ("ternary", {"activation": "uint4", "stages": 5, "packed": "5-in-8"}),
)
SIZES: Mapping[str, object] = {"m": 2, "n": 4, "k": 4, "k_max": 40}
TINY: Mapping[str, object] = {"m": 2, "n": 2, "k": 2, "k_max": 10}


def describe(value: object) -> str:
    return "-".join(map(str, value.values())) if isinstance(value, dict) else str(value)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "given"), DESIGNS, ids=describe)
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_every_configuration_is_exact(
    simulator: str,
    name: str,
    given: Mapping[str, object],
    cache: Cache,
    request: pytest.FixtureRequest,
) -> None:
    """Every width of weights is among the cases."""
    request.getfixturevalue(simulator)
    result = verify(name, {**SIZES, **given}, simulator=simulator, cache=cache)
    assert result.failures == ()
    assert (result.mismatches, result.cycle_mismatches) == (0, 0)
    assert result.outputs_checked >= OUTPUTS


@pytest.mark.parametrize("name", ["dot", "add", "ternary"])
def test_icarus_finds_nothing_wrong(
    name: str, cache: Cache, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("icarus")
    given = {**TINY, **({"weight": "int3"} if name == "add" else {})}
    result = verify(name, given, simulator="icarus", cases=1, outputs=1, cache=cache)
    assert result.failures == ()
    assert result.passed

"""The Verilog of `exp_int` on both simulators, as `verify` runs it."""

from collections.abc import Mapping

import pytest

from tilewright.caching import Cache
from tilewright.verification import OUTPUTS, verify

FORMATS = (
    ("flint4", "flint4"),
    ("uflint4", "flint4"),
    ("uflint5", "int8"),
    ("int4", "int4"),
    ("ovp_int4", "ovp_int4"),
    ("ovp_flint4", "ovp_flint4"),
    ("ovp_int8", "ovp_int8"),
    ("uint8", "ovp_int4"),
)
SIZES: Mapping[str, object] = {"rows": 4, "cols": 6, "k_max": 41}


@pytest.mark.slow
@pytest.mark.parametrize(("activation", "weight"), FORMATS)
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_every_configuration_is_exact(
    simulator: str,
    activation: str,
    weight: str,
    cache: Cache,
    request: pytest.FixtureRequest,
) -> None:
    request.getfixturevalue(simulator)
    given = {**SIZES, "activation": activation, "weight": weight}
    result = verify("exp_int", given, simulator=simulator, cache=cache)
    assert result.failures == ()
    assert (result.mismatches, result.cycle_mismatches) == (0, 0)
    assert result.outputs_checked >= OUTPUTS


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["ant-micro22", "olive-isca23", "olive-isca23-8bit"])
def test_published_sizes_are_exact(
    preset: str, cache: Cache, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("verilator")
    result = verify(preset, {}, simulator="verilator", cases=1, cache=cache)
    assert result.failures == ()
    assert (result.mismatches, result.cycle_mismatches) == (0, 0)
    assert result.outputs_checked >= OUTPUTS


def test_icarus_finds_nothing_wrong(cache: Cache, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("icarus")
    given = {"rows": 2, "cols": 3, "k_max": 11, "activation": "ovp_int4", "weight": "flint4"}
    result = verify("exp_int", given, simulator="icarus", cases=1, outputs=1, cache=cache)
    assert result.failures == ()
    assert result.passed

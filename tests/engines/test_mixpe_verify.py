"""The Verilog of `mixpe` on both simulators, as `verify` runs it."""

from collections.abc import Mapping

import pytest

from tilewright.caching import Cache
from tilewright.verification import OUTPUTS, verify

SIZES: Mapping[str, object] = {"m": 2, "n": 4, "k": 4, "k_max": 40, "group_steps": 3}
PLAIN = {"scale": "none", "zero_point": "none"}
DESIGNS: Mapping[str, Mapping[str, object]] = {
    "fp32": {},
    "fp32 without zero points": {"zero_point": "none", "weight": "uint4", "stages": 5},
    "uint8": {"scale": "uint8", "activation": "uint8", "weight": "uint8"},
    "uint16 wrapping": {"scale": "uint16", "result": "int16", "accumulator_overflow": "wrap"},
    "none": {**PLAIN, "weight": "int16", "stages": 3},
}


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_every_configuration_is_exact(
    simulator: str, design: str, cache: Cache, request: pytest.FixtureRequest
) -> None:
    """Every width of operands, and several sizes of groups, are among the cases."""
    request.getfixturevalue(simulator)
    result = verify("mixpe", {**SIZES, **DESIGNS[design]}, simulator=simulator, cache=cache)
    assert result.failures == ()
    assert (result.mismatches, result.cycle_mismatches) == (0, 0)
    assert result.outputs_checked >= OUTPUTS


def test_icarus_finds_nothing_wrong(cache: Cache, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("icarus")
    given = {"m": 2, "n": 2, "k": 2, "k_max": 10, "group_steps": 2, "scale": "uint8"}
    result = verify("mixpe", given, simulator="icarus", cases=1, outputs=1, cache=cache)
    assert result.failures == ()
    assert result.passed

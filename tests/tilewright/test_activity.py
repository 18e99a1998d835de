"""Activities of engines that multiply."""

from unittest import mock

import pytest

from hw.bench.simulators import Simulator
from hw.synth.options import SynthesisError
from tests.support.designs import corner_params
from tilewright import activity
from tilewright.activity import measured_activities
from tilewright.caching import Cache
from tilewright.catalog import find_engine, list_engines

TERNARY = find_engine("ternary")
SMALL = TERNARY.params({"m": 1, "n": 1, "k": 2, "activation": "int4", "k_max": 9})


def test_the_clock_changes_twice_in_a_cycle_and_the_reset_never(
    icarus: Simulator, cache: Cache
) -> None:
    del icarus
    found = measured_activities(TERNARY, SMALL, cache)
    assert found["clk"].changes == pytest.approx(2, abs=0.05)
    assert found["clk"].duty == pytest.approx(0.5, abs=0.05)
    assert found["rst"].changes == 0
    # Random operands: where a beat comes, every second bit changes.
    assert 0.2 < found["activations__payload[0]"].changes < 0.6
    assert all(0 <= one.changes <= 2.1 and 0 <= one.duty <= 1 for one in found.values())
    with mock.patch.object(activity, "play", side_effect=AssertionError):
        assert measured_activities(TERNARY, SMALL, cache) == found


def test_wrong_rtl_has_no_power(icarus: Simulator, cache: Cache) -> None:
    del icarus
    wrong = mock.Mock(mismatches=1, cycle_mismatches=0)
    with (
        mock.patch.object(activity, "play", return_value=wrong),
        pytest.raises(SynthesisError, match="the RTL of ternary is wrong"),
    ):
        measured_activities(TERNARY, TERNARY.params({"m": 1, "n": 1, "k": 1}), cache)


@pytest.mark.slow
@pytest.mark.parametrize("name", [engine.name for engine in list_engines()])
def test_every_engine_has_activities(name: str, icarus: Simulator, cache: Cache) -> None:
    del icarus
    engine = find_engine(name)
    found = measured_activities(engine, corner_params(engine.params_type)[0], cache)
    assert any(0 < one.changes < 2 for one in found.values())

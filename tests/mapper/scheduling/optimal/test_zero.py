import hypothesis.strategies as st
from hypothesis import given, settings

from mapper.scheduling.footprint import least_peak
from mapper.scheduling.optimal import least_zero_capacity
from mapper.scheduling.outcome import Options
from mapper.status import Status
from tests.mapper.scheduling.cases import draw_case, fragmented
from tests.mapper.scheduling.oracle import least


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=25, deadline=None)
def test_is_where_the_oracle_finds_zero_and_below_which_it_does_not(seed, in_place):
    net = draw_case(seed, most_operators=5).graph
    found = least_zero_capacity(net, Options(in_place=in_place))
    assert found.is_least
    assert found.outcome.status is Status.OPTIMAL
    assert found.outcome.objective_bytes == 0
    assert least(net, found.capacity_bytes, in_place=in_place).least_bytes == 0
    below = least(net, found.capacity_bytes - 1, in_place=in_place)
    assert below is None or below.least_bytes > 0


def test_is_above_the_smallest_peak_where_addresses_do_not_fit():
    net = fragmented().graph
    assert least_peak(net).peak_bytes == 8
    found = least_zero_capacity(net)
    assert found.capacity_bytes == found.bound_bytes == 9

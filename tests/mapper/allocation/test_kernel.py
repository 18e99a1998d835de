import numpy as np

from mapper.allocation import kernel as k
from mapper.allocation.instance import reduce_problem
from mapper.allocation.orders import Order, order_buffers
from mapper.allocation.state import start_state
from tests.mapper.allocation.oracle import cut


def start(capacity: int) -> k.Kernel:
    instance = reduce_problem(cut(np.random.default_rng(0), 100, duration=256, capacity=128))
    return start_state(instance, capacity, order_buffers(instance, Order.AREA))


def test_a_search_that_stops_leaves_the_start() -> None:
    state, untouched = start(128), start(128)
    assert k.decide(state, 30) == k.STOPPED
    assert state.scalars[k.NODES] == 31
    assert np.array_equal(state.buffers, untouched.buffers)
    kept = [k.FLOOR, k.BASE, k.BELOW, k.N_LEFT, k.LEFT, k.CROSSING, k.QUEUED, k.IS_TOUCHED]
    assert np.array_equal(state.sections[kept], untouched.sections[kept])
    assert k.decide(state, 1_000_000) == k.FITS


def test_a_search_is_stopped_from_outside() -> None:
    state = start(128)
    state.scalars[k.STOP] = 1
    assert k.decide(state, 1_000_000) == k.STOPPED
    assert state.scalars[k.NODES] == 1


def test_a_search_without_room_on_its_stacks_gives_up() -> None:
    state = start(128)
    for small in (
        state._replace(frames=state.frames[:0]),
        state._replace(pool=state.pool[:10]),
        state._replace(trail=state.trail[: 4 * state.noted.size]),
    ):
        assert k.decide(small, 1_000_000) == k.STOPPED


def test_a_failure_says_the_next_capacity() -> None:
    state = start(100)
    assert k.decide(state, 1_000_000) == k.FAILED
    assert 100 < state.scalars[k.NEXT] <= 128

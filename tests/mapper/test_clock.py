import time

from mapper import clock


def test_stands_still_in_pauses():
    begin, wall = clock.now(), time.monotonic()
    clock.pause()
    clock.pause()
    time.sleep(0.03)
    at = clock.now()
    clock.resume()
    time.sleep(0.03)
    assert clock.now() == at
    clock.resume()
    time.sleep(0.01)
    assert at < clock.now()
    assert clock.now() - begin <= time.monotonic() - wall - 0.06


def test_tells_when_it_stops_and_goes_on():
    told = []
    with clock.watched(told.append):
        clock.pause()
        clock.pause()
        clock.resume()
        assert told == [True]
        clock.resume()
    clock.pause()
    clock.resume()
    assert told == [True, False]


def test_compilation_stops_it():
    import numba

    from mapper.allocation.compiled import compiled, compiled_part  # registers it

    assert {compiled, compiled_part}
    told = []
    begin, wall = clock.now(), time.monotonic()
    with clock.watched(told.append):
        assert numba.njit(lambda x: x + 1)(1) == 2
    assert told == [True, False]
    assert clock.now() - begin < (time.monotonic() - wall) / 2 + 0.05

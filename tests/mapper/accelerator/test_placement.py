"""Placement: nothing overlaps, and ports are shared where they must be alone."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mapper.accelerator.placement import Item, NoRoomError, place


def stages(*numbers):
    return frozenset(numbers)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_nothing_overlaps(seed):
    rng = np.random.default_rng(seed)
    items = []
    for key in range(int(rng.integers(1, 12))):
        first = int(rng.integers(0, 8))
        last = first + int(rng.integers(0, 4))
        executed = stages(last) if rng.random() < 0.5 else stages()
        items.append(
            Item(
                key=key,
                words=int(rng.integers(1, 24)),
                first=first,
                last=last,
                executed=executed,
                processed=stages(last) - executed,
                written=stages(first),
            )
        )
    try:
        places = place(items, 64, 4)
    except NoRoomError:
        assume(False)
    assert set(places) == {item.key for item in items}
    for item in items:
        assert 0 <= places[item.key] <= 64 - item.words
        for other in items:
            if other is item or other.first > item.last or item.first > other.last:
                continue
            distance = places[other.key] - places[item.key]
            assert distance >= item.words or -distance >= other.words


def test_what_is_read_at_a_time_lies_in_different_banks():
    """A residual block: products read one value while two others are added."""
    items = [
        Item(key="x", words=10, first=0, last=2, executed=stages(1), processed=stages(2)),
        Item(key="a", words=10, first=1, last=2, executed=stages(2), written=stages(1)),
        Item(key="b", words=10, first=2, last=2, processed=stages(2), written=stages(2)),
        Item(key="sum", words=10, first=2, last=3, executed=stages(3), written=stages(2)),
    ]
    banks = {key: address // 32 for key, address in place(items, 128, 4).items()}
    assert banks["a"] not in (banks["x"], banks["b"])
    assert banks["sum"] not in (banks["x"], banks["b"])


def test_banks_do_not_matter_where_room_is_short():
    items = [
        Item(key=key, words=words, first=0, last=0)
        for key, words in (("a", 40), ("b", 23), ("c", 1))
    ]
    assert sorted(place(items, 64, 4).values()) == [0, 40, 63]


def test_no_room():
    items = [Item(key=key, words=40, first=0, last=0) for key in range(2)]
    with pytest.raises(NoRoomError, match="there is no room for 40 words") as caught:
        place(items, 64, 4)
    assert caught.value.item is items[1]

"""How long tensors lie where."""

from tests.mapper.scheduling.test_checker import ROOMY, TIGHT, network
from tilewright.residencies import Residency, residencies


def rectangle(tensor, address, size_bytes, first, last, *, retrieved=False, spilled=None):
    return Residency(
        tensor=tensor,
        address=address,
        size_bytes=size_bytes,
        first=first,
        last=last,
        retrieved=retrieved,
        spilled=spilled,
    )


def test_a_tensor_is_one_rectangle_for_as_long_as_it_stays():
    assert residencies(network(), ROOMY) == [
        rectangle("x", 0, 4, 0, 3),
        rectangle("w", 4, 3, 1, 2),
        rectangle("a", 7, 6, 1, 2),
        rectangle("b", 13, 5, 2, 3),
        rectangle("y", 4, 2, 3, 3),
    ]


def test_what_comes_back_is_another_rectangle():
    assert residencies(network(), TIGHT) == [
        rectangle("x", 0, 4, 0, 1, spilled=2),
        rectangle("w", 4, 3, 1, 2),
        rectangle("a", 8, 6, 1, 2),
        rectangle("b", 8, 5, 2, 3),
        rectangle("x", 0, 4, 3, 3, retrieved=True),
        rectangle("y", 4, 2, 3, 3),
    ]

import pytest

from golden.errors import UserError
from mapper.allocation.problem import LARGEST_TOTAL, Buffer, Problem


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"upper": 1}, "buffer 'x': upper must be above lower 1, not 1"),
        ({"size": 0}, "buffer 'x': size must be at least 1, not 0"),
        ({"size": -3}, "buffer 'x': size must be at least 1, not -3"),
        ({"alignment": 0}, "alignment must be at least 1, not 0"),
        ({"offset": -4}, "offset must be at least 0, not -4"),
        ({"offset": 6, "alignment": 4}, "a multiple of the alignment 4, not 6"),
        ({"gaps": ((0, 3),)}, "gap 0-3 must lie in the lifetime 1-9"),
        ({"gaps": ((4, 4),)}, "gap 4-4 must lie in the lifetime 1-9 and end after it begins"),
        ({"gaps": ((1, 5), (5, 9))}, "gaps leave nothing of the lifetime"),
    ],
)
def test_buffers_that_can_not_be_are_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(UserError) as refused:
        Buffer(**{"id": "x", "lower": 1, "upper": 9, "size": 2, **fields})  # type: ignore[arg-type]  # wrong on purpose
    assert said in str(refused.value)


def test_ids_are_unique() -> None:
    buffer = Buffer(id="x", lower=0, upper=1, size=1)
    with pytest.raises(UserError, match="buffer 'x' comes 2 times: ids must be unique"):
        Problem((buffer, buffer))


def test_sums_stay_in_64_bits() -> None:
    sizes = [LARGEST_TOTAL // 2] * 2
    buffers = tuple(Buffer(id=str(i), lower=0, upper=1, size=size) for i, size in enumerate(sizes))
    with pytest.raises(UserError, match="the sizes' sum must be below"):
        Problem(buffers)


def test_spans_are_the_lifetime_without_gaps() -> None:
    buffer = Buffer(id="x", lower=0, upper=9, size=1, gaps=((6, 8), (2, 4), (3, 5), (0, 1)))
    assert buffer.spans == ((1, 2), (5, 6), (8, 9))

"""Points become designs."""

from dataclasses import fields

import pytest

from golden.errors import UserError
from tests.tilewright.sweeps.studies import engines_study
from tilewright.sweeps.designs import Options, key_of, resolve
from tilewright.sweeps.space import AcceleratorBase


def test_accelerators_take_all_options() -> None:
    assert AcceleratorBase.options == tuple(entry.name for entry in fields(Options))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"mapper": "best"}, "mapper must be one of greedy, optimal, not 'best'"),
        ({"time_limit": 0}, "time_limit must be a number of seconds above 0, not 0"),
        ({"scheme": "w9a8"}, "'w9a8' is not a scheme"),
    ],
)
def test_options_that_can_not_be(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Options(**options)  # type: ignore[arg-type]


def test_keys_tell_designs_apart() -> None:
    space = engines_study(sampler="grid").space
    keys = [key_of(resolve(space, space.point(chosen))) for chosen in space.grid()]
    again = [key_of(resolve(space, space.point(chosen))) for chosen in space.grid()]
    assert keys == again
    assert len(set(keys)) == space.size() == 15

"""Gated adders: planes of weights, beyond what tile engines have in common."""

import numpy as np
import pytest

from golden.contract import Jobs, Width
from golden.errors import UserError
from golden.formats import IntFormat, parse_format
from golden.quantized import QuantizedTensor
from tests.support.gemm import run
from tilewright.catalog import find_engine

SMALL = {"m": "2", "n": "2", "k": "2"}


def test_narrow_weights_on_wide_planes() -> None:
    """One RTL for every number of bits, changed from job to job."""
    engine = find_engine("add")
    given = {**SMALL, "k_max": "3", "weight": "int8"}
    params = engine.params(given)
    rng = np.random.default_rng(2)
    a = params.activation.draw(rng, (2, 3))
    w = params.weight.draw(rng, (3, 16))
    tile = engine.golden.jobs(params, 2, 2, 3)
    jobs = Jobs.concatenate(
        *(
            tile.moved(0, 2 * place).with_bits(Width.WEIGHT, bits)
            for place, bits in enumerate((8, 1, 3, 2, 7, 4, 6, 5))
        )
    )
    for place, job in enumerate(jobs):
        w[:, 2 * place : 2 * place + 2] &= np.uint8((1 << job.weight_bits) - 1)
    problems, cycles = run("add", given, jobs, a, w)
    assert problems == []
    # 2 steps of 36 bits in all are longer than the 2 rows of any job.
    assert cycles == 2 * 36 + 2 + params.stages


@pytest.mark.parametrize("weight", ["int6", "uint6", "bipolar6"])
def test_every_width_of_weights_is_exact(weight: str) -> None:
    engine = find_engine("add")
    widest = parse_format(weight)
    params = engine.params({**SMALL, "weight": weight, "k_max": "5"})
    rng = np.random.default_rng(4)
    a = params.activation.draw(rng, (3, 5))
    for bits in range(1, 7):
        format = widest.with_bits(bits)
        tensor = QuantizedTensor(codes=format.draw(rng, (5, 2)), format=format)
        expected = params.activation.decode(a).astype(int) @ format.decode(tensor.codes).astype(int)
        found = params.sums.decode(engine.golden.matmul(params, a, tensor))
        assert found.tolist() == expected.tolist(), format


@pytest.mark.parametrize("weight", ["int17", "bipolar17", "ternary"])
def test_weights_without_planes_are_refused(weight: str) -> None:
    message = f"weight must be an integer or bipolar format of 1 to 16 bits, not {weight}"
    with pytest.raises(UserError, match=message):
        find_engine("add").params({"weight": weight})


def test_codes_beyond_their_width_are_refused() -> None:
    engine = find_engine("add")
    params = engine.params(SMALL)
    tensor = QuantizedTensor(codes=np.full((1, 1), 4, np.uint8), format=IntFormat(2))
    with pytest.raises(UserError, match="4 is not a code of int2"):
        engine.golden.matmul(params, np.zeros((1, 1), np.uint8), tensor)

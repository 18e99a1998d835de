"""Floating-point units against the golden arithmetic: all pairs of small formats, and corners."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Shape, signed, unsigned
from amaranth.sim import Simulator
from numpy.typing import NDArray

from golden.arith.floats import add, from_integers, multiply
from golden.formats import BF16, FP16, FP32, FloatFormat
from hw.arith.floats import FloatAdd, FloatMultiply, IntegerToFloat

E4M3 = FloatFormat(4, 3)
E5M2 = FloatFormat(5, 2)
SMALL = FloatFormat(3, 2)
UNITS = {"multiply": (FloatMultiply, multiply), "add": (FloatAdd, add)}
COUNT = 500


def outputs(unit: Any, inputs: Mapping[str, NDArray[np.generic]]) -> list[int]:
    """What a combinational unit gives, for each element of its inputs."""
    found = []

    async def bench(ctx: Any) -> None:
        for values in zip(*(array.tolist() for array in inputs.values()), strict=True):
            for name, value in zip(inputs, values, strict=True):
                ctx.set(getattr(unit, name), value)
            found.append(ctx.get(unit.o))

    simulator = Simulator(unit)
    simulator.add_testbench(bench)
    simulator.run()
    return found


def check_pairs(
    format: FloatFormat, name: str, a: NDArray[np.generic], b: NDArray[np.generic]
) -> None:
    component, golden = UNITS[name]
    found = np.array(outputs(component(format), {"a": a, "b": b}))
    expected = golden(format, a, b)
    wrong = np.flatnonzero(found != expected)
    assert [(hex(a[i]), hex(b[i]), hex(found[i]), hex(expected[i])) for i in wrong[:5]] == []


def every_pair(format: FloatFormat) -> list[NDArray[np.int64]]:
    codes = np.arange(1 << format.bits)
    return [axis.ravel() for axis in np.meshgrid(codes, codes, indexing="ij")]


@pytest.mark.parametrize("name", UNITS)
def test_every_pair_of_six_bits(name: str) -> None:
    check_pairs(SMALL, name, *every_pair(SMALL))


@pytest.mark.slow
@pytest.mark.parametrize("format", [E4M3, E5M2, FloatFormat(3, 4)], ids=str)
@pytest.mark.parametrize("name", UNITS)
def test_every_pair_of_eight_bits(name: str, format: FloatFormat) -> None:
    check_pairs(format, name, *every_pair(format))


def corners(format: FloatFormat) -> NDArray[np.int64]:
    """Ends of every kind of number, with both signs."""
    one = format.bias << format.mantissa_bits
    places = 1 << format.mantissa_bits
    positive = [
        *(0, 1, 2, places - 1, places, places + 1, 2 * places - 1),
        *(one - 1, one, one + 1, one + places // 2, one + places - 1),
        *(format.infinity - 1, format.infinity - places, format.infinity, format.nan),
        *(format.infinity + 1, 2 * format.infinity // 3, (format.mantissa_bits + 2) * places + 1),
    ]
    return np.array([code | sign for code in positive for sign in (0, format.sign)])


@pytest.mark.parametrize("format", [FP32, FP16, BF16], ids=str)
@pytest.mark.parametrize("name", UNITS)
def test_corners_and_random_pairs(name: str, format: FloatFormat) -> None:
    rng = np.random.default_rng(0)
    ends = corners(format)
    a, b = (axis.ravel() for axis in np.meshgrid(ends, ends))
    others = [format.draw(rng, (COUNT,)).astype(np.int64) for _ in range(2)]
    # Half of the pairs are near each other in size, where sums cancel.
    near = others[0] ^ rng.integers(0, 1 << (format.mantissa_bits + 2), COUNT)
    near ^= rng.integers(0, 2, COUNT) << (format.bits - 1)
    others[1][::2] = near[::2]
    check_pairs(format, name, *(np.concatenate(pair) for pair in zip((a, b), others, strict=True)))


@pytest.mark.parametrize("format", [FP32, BF16, SMALL], ids=str)
@pytest.mark.parametrize(
    "integer", [signed(40), signed(24), signed(9), unsigned(25), signed(1)], ids=str
)
def test_integers(format: FloatFormat, integer: Shape) -> None:
    rng = np.random.default_rng(0)
    bits = integer.width - integer.signed
    low = -(1 << bits) if integer.signed else 0
    values = rng.integers(0, 1 << bits, 200) >> rng.integers(0, bits + 1, 200)
    values = np.concatenate([values, low - low // max(1, abs(low)) * values if low else values])
    values = np.append(np.clip(values, low, (1 << bits) - 1), [low, (1 << bits) - 1, 0])
    found = outputs(IntegerToFloat(format, integer), {"i": values})
    assert found == from_integers(format, values).tolist()

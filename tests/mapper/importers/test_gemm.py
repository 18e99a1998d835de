"""GEMMs on the command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.importers.errors import ModelError
from mapper.importers.gemm import parse_gemm
from sim.workload import GemmLayer, Workload

SIZE = st.integers(1, 10**18 - 1)


@given(SIZE, SIZE, SIZE)
def test_order(m: int, k: int, n: int) -> None:
    """M, then K, then N."""
    assert parse_gemm(f"gemm:{m}x{k}x{n}") == Workload(
        name=f"gemm:{m}x{k}x{n}", layers=(GemmLayer(name="gemm", m=m, k=k, n=n),)
    )


def test_case() -> None:
    """Upper case and leading zeros do not matter."""
    assert parse_gemm("GEMM:196X0384X192") == parse_gemm("gemm:196x384x192")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gemm:",
        "gemm:196x384",
        "gemm:196x384x192x1",
        "gemm:196,384,192",
        "gemm:0x1x1",
        "gemm:1x1x0",
        "gemm:-1x1x1",
        "gemm:1.5x1x1",
        "gemm:1_0x1x1",
        "gemm:\N{ARABIC-INDIC DIGIT ONE}x1x1",
        "gemm:1 x 1 x 1",
        "gemm:1x1x1\n",
        "gemm:1x1x1" + "0" * 18,
        "196x384x192",
        "conv:1x1x1",
    ],
)
def test_refused(text: str) -> None:
    """Anything else."""
    with pytest.raises(ModelError) as error:
        parse_gemm(text)
    assert str(error.value) == (
        "a GEMM is written gemm:MxKxN with three positive integers, such as gemm:196x384x192, "
        f"not {text!r}"
    )

"""Schemes by name."""

import pytest

from golden.errors import UserError
from golden.formats import NF4, TERNARY, BipolarFormat, IntFormat, parse_format
from tilewright.quantization.scheme import Method, Scheme, parse_scheme

UINT4 = IntFormat(4, signed=False)


@pytest.mark.parametrize(
    ("text", "method", "format", "activation_bits", "group_size"),
    [
        ("w4", Method.LEAST_ERROR, IntFormat(4), 8, None),
        ("W2A8-G32", Method.LEAST_ERROR, IntFormat(2), 8, 32),
        ("w1a8", Method.LEAST_ERROR, BipolarFormat(1), 8, None),
        ("u4a6-g128", Method.AFFINE, UINT4, 6, 128),
        ("ternary", Method.LEAST_ERROR, TERNARY, 8, None),
        ("ternarya4", Method.LEAST_ERROR, TERNARY, 4, None),
        ("ternary-a4-g16", Method.LEAST_ERROR, TERNARY, 4, 16),
        ("bitnet-a8", Method.ABSMEAN, TERNARY, 8, None),
        ("nf4-g64", Method.LEAST_ERROR, NF4, 8, 64),
        ("any4a8", Method.CODEBOOK, UINT4, 8, None),
        ("bcq3", Method.PLANES, BipolarFormat(3), 8, None),
        ("shiftadd2-g8", Method.POWERS, BipolarFormat(2), 8, 8),
        ("bipolar3", Method.LEAST_ERROR, BipolarFormat(3), 8, None),
        ("flint4", Method.LEAST_ERROR, parse_format("flint4"), 8, None),
        ("ovp_int4a8", Method.LEAST_ERROR, parse_format("ovp_int4"), 8, None),
    ],
)
def test_schemes(
    text: str,
    method: Method,
    format: object,
    activation_bits: int,
    group_size: int | None,
) -> None:
    scheme = parse_scheme(text)
    assert isinstance(scheme, Scheme)
    assert (scheme.method, scheme.format) == (method, format)
    assert (scheme.activation_bits, scheme.group_size) == (activation_bits, group_size)
    assert scheme.name == text.lower()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is not a scheme: it begins with w1 to w8"),
        ("w9", "'w9' is not a scheme"),
        ("a8", "'a8' is not a scheme"),
        ("w4-h32", "'w4-h32' is not a scheme"),
        ("w4a9", "activations have 2 to 8 bits, not 9"),
        ("w4a1", "activations have 2 to 8 bits, not 1"),
        ("w4-g0", "groups have at least 1 element, not 0"),
        ("bitnet-g32", "bitnet has one scale for all weights, and no groups"),
        ("int16", "weights have up to 8 bits, int16 has 16"),
    ],
)
def test_refusals(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parse_scheme(text)

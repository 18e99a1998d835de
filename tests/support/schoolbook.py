"""Products by the schoolbook, in Python's integers and NumPy's single precision."""

import numpy as np

from golden.formats import (
    FP32,
    AbfloatFormat,
    BipolarFormat,
    Codes,
    FlintFormat,
    Format,
    IntFormat,
    OvpFormat,
    SignsFormat,
    TernaryFormat,
)
from golden.quantized import QuantizedTensor

__all__ = ["plain_product", "scaled_product"]

Row = list[int]


def plain_product(
    a: Codes, w: Codes, c: Codes | None, formats: tuple[Format, Format, IntFormat]
) -> list[Row]:
    """Codes of ``a @ w + c``."""
    first, second, sums = formats
    rows = [
        [_dot(a[m], w[:, n], first, second) for n in range(w.shape[1])] for m in range(a.shape[0])
    ]
    return [
        [
            (total + (0 if c is None else int(c[m, n]))) % (1 << sums.bits)
            for n, total in enumerate(row)
        ]
        for m, row in enumerate(rows)
    ]


def scaled_product(
    a: Codes,
    w: Codes,
    c: Codes | None,
    formats: tuple[Format, Format, Format],
    tensor: QuantizedTensor,
) -> list[Row]:
    """Codes of ``c`` and of all groups ``scale * (a @ w - zero_point * sum(a))``, in order.

    ``tensor`` has the scales and zero points of ``w``.

    Results are integers, which wrap, or single precision, where the integer, its product and its
    sum are each rounded.
    """
    first, second, result = formats
    depth = a.shape[1]
    size = tensor.group_size or depth
    assert tensor.scales is not None
    codes = []
    for m in range(a.shape[0]):
        row = []
        for n in range(w.shape[1]):
            total = np.float32(0.0) if result == FP32 else 0
            if c is not None:
                total = np.uint32(c[m, n]).view(np.float32) if result == FP32 else int(c[m, n])
            for group, start in enumerate(range(0, depth, size)):
                part = slice(start, start + size)
                whole = _dot(a[m, part], w[part, n], first, second)
                if tensor.zero_points is not None:
                    row_sum = sum(_value(int(code), first) for code in a[m, part])
                    whole -= int(tensor.zero_points[group, n]) * row_sum
                if result == FP32:
                    with np.errstate(all="ignore"):
                        total = total + np.float32(whole) * np.float32(tensor.scales[group, n])
                else:
                    total += int(tensor.scales[group, n]) * whole
            row.append(_code(total, result))
        codes.append(row)
    return codes


def _code(total: int | np.float32, result: Format) -> int:
    if isinstance(total, np.float32):
        return 0x7FC00000 if np.isnan(total) else int(total.view(np.uint32))
    return total % (1 << result.bits)


def _dot(row: Codes, col: Codes, first: Format, second: Format) -> int:
    return sum(x * y for x, y in zip(_values(row, first), _values(col, second), strict=True))


def _values(codes: Codes, format: Format) -> Row:
    """Of neighbours along K, of which a pair may hold one only."""
    values = [_value(code, format) for code in codes.tolist()]
    if isinstance(format, OvpFormat):
        outlier = [code >> format.normal.bits for code in codes.tolist()]
        for left in range(0, len(values) - 1, 2):
            right = left + 1
            if outlier[left] and not (outlier[right] and abs(values[right]) > abs(values[left])):
                values[right] = 0
            elif outlier[right]:
                values[left] = 0
    return values


def _value(code: int, format: Format) -> int:
    match format:
        case BipolarFormat():
            return sum((1 << bit) * (1 if code >> bit & 1 else -1) for bit in range(format.bits))
        case SignsFormat():
            return sum(1 if code >> bit & 1 else -1 for bit in range(format.bits))
        case TernaryFormat():
            return {0: 0, 1: 1, 3: -1}[code]
        case IntFormat(signed=True) if code >> (format.bits - 1):
            return code - (1 << format.bits)
        case FlintFormat(signed=True):
            size = _flint(f"{code:0{format.bits}b}"[1:])
            return -size if code >> (format.bits - 1) else size
        case FlintFormat():
            return _flint(f"{code:0{format.bits}b}")
        case AbfloatFormat():
            exponent, mantissa = divmod(code, 1 << format.mantissa_bits)
            negative, exponent = divmod(exponent, 1 << format.exponent_bits)
            significand = (1 << format.mantissa_bits) + mantissa
            size = min(significand * 2 ** (exponent + format.bias), 2**15)
            return -size if negative else size
        case OvpFormat():
            half = code % (1 << format.normal.bits)
            return _value(half, format.normal if half == code else format.outlier)
        case _:
            return code


def _flint(code: str) -> int:
    """Of an unsigned code as text."""
    rest = code[1:]
    if code[0] == "0":
        return int(rest, 2)
    if "1" not in rest:
        return 1 << (2 * len(code) - 2)
    zeros = rest.index("1")
    return int(rest, 2) << (2 * zeros + 1)

"""Products by the schoolbook, in Python's integers and NumPy's single precision."""

import numpy as np

from golden.formats import FP32, BipolarFormat, Codes, Format, IntFormat, TernaryFormat
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
    return sum(
        _value(int(x), first) * _value(int(y), second) for x, y in zip(row, col, strict=True)
    )


def _value(code: int, format: Format) -> int:
    match format:
        case BipolarFormat():
            return sum((1 << bit) * (1 if code >> bit & 1 else -1) for bit in range(format.bits))
        case TernaryFormat():
            return {0: 0, 1: 1, 3: -1}[code]
        case IntFormat(signed=True) if code >> (format.bits - 1):
            return code - (1 << format.bits)
        case _:
            return code

"""Quantized tensors in npz files: there and back, files of others, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.errors import UserError
from golden.formats import NF4, TERNARY, IntFormat
from golden.quantization.codebooks import learned_codebook
from golden.quantization.groups import absmean_ternary, affine, least_error
from golden.quantization.planes import binary_planes
from golden.quantized import QuantizedTensor
from golden.tensor_files import read_tensors, write_tensors

WEIGHTS = np.random.default_rng(0).standard_normal((40, 3))
TENSORS = {
    "plain": QuantizedTensor(codes=TERNARY.encode([[1, 0], [-1, 1]]), format=TERNARY),
    "file": least_error(WEIGHTS, IntFormat(4), group_size=16),
    "zero points": affine(WEIGHTS, IntFormat(4, signed=False), group_size=16),
    "nf4": least_error(WEIGHTS, NF4),
    "bitnet": absmean_ternary(WEIGHTS),
    "any4": learned_codebook(WEIGHTS, group_size=16),
    "bcq": binary_planes(WEIGHTS, bits=3, group_size=16),
    "wide": QuantizedTensor(codes=IntFormat(12).encode([[-2048, 2047]]), format=IntFormat(12)),
}


def test_there_and_back(tmp_path: Path) -> None:
    write_tensors(tmp_path / "tensors.npz", TENSORS)
    found = read_tensors(tmp_path / "tensors.npz")
    assert list(found) == list(TENSORS)
    for name, given in TENSORS.items():
        read = found[name]
        assert (read.format, read.group_size) == (given.format, given.group_size)
        assert read.codes.dtype == given.codes.dtype
        for field in ("codes", "scales", "zero_points", "codebook", "planes"):
            one, other = getattr(read, field), getattr(given, field)
            assert (one is None) == (other is None)
            assert one is None or np.array_equal(one, other)
        assert np.array_equal(read.dequantize(), given.dequantize())


def test_equal_tensors_make_equal_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_tensors(tmp_path / name, TENSORS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def entries(**changes: Any) -> dict[str, Any]:
    """As another program may write them: codes in a wide dtype, scales in single precision."""
    given = {
        "tilewright.version": np.array(1),
        "w/codes": np.array([[0, 15], [7, 8]], np.uint32),
        "w/format": np.array("int4"),
        "w/group_size": np.array(1, np.uint8),
        "w/scales": np.array([[1, 2], [0.5, 4]], np.float32),
    }
    given.update({key.replace("__", "/"): value for key, value in changes.items()})
    return {key: value for key, value in given.items() if value is not None}


def test_files_of_other_programs(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", **entries())
    (tensor,) = read_tensors(tmp_path / "w.npz").values()
    assert tensor.codes.dtype == np.uint8
    assert tensor.dequantize().tolist() == [[0, -2], [3.5, -32]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tilewright.version": None}, "has no entry tilewright.version of 1"),
        ({"tilewright.version": np.array(2)}, "or a newer one"),
        ({"w__colour": np.array(1)}, "entry 'w/colour' is none of NAME/codes, NAME/format"),
        ({"loose": np.array(1)}, "entry 'loose' is none of NAME/codes"),
        ({"w__format": None}, "tensor 'w': it has no format"),
        ({"w__codes": None}, "tensor 'w': it has no codes"),
        ({"w__format": np.array("int99")}, "tensor 'w': 'int99' is not a number format"),
        ({"w__format": np.array(["int4", "int4"])}, "its format must be one text"),
        ({"w__codes": np.array([[-1, 1]])}, "codes are unsigned integers, not int64"),
        ({"w__codes": np.array([[16]], np.uint8)}, "16 is not a code of int4"),
        ({"w__codes": np.array([1], np.uint8)}, "a quantized tensor is a matrix"),
        ({"w__group_size": np.array([1, 2])}, "its group_size must be one integer"),
        ({"w__group_size": np.array(0)}, "group_size must be at least 1, not 0"),
        ({"w__scales": np.array([[1, 2]])}, "its scales must be finite floating-point numbers"),
        ({"w__scales": np.array([[np.nan]])}, "its scales must be finite"),
        ({"w__zero_points": np.array([[0.5]])}, "its zero_points must be integers"),
        ({"w__codebook": np.ones(8)}, "its codebook must have 16 entries"),
    ],
)
def test_refusals(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    given = entries(**changes)
    np.savez(tmp_path / "w.npz", **given)
    with pytest.raises(UserError, match=said):
        read_tensors(tmp_path / "w.npz")


@pytest.mark.parametrize("content", [b"", b"PK", b"nothing"])
def test_other_files(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "w.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"w\.npz is no npz file of arrays"):
        read_tensors(tmp_path / "w.npz")


@pytest.mark.parametrize("name", ["", "a/b"])
def test_names(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has a letter and no slash"):
        write_tensors(tmp_path / "w.npz", {name: TENSORS["plain"]})

"""Quantized tensors in npz files."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from golden.errors import UserError
from golden.formats import code_dtype, parse_format
from golden.quantized import QuantizedTensor

__all__ = ["VERSION", "read_tensors", "write_tensors"]

VERSION = 1
_VERSION_KEY = "tilewright.version"
_OPTIONAL = ("group_size", "scales", "zero_points", "codebook", "planes")


def write_tensors(path: Path | str, tensors: Mapping[str, QuantizedTensor]) -> None:
    """Write tensors by name.

    An entry ``NAME/FIELD`` for every field that a tensor has: ``codes`` as they are, ``format`` as
    text, ``group_size`` as an int64, the others as float64 or int64; and ``tilewright.version``.

    Raises
    ------
    UserError
        If a name is empty or has a slash.
    OSError
        If the file can not be written.
    """
    entries: dict[str, NDArray[np.generic]] = {_VERSION_KEY: np.array(VERSION)}
    for name, tensor in tensors.items():
        if not name or "/" in name:
            raise UserError(f"a tensor's name has a letter and no slash, unlike {name!r}")
        entries[f"{name}/codes"] = np.asarray(tensor.codes)
        entries[f"{name}/format"] = np.array(tensor.format.name)
        for field in _OPTIONAL:
            value = getattr(tensor, field)
            if value is not None:
                entries[f"{name}/{field}"] = np.asarray(value)
    # numpy.savez takes names as arguments, so it can not write an array called "file".
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, array in entries.items():
            with archive.open(zipfile.ZipInfo(f"{key}.npy"), "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def read_tensors(path: Path | str) -> dict[str, QuantizedTensor]:
    """Tensors of a file that `write_tensors` or another program wrote.

    Raises
    ------
    UserError
        If it is no such file, or an entry does not fit its tensor; the message names the entry.
    OSError
        If the file can not be read.
    """
    entries = _entries(Path(path))
    version = entries.pop(_VERSION_KEY, None)
    if version is None or version.shape != () or version != VERSION:
        raise UserError(
            f"{path} has no entry {_VERSION_KEY} of {VERSION}: no file of tensors, or a newer one"
        )
    fields: dict[str, dict[str, NDArray[np.generic]]] = {}
    for key, array in entries.items():
        name, _, field = key.partition("/")
        if not name or field not in ("codes", "format", *_OPTIONAL):
            raise UserError(
                f"{path}: entry {key!r} is none of NAME/codes, NAME/format,"
                f" {', '.join(f'NAME/{field}' for field in _OPTIONAL)}"
            )
        fields.setdefault(name, {})[field] = array
    tensors = {}
    for name, given in fields.items():
        try:
            tensors[name] = _tensor(given)
        except ValueError as error:
            raise UserError(f"{path}: tensor {name!r}: {error}") from None
    return tensors


def _entries(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        # Opened here, because NumPy leaves a file open that it can not read.
        with path.open("rb") as opened:
            loaded = np.load(opened)
            if isinstance(loaded, NpzFile):
                return {name: loaded[name] for name in loaded.files}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        pass
    raise UserError(f"{path} is no npz file of arrays, as numpy.savez writes it")


def _tensor(given: Mapping[str, NDArray[np.generic]]) -> QuantizedTensor:
    for field in ("codes", "format"):
        if field not in given:
            raise ValueError(f"it has no {field}")
    codes, name = given["codes"], given["format"]
    if name.shape != () or name.dtype.kind != "U":
        raise ValueError("its format must be one text")
    format = parse_format(str(name))
    if codes.dtype.kind != "u":
        raise ValueError(f"codes are unsigned integers, not {codes.dtype}")
    if codes.size and int(codes.max()) >> format.bits:
        raise ValueError(f"{int(codes.max())} is not a code of {format.name}")
    size = given.get("group_size")
    if size is not None and (size.shape != () or size.dtype.kind not in "iu"):
        raise ValueError("its group_size must be one integer")
    tensor = QuantizedTensor(
        codes=codes.astype(code_dtype(format.bits)),
        format=format,
        group_size=None if size is None else int(size),
        scales=_reals(given, "scales"),
        zero_points=_integers(given, "zero_points"),
        codebook=_reals(given, "codebook"),
        planes=_reals(given, "planes"),
    )
    if tensor.codebook is not None and tensor.codebook.shape[-1] < 1 << format.bits:
        raise ValueError(f"its codebook must have {1 << format.bits} entries")
    return tensor


def _reals(given: Mapping[str, NDArray[np.generic]], field: str) -> NDArray[np.float64] | None:
    array = given.get(field)
    if array is None:
        return None
    if array.dtype.kind != "f" or not np.isfinite(array.astype(np.float64)).all():
        raise ValueError(f"its {field} must be finite floating-point numbers")
    return array.astype(np.float64)


def _integers(given: Mapping[str, NDArray[np.generic]], field: str) -> NDArray[np.int64] | None:
    array = given.get(field)
    if array is None:
        return None
    if array.dtype.kind not in "iu":
        raise ValueError(f"its {field} must be integers")
    return array.astype(np.int64)

"""Layer tables in the csv format of SCALE-Sim.

The first row that is not blank is the header, and says which of the two kinds of table it is:

- convolutions: ``Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels,
  Num Filter, Strides``, or with ``Stride height, Stride width`` in place of ``Strides``;
- GEMMs: ``Layer, M, N, K`` (in this order, which is not that of ``gemm:MxKxN``).

Case, spaces and a plural s do not matter in a header, and the name of its first column is free.
Rows may end in a comma or not, lines in LF or CRLF, the file with a newline or not; blank rows and
rows of commas alone are skipped, and so are columns to the right of those named above. Only a
sparsity ratio N:M is not skipped there: a layer that is not dense is refused.

A convolution whose name contains ``DP`` is depthwise, as in SCALE-Sim, which runs it channel by
channel with ``Num Filter`` filters for each. Convolutions are taken without padding: these tables
have no column for it, and their authors add it to the input size, or leave it out.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mapper.importers.errors import ModelError
from sim.workload import ConvLayer, GemmLayer, Layer, Workload

__all__ = ["parse_scalesim", "read_scalesim"]

_SIZE = re.compile(r"[0-9]{1,18}")
_RATIO = re.compile(r"([0-9]+)\s*:\s*([0-9]+)")


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A kind of table: its columns, and how a row becomes a layer."""

    columns: tuple[str, ...]
    build: Callable[[str, list[int]], Layer]

    def matches(self, header: list[str]) -> bool:
        """Whether ``header`` has the columns, after a first one of any name."""
        names = [_key(cell) for cell in header[1 : len(self.columns)]]
        return names == [_key(column) for column in self.columns[1:]]


def read_scalesim(path: str | Path) -> Workload:
    """Read a layer table.

    Parameters
    ----------
    path : str or Path
        A file in SCALE-Sim's csv format, UTF-8.

    Returns
    -------
    Workload
        Named like the file, without its suffix.

    Raises
    ------
    ModelError
        If the file cannot be read or is not such a table; the message names the file, the line
        and what is expected there.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ModelError(
            f"{path}: expected a csv file in UTF-8, but byte {error.start} is not"
        ) from error
    return parse_scalesim(text, name=path.stem, source=str(path))


def parse_scalesim(text: str, *, name: str, source: str) -> Workload:
    """Workload of a layer table.

    Parameters
    ----------
    text : str
        The table.
    name : str
        Of the workload.
    source : str
        What messages call the table: its file name.

    Raises
    ------
    ModelError
        If ``text`` is not such a table.
    """
    table: _Table | None = None
    layers: list[Layer] = []
    line = 0
    for line, row in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in row.split(",")]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        where = f"{source}, line {line}"
        if table is None:
            table = _table(cells, where)
        else:
            layers.append(_layer(table, cells, where))
    if table is None:
        raise ModelError(f"{source}, line 1: expected {_HEADERS}, found no text")
    if not layers:
        raise ModelError(f"{source}, line {line}: expected at least one layer below the header")
    return Workload(name=name, layers=tuple(layers))


def _table(header: list[str], where: str) -> _Table:
    for table in _TABLES:
        if table.matches(header):
            return table
    raise ModelError(f"{where}: expected {_HEADERS}, not {', '.join(header)[:80]!r}")


def _layer(table: _Table, cells: list[str], where: str) -> Layer:
    count = len(table.columns)
    if len(cells) < count:
        raise ModelError(
            f"{where}: expected {count} fields ({', '.join(table.columns)}), not {len(cells)}"
        )
    if not cells[0]:
        raise ModelError(f"{where}: expected the name of a layer in the first field")
    for column, cell in zip(table.columns[1:], cells[1:count], strict=True):
        if not _SIZE.fullmatch(cell) or int(cell) == 0:
            raise ModelError(f"{where}: {column} must be a positive integer, not {cell!r}")
    for cell in cells[count:]:
        ratio = _RATIO.fullmatch(cell)
        if ratio and int(ratio[1]) != int(ratio[2]):
            raise ModelError(f"{where}: expected a dense layer (sparsity 1:1), not {cell}")
    try:
        return table.build(cells[0], [int(cell) for cell in cells[1:count]])
    except ValueError as error:
        raise ModelError(f"{where}: {error}") from error


def _gemm(name: str, sizes: list[int]) -> Layer:
    m, n, k = sizes
    return GemmLayer(name=name, m=m, k=k, n=n)


def _conv(name: str, sizes: list[int]) -> Layer:
    height, width, filter_height, filter_width, channels, filters, *strides = sizes
    groups = channels if "DP" in name else 1
    return ConvLayer(
        name=name,
        height=height,
        width=width,
        channels=channels,
        filter_height=filter_height,
        filter_width=filter_width,
        filters=filters * groups,
        stride=(strides[0], strides[-1]),
        groups=groups,
    )


def _key(name: str) -> str:
    """Reduce a column's name to what matters in it."""
    return "".join(name.lower().split()).removesuffix("s")


_SIZES = (
    "Layer name",
    "IFMAP Height",
    "IFMAP Width",
    "Filter Height",
    "Filter Width",
    "Channels",
    "Num Filter",
)

_TABLES = (
    _Table(columns=("Layer", "M", "N", "K"), build=_gemm),
    _Table(columns=(*_SIZES, "Strides"), build=_conv),
    _Table(columns=(*_SIZES, "Stride Height", "Stride Width"), build=_conv),
)

_HEADERS = (
    f"a header, '{', '.join(_TABLES[1].columns)}' for convolutions "
    f"or '{', '.join(_TABLES[0].columns)}' for GEMMs"
)

"""Bytes that cross the bus for rows of an image, in whole beats.

Images begin at beats. Rows that follow each other are one run where an instruction may take them
as one, and each of them is a run of its own otherwise; every run takes the beats that it touches.
"""

import numpy as np
from numpy.typing import NDArray

from mapper.accelerator.formats import Format
from mapper.accelerator.layers import Geometry, Image
from mapper.accelerator.operations import loads_as_one, needed_rows, stores_as_one

__all__ = ["constant_bytes", "load_bytes", "load_table", "store_bytes", "store_table"]


def constant_bytes(words: int, lanes: int, bus: int) -> int:
    """Of constants, which begin at a beat."""
    return -(-words * lanes // bus) * bus


def load_bytes(image: Image, form: Format, rows: range, bus: int) -> int:
    """Of rows that come from DRAM.

    Parameters
    ----------
    image : Image
    form : Format
        In which they come.
    rows : range
    bus : int
        Bytes of a beat.
    """
    # What is beyond the last window of a row is not fetched.
    reach = (form.groups - 1) * form.group_step + form.group_bytes - form.pad_left
    as_one = loads_as_one(image, form, len(rows))
    return _bytes(image, rows, bus, as_one=as_one, reach=reach)


def store_bytes(image: Image, rows: range, bus: int) -> int:
    """Of rows that go to DRAM."""
    reach = image.width * image.channels
    return _bytes(image, rows, bus, as_one=stores_as_one(image, len(rows)), reach=reach)


def _bytes(image: Image, rows: range, bus: int, *, as_one: bool, reach: int) -> int:
    """Of whole rows as one, or of the first ``reach`` bytes of each."""
    row_bytes = image.width * image.channels
    if as_one:
        return _touched(rows.start * row_bytes, rows.stop * row_bytes, bus) if rows else 0
    used = max(min(row_bytes, reach), 0)
    return sum(_touched(row * row_bytes, row * row_bytes + used, bus) for row in rows if used)


def _touched(first: int, end: int, bus: int) -> int:
    return (-(-end // bus) - first // bus) * bus


def load_table(geometry: Geometry, form: Format, bus: int, *, once: int = 0) -> NDArray[np.int64]:
    """Of what output rows ``s`` to ``e - 1`` are made of, at [s, e]; 0 where e is not beyond s.

    Parameters
    ----------
    geometry : Geometry
    form : Format
    bus : int
    once : int
        If not 0, each row is loaded once, with the first output rows that need it, and with the
        last output rows at least so many have come in all.
    """
    height = geometry.target.height
    table = np.zeros((height, height + 1), dtype=np.int64)
    for start in range(height):
        done = needed_rows(geometry, range(start)).stop if start else 0
        for stop in range(start + 1, height + 1):
            rows = needed_rows(geometry, range(start, stop))
            if once:
                rows = range(done, max(rows.stop, done, once if stop == height else 0))
            table[start, stop] = load_bytes(geometry.source, form, rows, bus)
    return table


def store_table(image: Image, bus: int) -> NDArray[np.int64]:
    """Of rows ``s`` to ``e - 1``, at [s, e]; 0 where e is not beyond s."""
    height = image.height
    table = np.zeros((height, height + 1), dtype=np.int64)
    for start in range(height):
        for stop in range(start + 1, height + 1):
            table[start, stop] = store_bytes(image, range(start, stop), bus)
    return table

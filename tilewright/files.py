"""Writing files whole or not at all."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["as_path", "check_folder", "check_place", "partial_file", "write_bytes"]


def as_path(file: Path | str | None) -> Path | None:
    """A file that may be given as text, or not at all."""
    return None if file is None else Path(file)


def check_place(file: Path) -> None:
    """Find out early whether there is a place for a file.

    Raises
    ------
    OSError
        If there is none.
    """
    wrong = errno.EISDIR if file.is_dir() else 0 if file.parent.is_dir() else errno.ENOENT
    if wrong:
        raise OSError(wrong, os.strerror(wrong), str(file))


def check_folder(folder: Path) -> None:
    """Find out early whether a folder is there, or could be made.

    Raises
    ------
    OSError
        If something else is in its place.
    """
    there = folder
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))


@contextmanager
def partial_file(file: Path) -> Iterator[Path]:
    """Another name beside ``file`` to write to, which becomes ``file`` unless there is an error.

    Raises
    ------
    OSError
        If it can not be written; a file that was there is as it was.
    """
    check_place(file)
    partial = file.with_name(f".{file.name}.partial")
    try:
        yield partial
        partial.replace(file)
    except OSError as error:
        if error.filename is not None and Path(error.filename) == partial:
            error.filename = str(file)
        raise
    finally:
        with suppress(OSError):
            partial.unlink()


def write_bytes(file: Path, octets: bytes) -> Path:
    """Write a file; see `partial_file`."""
    with partial_file(file) as partial:
        partial.write_bytes(octets)
    return file

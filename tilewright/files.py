"""Writing files whole or not at all."""

from pathlib import Path

__all__ = ["write_bytes"]


def write_bytes(file: Path, octets: bytes) -> Path:
    """Write a file under another name, then give it its own; the file.

    Raises
    ------
    OSError
        If it can not be written; a file that was there is as it was.
    """
    partial = file.with_name(f".{file.name}.partial")
    try:
        partial.write_bytes(octets)
        return partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)

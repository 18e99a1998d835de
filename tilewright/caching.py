"""The user's cache folder: what takes long is made once.

Entries are folders named by the hash of everything that they depend on. They are made beside
their place and renamed into it, so that an interrupted one leaves nothing behind, and a lock lets
several processes ask for the same one.
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

__all__ = ["Cache", "cache_key", "default_cache"]

DEFAULT_CAP_BYTES = 4 << 30
IN_USE_SECONDS = 3600
"""An entry that was asked for so recently may still be in use, and stays."""


def cache_key(*parts: str | bytes) -> str:
    """Hash of ``parts``, as a name of an entry."""
    digest = hashlib.sha256()
    for part in parts:
        octets = part.encode() if isinstance(part, str) else part
        digest.update(len(octets).to_bytes(8, "little") + octets)
    return digest.hexdigest()[:32]


@dataclass(frozen=True)
class Cache:
    """A folder of entries that can be made again at any time.

    Parameters
    ----------
    root : Path
    cap_bytes : int
        When an entry is added, those used longest ago go until the rest is smaller.
    """

    root: Path
    cap_bytes: int = DEFAULT_CAP_BYTES

    def entry(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        """Folder of the entry ``key``, made by ``make(folder)`` if it is not there."""
        shelf = self.root / kind
        shelf.mkdir(parents=True, exist_ok=True)
        place = shelf / key
        with FileLock(shelf / f"{key}.lock"):
            missing = not place.is_dir()
            if missing:
                with tempfile.TemporaryDirectory(dir=shelf, prefix=".making-") as scratch:
                    made = Path(scratch, key)
                    made.mkdir()
                    make(made)
                    made.rename(place)
            os.utime(place)
        if missing:
            self._trim()
        return place

    def clear(self) -> int:
        """Remove everything; the bytes that this freed."""
        freed = sum(_size(entry) for entry in self._entries())
        shutil.rmtree(self.root, ignore_errors=True)
        return freed

    def size_bytes(self) -> int:
        """Bytes of all entries."""
        return sum(_size(entry) for entry in self._entries())

    def _entries(self) -> list[Path]:
        return [
            entry for shelf in self.root.glob("*") if shelf.is_dir() for entry in shelf.iterdir()
        ]

    def _trim(self) -> None:
        entries = [entry for entry in self._entries() if entry.is_dir()]
        total = sum(_size(entry) for entry in entries)
        for entry in sorted(entries, key=lambda entry: entry.stat().st_mtime):
            in_use = time.time() - entry.stat().st_mtime < IN_USE_SECONDS
            if total <= self.cap_bytes or in_use:
                return
            total -= _size(entry)
            shutil.rmtree(entry, ignore_errors=True)


def default_cache() -> Cache:
    """Cache in the place that the operating system has for it."""
    return Cache(user_cache_path("tilewright", appauthor=False))


def _size(entry: Path) -> int:
    files = entry.rglob("*") if entry.is_dir() else (entry,)
    return sum(file.stat().st_size for file in files if file.is_file())

"""The user's cache folder: what takes long is made once.

Entries are folders named by the hash of everything that they depend on. They are made beside
their place and renamed into it, so that an interrupted one leaves nothing behind, and a lock for
each lets several processes ask for the same one. What a killed process left half made goes when
its entry is next asked for, or with the rest.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
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
        with FileLock(_lock_of(place)):
            missing = not place.is_dir()
            if missing:
                _make(place, make)
            os.utime(place)
        if missing:
            self._trim(place)
        return place

    def clear(self) -> int:
        """Remove everything that is not being made at the moment; the bytes that this freed."""
        return sum(_remove(place) for place in self._places())

    def size_bytes(self) -> int:
        """Bytes of all entries."""
        return sum(_size(place) for place in self._places())

    def _places(self) -> list[Path]:
        """Where entries are, are being made, or were given up."""
        files = (file for shelf in _listed(self.root) for file in _listed(shelf))
        return sorted({file.with_name(_key_of(file)) for file in files})

    def _trim(self, newest: Path) -> None:
        """Remove the entries used longest ago, as long as all take more than the cap."""
        sizes = {place: _size(place) for place in self._places()}
        total = sum(sizes.values())
        for place in sorted(sizes, key=_last_use):
            in_use = place == newest or time.time() - _last_use(place) < IN_USE_SECONDS
            if total <= self.cap_bytes or in_use:
                return
            total -= _remove(place)


def default_cache() -> Cache:
    """Cache in the place that the operating system has for it."""
    return Cache(user_cache_path("tilewright", appauthor=False))


def _lock_of(place: Path) -> Path:
    return place.with_name(f"{place.name}.lock")


def _scratch_of(place: Path) -> Path:
    return place.with_name(f"{place.name}.making")


def _key_of(file: Path) -> str:
    return file.name.removesuffix(".lock").removesuffix(".making")


def _make(place: Path, make: Callable[[Path], None]) -> None:
    """Fill ``place``, whose lock is held, or leave nothing."""
    scratch = _scratch_of(place)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        make(scratch)
        scratch.rename(place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _remove(place: Path) -> int:
    """Remove an entry, unless it is being made; the bytes that this freed."""
    try:
        with FileLock(_lock_of(place), timeout=0):
            freed = _size(place)
            for folder in (place, _scratch_of(place)):
                shutil.rmtree(folder, ignore_errors=True)
            # Whoever waits for this lock sees that its file is gone, and takes a new one.
            _lock_of(place).unlink(missing_ok=True)
    except (Timeout, OSError):
        return 0
    return freed


def _last_use(place: Path) -> float:
    try:
        return place.stat().st_mtime
    except OSError:
        return 0.0


def _size(place: Path) -> int:
    return sum(_file_size(file) for file in (*place.rglob("*"), *_scratch_of(place).rglob("*")))


def _file_size(file: Path) -> int:
    """Zero if another process has removed it meanwhile."""
    try:
        return 0 if file.is_dir() else file.lstat().st_size
    except OSError:
        return 0


def _listed(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return

"""The cache of builds: made once, whole or not at all, and not without bounds."""

import multiprocessing
import os
import threading
import time
from pathlib import Path

import pytest

from tilewright.caching import Cache, cache_key
from tilewright.cli import main

PROCESSES = 6
LONG_AGO = 1_000_000_000


def fill(folder: Path) -> None:
    (folder / "data").write_bytes(b"x" * 1000)


def ask(root: Path, log: Path) -> None:
    """One process that wants an entry."""

    def make(folder: Path) -> None:
        with log.open("a") as made:
            made.write("made\n")
        time.sleep(0.2)
        fill(folder)

    place = Cache(root).entry("builds", "key", make)
    assert (place / "data").stat().st_size == 1000


def names(root: Path) -> set[str]:
    """What is in the cache, locks apart."""
    return {path.name for path in root.glob("*/*") if path.suffix != ".lock"}


def age(place: Path) -> None:
    os.utime(place, (LONG_AGO, LONG_AGO))


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    calls: list[Path] = []

    def make(folder: Path) -> None:
        calls.append(folder)
        fill(folder)

    first = cache.entry("builds", "key", make)
    assert cache.entry("builds", "key", make) == first
    assert len(calls) == 1
    assert names(tmp_path) == {"key"}
    assert cache.size_bytes() == 1000


def test_kinds_are_apart(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.entry("builds", "key", fill) != cache.entry("solutions", "key", fill)


def test_several_processes_make_an_entry_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    log = tmp_path / "log"
    processes = [
        context.Process(target=ask, args=(tmp_path / "cache", log)) for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert log.read_text() == "made\n"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_make_leaves_nothing(error: type[BaseException], tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def break_off(folder: Path) -> None:
        fill(folder)
        raise error

    with pytest.raises(error):
        cache.entry("builds", "key", break_off)
    assert not names(tmp_path)
    assert (cache.entry("builds", "key", fill) / "data").is_file()


def test_what_a_killed_process_left_is_made_anew(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    begun = tmp_path / "begun"
    process = context.Process(target=be_killed, args=(tmp_path / "cache", begun))
    process.start()
    while not begun.exists():
        time.sleep(0.01)
        assert process.is_alive()
    process.kill()
    process.join()
    assert names(tmp_path / "cache") == {"key.making"}
    place = Cache(tmp_path / "cache").entry("builds", "key", fill)
    assert [path.name for path in place.iterdir()] == ["data"]
    assert names(tmp_path / "cache") == {"key"}


def be_killed(root: Path, begun: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "half").touch()
        begun.touch()
        time.sleep(60)

    Cache(root).entry("builds", "key", make)


def test_entries_used_longest_ago_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, cap_bytes=2500)
    for key in ("a", "b"):
        age(cache.entry("builds", key, fill))
    os.utime(tmp_path / "builds" / "b", (LONG_AGO - 1, LONG_AGO - 1))
    cache.entry("builds", "c", fill)
    assert names(tmp_path) == {"a", "c"}


def test_use_keeps_an_entry(tmp_path: Path) -> None:
    cache = Cache(tmp_path, cap_bytes=2500)
    for key in ("a", "b"):
        age(cache.entry("builds", key, fill))
    cache.entry("builds", "a", fill)
    cache.entry("builds", "c", fill)
    assert names(tmp_path) == {"a", "c"}


def test_entries_in_use_stay_beyond_the_cap(tmp_path: Path) -> None:
    cache = Cache(tmp_path, cap_bytes=10)
    for key in ("a", "b"):
        cache.entry("builds", key, fill)
    assert names(tmp_path) == {"a", "b"}


def test_an_entry_made_of_another_does_not_evict_it(tmp_path: Path) -> None:
    cache = Cache(tmp_path, cap_bytes=10)

    def outer(folder: Path) -> None:
        part = cache.entry("parts", "inner", fill)
        (folder / "data").write_bytes((part / "data").read_bytes())

    place = cache.entry("builds", "outer", outer)
    assert (place / "data").stat().st_size == 1000
    assert names(tmp_path) == {"inner", "outer"}


def test_clear_removes_all_and_tells_how_much(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.entry("builds", "a", fill)
    cache.entry("parts", "b", fill)
    assert cache.clear() == 2000
    assert not list(tmp_path.glob("*/*"))
    assert cache.clear() == 0
    assert Cache(tmp_path / "never").clear() == 0


def test_clear_spares_what_is_being_made(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    begun, cleared = threading.Event(), threading.Event()

    def make(folder: Path) -> None:
        begun.set()
        assert cleared.wait(20)
        fill(folder)

    maker = threading.Thread(target=cache.entry, args=("builds", "slow", make))
    maker.start()
    assert begun.wait(20)
    cache.entry("builds", "quick", fill)
    assert cache.clear() == 1000
    cleared.set()
    maker.join(20)
    assert names(tmp_path) == {"slow"}
    assert (tmp_path / "builds" / "slow" / "data").is_file()


def test_keys_tell_parts_apart() -> None:
    parts = [("ab", "c"), ("a", "bc"), ("abc",), ("ab", "c", ""), (b"ab", "d")]
    assert len({cache_key(*given) for given in parts}) == len(parts)
    assert cache_key("é") == cache_key("é".encode())


def test_the_command_shows_and_clears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["cache", "clear"]) == 0
    assert " 0 bytes" in capsys.readouterr().out
    Cache(tmp_path / "tilewright").entry("builds", "key", fill)
    assert main(["cache"]) == 0
    assert f"{tmp_path / 'tilewright'}: 1000 bytes" in capsys.readouterr().out
    assert main(["cache", "clear"]) == 0
    assert "1000 bytes freed" in capsys.readouterr().out
    assert not names(tmp_path / "tilewright")

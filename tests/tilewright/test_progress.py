"""Progress: a line on a terminal, and nothing anywhere else."""

import io
import sys

import pytest

from mapper import clock
from tilewright.progress import compiling, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def look(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in place of standard error."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    return terminal


def test_nothing_is_written_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(range(3), "things") as items:
        assert list(items) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_a_count_that_is_erased_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = look(monkeypatch)
    with progress("ab", "things") as items:
        assert list(items) == ["a", "b"]
        assert terminal.getvalue() == "\rthings: 1/2\rthings: 2/2"
    assert terminal.getvalue().endswith("2/2\r\033[K")


def test_the_line_is_gone_before_an_error_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = look(monkeypatch)
    try:
        with progress(range(3), "things") as items:
            for item in items:
                if item:
                    raise ValueError("wrong")
    except ValueError:
        assert terminal.getvalue() == "\rthings: 1/3\rthings: 2/3\r\033[K"
    else:
        pytest.fail("the error was lost")


def test_compiling_is_told_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = look(monkeypatch)
    with compiling():
        assert terminal.getvalue() == ""
        clock.pause()
        assert terminal.getvalue().endswith("compiling the search, once on this machine")
        clock.resume()
        assert terminal.getvalue().endswith("\r\033[K")

"""The line that tells how far a sweep is."""

import sys
import types

import pytest

from tilewright.sweeps import progress
from tilewright.sweeps.progress import shown, summary


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ((0, 0, 40, None), "trials: 0/40"),
        ((7, 0, 40, 61.2), "trials: 7/40, 0:01:01 left"),
        ((7, 2, 40, 7322.0), "trials: 7/40, 2 failed, 2:02:02 left"),
    ],
)
def test_summary(state: tuple[int, int, int, float | None], line: str) -> None:
    assert summary(*state) == line


def test_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with shown() as tell:
        tell(1, 0, 2)
    assert capsys.readouterr() == ("", "")


def test_a_notebook_has_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time left is what the trials of this sweep took, for those that are to come."""
    lines: list[str] = []
    kernel = types.SimpleNamespace(kernel=object())
    handle = types.SimpleNamespace(update=lambda data, raw: lines.append(data["text/plain"]))
    display = types.SimpleNamespace(display=lambda data, raw, display_id: handle)
    monkeypatch.setitem(
        sys.modules,
        "IPython",
        types.SimpleNamespace(get_ipython=lambda: kernel),  # type: ignore[arg-type]
    )
    monkeypatch.setitem(sys.modules, "IPython.display", display)  # type: ignore[arg-type]
    clock = iter([100.0, 110.0, 110.01, 120.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with shown() as tell:
        # Ten were done before; what comes too soon is not shown.
        for state in ((10, 0, 20), (12, 1, 20), (13, 1, 20), (20, 1, 20)):
            tell(*state)
    assert lines == [
        "trials: 10/20",
        "trials: 12/20, 1 failed, 0:00:40 left",
        "trials: 20/20, 1 failed",
    ]

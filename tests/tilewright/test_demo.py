"""The demonstration: what it tells where it can not go on."""

import pytest

from golden.errors import UserError
from hw.bench.simulators import SimulatorError
from tilewright import demo


@pytest.mark.parametrize(
    "error",
    [
        SimulatorError("Verilator was not found; install it"),
        UserError("demo is a file"),
        OSError(28, "No space left on device"),
    ],
)
def test_what_is_missing_is_told_without_a_traceback(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(demo, "generate", fail)
    assert demo.main() == 2
    assert capsys.readouterr().err == f"\ntilewright.demo: {error}\n"

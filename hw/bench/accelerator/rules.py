"""Rules of AXI that hold in every cycle."""

from collections import deque
from dataclasses import dataclass, field

__all__ = ["Held", "RuleError", "WriteOrder", "check_burst"]

PAGE_BYTES = 4096
"""No burst crosses a multiple of this."""

_INCREMENTING = 1


class RuleError(Exception):
    """A rule was broken."""


@dataclass
class Held:
    """What a channel offers stays until it is taken.

    Parameters
    ----------
    channel : str
    """

    channel: str
    _pending: tuple[int, ...] | None = None

    def step(self, valid: bool, ready: bool, payload: tuple[int, ...]) -> bool:
        """Look at a cycle; whether something was transferred in it.

        Raises
        ------
        RuleError
            If an offer was withdrawn or changed.
        """
        if self._pending is not None:
            if not valid:
                raise RuleError(f"{self.channel}: valid fell before ready came")
            if payload != self._pending:
                raise RuleError(
                    f"{self.channel}: the payload changed from {self._pending} to {payload}"
                    " before ready came"
                )
        self._pending = payload if valid and not ready else None
        return valid and ready


def check_burst(
    channel: str, address: int, beats: int, size: int, kind: int, bus_bytes: int
) -> None:
    """Whether a burst has whole bus words, goes up, and stays in its page.

    Parameters
    ----------
    channel : str
    address, beats : int
    size, kind : int
        As on ``size`` and ``burst``.
    bus_bytes : int

    Raises
    ------
    RuleError
        If not.
    """
    if 1 << size != bus_bytes:
        raise RuleError(f"{channel}: beats of {1 << size} bytes on a bus of {bus_bytes}")
    if kind != _INCREMENTING:
        raise RuleError(f"{channel}: a burst of type {kind}")
    if address % bus_bytes:
        raise RuleError(f"{channel}: address {address:#x} is not a multiple of {bus_bytes}")
    last = address + beats * bus_bytes - 1
    if address // PAGE_BYTES != last // PAGE_BYTES:
        raise RuleError(f"{channel}: {beats} beats from {address:#x} on cross a page")


@dataclass
class WriteOrder:
    """Written beats are as many as their addresses say, and the last says so.

    Beats may come before their address.

    Parameters
    ----------
    channel : str
    """

    channel: str
    _announced: deque[int] = field(default_factory=deque)
    _finished: deque[int] = field(default_factory=deque)
    _beats: int = 0

    def address(self, beats: int) -> None:
        """The address of a burst was transferred."""
        self._announced.append(beats)
        self._compare()

    def beat(self, last: bool) -> None:
        """A beat was transferred."""
        self._beats += 1
        if last:
            self._finished.append(self._beats)
            self._beats = 0
        self._compare()

    def _compare(self) -> None:
        while self._announced and self._finished:
            announced, came = self._announced.popleft(), self._finished.popleft()
            if announced != came:
                raise RuleError(f"{self.channel}: a burst of {announced} beats had {came}")
        if self._announced and self._beats >= self._announced[0]:
            raise RuleError(f"{self.channel}: beat {self._beats} of a burst was not its last")

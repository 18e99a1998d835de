"""The AXI4 ports of the accelerator, with the memories behind them.

The accelerator takes what it is offered in the same cycle, so that no offer outlasts its cycle.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from .memory import AxiMemory
from .rules import Held, RuleError, WriteOrder, check_burst
from .signals import Inputs, read_bit, read_bits, read_octets

__all__ = ["ReadPort", "Stalls", "WritePort"]

Stalls = Callable[[], bool]
"""Whether to stop a channel in this cycle."""

_SLAVE_ERROR = 2


class _Addresses:
    """An address channel."""

    def __init__(self, dut: Any, channel: str, bus_bytes: int) -> None:
        self._channel = channel
        self._bus_bytes = bus_bytes
        self._valid = dut[f"{channel}valid"]
        self._payload = [dut[f"{channel}{name}"] for name in ("addr", "len", "size", "burst")]
        self._held = Held(channel)

    def transferred(self, ready: bool) -> tuple[int, int] | None:
        """Address and beats, if a burst was transferred in this cycle."""
        valid = read_bit(self._valid)
        payload = tuple(map(read_bits, self._payload)) if valid else ()
        if not self._held.step(valid, ready, payload):
            return None
        address, length, size, kind = payload
        check_burst(self._channel, address, length + 1, size, kind, self._bus_bytes)
        return address, length + 1


class ReadPort:
    """Channels ``ar`` and ``r``. Data is random while none is offered.

    Parameters
    ----------
    dut : cocotb handle
    inputs : Inputs
    prefix : str
        Of the ports' names.
    random : Random
    """

    def __init__(self, dut: Any, inputs: Inputs, prefix: str, random: Random) -> None:
        self._inputs = inputs
        self._prefix = prefix
        self._random = random
        self._bits = len(dut[f"{prefix}_rdata"])
        self.bus_bytes = self._bits // 8
        self._dut = dut
        self._ready = dut[f"{prefix}_rready"]

    def renew(self, memory: AxiMemory) -> None:
        """Begin anew with a memory in which nothing is under way."""
        self._memory = memory
        self._addresses = _Addresses(self._dut, f"{self._prefix}_ar", self.bus_bytes)
        self._offers = False

    def drive(self, stalls: Stalls) -> None:
        """Set the inputs of this cycle."""
        prefix, drive = self._prefix, self._inputs.drive
        drive(f"{prefix}_arready", self._memory.ar_ready() and not stalls())
        beat = self._memory.read_beat()
        offered = self._offers
        self._offers = beat is not None and not stalls()
        drive(f"{prefix}_rvalid", self._offers)
        if beat is not None and self._offers:
            drive(f"{prefix}_rdata", int.from_bytes(beat.data, "little"))
            drive(f"{prefix}_rlast", beat.last)
            drive(f"{prefix}_rresp", _SLAVE_ERROR if beat.error else 0)
        elif offered:
            drive(f"{prefix}_rdata", self._random.getrandbits(self._bits))
            drive(f"{prefix}_rlast", self._random.getrandbits(1))
            drive(f"{prefix}_rresp", self._random.getrandbits(2))

    def transfer(self) -> None:
        """Look at what is transferred in this cycle."""
        ready = bool(self._inputs.driven(f"{self._prefix}_arready"))
        burst = self._addresses.transferred(ready)
        if burst:
            self._memory.take_ar(*burst)
        if self._offers:
            if not read_bit(self._ready):
                raise RuleError(f"{self._prefix}_r: a beat was not taken at once")
            self._memory.take_r()


class WritePort:
    """Channels ``aw``, ``w`` and ``b``.

    Parameters
    ----------
    dut : cocotb handle
    inputs : Inputs
    prefix : str
        Of the ports' names.
    """

    def __init__(self, dut: Any, inputs: Inputs, prefix: str) -> None:
        self._inputs = inputs
        self._prefix = prefix
        self._dut = dut
        self._bus_bytes = len(dut[f"{prefix}_wdata"]) // 8
        self._signals = {
            name: dut[f"{prefix}_{name}"] for name in ("wvalid", "wdata", "wstrb", "wlast")
        }
        self._answer_ready = dut[f"{prefix}_bready"]

    def renew(self, memory: AxiMemory) -> None:
        """Begin anew with a memory in which nothing is under way."""
        self._memory = memory
        self._addresses = _Addresses(self._dut, f"{self._prefix}_aw", self._bus_bytes)
        self._held = Held(f"{self._prefix}_w")
        self._order = WriteOrder(f"{self._prefix}_w")
        self._offers = False

    def drive(self, stalls: Stalls) -> None:
        """Set the inputs of this cycle."""
        prefix, drive = self._prefix, self._inputs.drive
        drive(f"{prefix}_awready", self._memory.aw_ready() and not stalls())
        drive(f"{prefix}_wready", self._memory.w_ready() and not stalls())
        error = self._memory.answer()
        self._offers = error is not None and not stalls()
        drive(f"{prefix}_bvalid", self._offers)
        if self._offers:
            drive(f"{prefix}_bresp", _SLAVE_ERROR if error else 0)

    def transfer(self) -> None:
        """Look at what is transferred in this cycle."""
        driven = self._inputs.driven
        burst = self._addresses.transferred(bool(driven(f"{self._prefix}_awready")))
        if burst:
            self._memory.take_aw(*burst)
            self._order.address(burst[1])
        self._transfer_beat(bool(driven(f"{self._prefix}_wready")))
        if self._offers:
            if not read_bit(self._answer_ready):
                raise RuleError(f"{self._prefix}_b: an answer was not taken at once")
            self._memory.take_b()

    def _transfer_beat(self, ready: bool) -> None:
        signals = self._signals
        if not read_bit(signals["wvalid"]):
            self._held.step(False, ready, ())
            return
        strobe, last = read_bits(signals["wstrb"]), read_bit(signals["wlast"])
        octets = read_octets(signals["wdata"], strobe)
        if self._held.step(True, ready, (int.from_bytes(octets, "little"), strobe, last)):
            self._memory.take_w(octets, strobe)
            self._order.beat(last)

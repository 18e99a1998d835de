"""Reading and driving ports of the design."""

from typing import Any

from .rules import RuleError

__all__ = ["Inputs", "read_bit", "read_bits", "read_octets"]


class Inputs:
    """Inputs of the design, which are written when they change.

    Parameters
    ----------
    dut : cocotb handle
    """

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self._values: dict[str, int] = {}

    def drive(self, name: str, value: int) -> None:
        """Set an input."""
        if self._values.get(name) != value:
            self._values[name] = value
            self._dut[name].value = value

    def driven(self, name: str) -> int:
        """What an input is set to."""
        return self._values[name]


def read_bit(signal: Any) -> bool:
    """A control signal.

    Raises
    ------
    RuleError
        If it is neither 0 nor 1.
    """
    try:
        return bool(int(signal.value))
    except ValueError:
        raise RuleError(f"{signal._name} is {signal.value}") from None


def read_bits(signal: Any) -> int:
    """A number.

    Raises
    ------
    RuleError
        If a bit of it is neither 0 nor 1.
    """
    try:
        return int(signal.value.to_unsigned())
    except ValueError:
        raise RuleError(f"{signal._name} is {signal.value}") from None


def read_octets(signal: Any, strobe: int) -> bytes:
    """Bytes, lowest first; those outside of ``strobe`` are read as 0 where they are undefined.

    Raises
    ------
    RuleError
        If a bit of another is neither 0 nor 1.
    """
    value = signal.value
    count = len(value) // 8
    try:
        return int(value.to_unsigned()).to_bytes(count, "little")
    except ValueError:
        text = str(value)
    octets = bytearray()
    for lane in range(count):
        bits = text[8 * (count - 1 - lane) :][:8]
        if set(bits) <= {"0", "1"}:
            octets.append(int(bits, 2))
        elif strobe >> lane & 1:
            raise RuleError(f"byte {lane} of {signal._name} is {bits}")
        else:
            octets.append(0)
    return bytes(octets)

"""Numbers for people, and marks for axes."""

import math
from collections.abc import Sequence

__all__ = ["byte_ticks", "bytes_text", "energy_text", "log_ticks", "percent", "short", "ticks"]

_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def short(number: float) -> str:
    """Three digits or so, with a decimal prefix: 6,938 stays, 4216347 is 4.22M."""
    if abs(number) < 10_000:
        return f"{number:,.4g}" if abs(number) < 1000 else f"{number:,.0f}"
    factor, prefix = next(entry for entry in _PREFIXES if abs(number) >= entry[0])
    return f"{number / factor:.3g}{prefix}"


def bytes_text(octets: float) -> str:
    """Bytes, KiB, MiB or GiB."""
    for size, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if octets >= size:
            return f"{octets / size:,.4g} {unit}"
    return f"{octets:,.0f} bytes"


def energy_text(picojoules: float) -> str:
    """With the unit that suits it, pJ to J."""
    for factor, unit in ((1e12, "J"), (1e9, "mJ"), (1e6, "µJ"), (1e3, "nJ")):
        if picojoules >= factor:
            return f"{picojoules / factor:.4g} {unit}"
    return f"{picojoules:.4g} pJ"


def percent(fraction: float) -> str:
    """With one decimal."""
    return f"{fraction:.1%}".replace("%", " %")


def byte_ticks(high: float, most: int = 5) -> Sequence[float]:
    """Multiples of a power of two from 0 to at most ``high``."""
    step = 2.0 ** math.ceil(math.log2(max(high / most, 1)))
    return [number * step for number in range(math.floor(high / step) + 1)]


def ticks(high: float, most: int = 5) -> Sequence[float]:
    """Round numbers from 0 to at most ``high``, ``most`` of them above 0."""
    if high <= 0:
        return [0.0]
    rough = high / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [number * step for number in range(math.floor(high / step * 1.0001) + 1)]


def log_ticks(low: float, high: float, most: int = 6) -> Sequence[float]:
    """Powers of ten, or of two where there are few of these, from ``low`` to ``high``."""
    for base in (2, 4, 10, 100, 1000, 10_000, 10**6):
        first, last = (
            math.ceil(math.log(low, base) - 1e-9),
            math.floor(math.log(high, base) + 1e-9),
        )
        if last - first < most:
            return [float(base) ** exponent for exponent in range(first, last + 1)]
    return [low, high]

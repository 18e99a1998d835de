"""Elements of outlier–victim pairs."""

from dataclasses import dataclass

from golden.formats.abfloat import AbfloatFormat
from golden.formats.flint import FlintFormat
from golden.formats.integer import IntFormat
from golden.formats.table import TableFormat

__all__ = ["OvpFormat"]

_OUTLIERS: dict[IntFormat | FlintFormat, AbfloatFormat] = {
    IntFormat(4): AbfloatFormat(2, 1, 2),
    FlintFormat(4): AbfloatFormat(2, 1, 3),
    IntFormat(8): AbfloatFormat(4, 3, 4),
}
"""Each begins above the largest normal number."""


@dataclass(frozen=True)
class OvpFormat(TableFormat):
    """One number of an outlier–victim pair: normal, or an outlier that its neighbour pays for.

    OliVe (ISCA 2023, arXiv 2304.07493) keeps two neighbours in the bits of two normal numbers; if
    one is an outlier, the other counts as zero (`golden.packing.OvpPacking`). Before they are
    packed, a code has one more bit, the highest, that is 1 of outliers: then the others are a code
    of ``outlier``, else of ``normal``. The normal code 10…0, which is −2^(bits − 1) or −0, is none:
    in a pair it marks the victim.

    Parameters
    ----------
    normal : IntFormat or FlintFormat
        ``int4``, ``flint4`` or ``int8``.

    Raises
    ------
    ValueError
        If it is another.
    """

    normal: IntFormat | FlintFormat

    def __post_init__(self) -> None:
        if self.normal not in _OUTLIERS:
            known = ", ".join(map(str, _OUTLIERS))
            raise ValueError(f"the normal numbers of pairs are {known}, not {self.normal}")

    @property
    def name(self) -> str:
        """As `parse_format` reads it: ``ovp_int4``."""
        return f"ovp_{self.normal.name}"

    @property
    def outlier(self) -> AbfloatFormat:
        """Format of outliers: of 4 bits E2M1 with bias 2 or, beside flint, 3; of 8 bits E4M3."""
        return _OUTLIERS[self.normal]

    @property
    def bits(self) -> int:
        """Bits of one code."""
        return self.normal.bits + 1

    @property
    def victim(self) -> int:
        """What stands in a pair for the victim: the normal code 10…0."""
        return 1 << (self.normal.bits - 1)

    def values(self) -> list[int | None]:
        """Of every code, in order of codes."""
        codes = range(1 << self.normal.bits)
        normal: list[int | None] = [int(self.normal.decode([code]).item()) for code in codes]
        normal[self.victim] = None
        return [*normal, *self.outlier.values()]

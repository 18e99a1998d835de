"""Gates without a library, and what they count for."""

__all__ = ["FLIP_FLOPS", "NAND2_EQUIVALENTS", "is_flip_flop", "is_memory"]

FLIP_FLOPS = ("$_DFF", "$_SDFF", "$_ALDFF", "$_DLATCH", "$_SR_")
"""How Yosys's names of flip-flops and latches of one bit begin."""

_TRANSISTORS = {
    "$_BUF_": 4,
    "$_NOT_": 2,
    "$_NAND_": 4,
    "$_NOR_": 4,
    "$_XOR_": 12,
    "$_XNOR_": 12,
    "$_AOI3_": 6,
    "$_OAI3_": 6,
    "$_AOI4_": 8,
    "$_OAI4_": 8,
    "$_MUX_": 12,
    "$_NMUX_": 10,
    "$_DFF_P_": 24,
}

NAND2_EQUIVALENTS = {gate: count / _TRANSISTORS["$_NAND_"] for gate, count in _TRANSISTORS.items()}
"""Transistors of static CMOS gates over those of a NAND of two inputs.

Of gates they are Yosys's (``stat -tech cmos``), which ABC minimizes; of a flip-flop those of two
latches of transmission gates with their own inverters of the clock.
"""


def is_flip_flop(kind: str) -> bool:
    """Whether a cell of Yosys's holds one bit."""
    return kind.startswith(FLIP_FLOPS)


def is_memory(kind: str) -> bool:
    """Whether a cell of Yosys's is a memory, or a part of one."""
    return kind.startswith("$mem")

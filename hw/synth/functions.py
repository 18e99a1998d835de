"""Boolean functions as Liberty writes them: ``!(A & B)``, ``A' + B C``."""

import itertools
import re
from collections.abc import Sequence

__all__ = ["IDENTITY", "INVERSE", "NAND2", "truth_table"]

IDENTITY = (False, True)
"""Truth table of a buffer."""

INVERSE = (True, False)
"""Truth table of an inverter."""

NAND2 = (True, True, True, False)
"""Truth table of a NAND of two inputs, the last of them changing fastest."""

_TOKEN = re.compile(r"\s*(?:([A-Za-z_][\w.\[\]]*)|([01])|([!'^&*|+()]))")


def truth_table(function: str, inputs: Sequence[str]) -> tuple[bool, ...] | None:
    """Value for each combination of inputs, the last input changing fastest.

    Parameters
    ----------
    function : str
        Operators are ``!`` and ``'`` (not), ``&``, ``*`` and a blank (and), ``|`` and ``+`` (or),
        ``^`` (exclusive or, which binds closest of these).
    inputs : sequence of str

    Returns
    -------
    tuple of bool or None
        None if the function is of something else, such as a state.
    """
    tokens = [match[1] or match[2] or match[3] for match in _TOKEN.finditer(function)]
    if "".join(tokens) != re.sub(r"\s", "", function):
        return None
    table = []
    for bits in itertools.product((False, True), repeat=len(inputs)):
        parser = _Parser(tokens, dict(zip(inputs, bits, strict=True)))
        try:
            table.append(parser.alternatives())
        except (KeyError, IndexError):
            return None
    return tuple(table)


class _Parser:
    """Evaluates an expression on given values, by recursive descent."""

    def __init__(self, tokens: Sequence[str], values: dict[str, bool]) -> None:
        self._tokens = [*tokens, ""]
        self._values = {**values, "0": False, "1": True}
        self._at = 0

    def alternatives(self) -> bool:
        value = self._products()
        while self._tokens[self._at] in ("|", "+"):
            self._at += 1
            other = self._products()
            value = value or other
        return value

    def _products(self) -> bool:
        value = self._differences()
        while self._tokens[self._at] not in ("|", "+", ")", ""):
            if self._tokens[self._at] in ("&", "*"):
                self._at += 1
            other = self._differences()
            value = value and other
        return value

    def _differences(self) -> bool:
        value = self._operand()
        while self._tokens[self._at] == "^":
            self._at += 1
            value ^= self._operand()
        return value

    def _operand(self) -> bool:
        token = self._tokens[self._at]
        self._at += 1
        if token == "!":
            return not self._operand()
        if token == "(":
            value = self.alternatives()
            self._at += 1
        else:
            value = self._values[token]
        while self._tokens[self._at] == "'":
            self._at += 1
            value = not value
        return value

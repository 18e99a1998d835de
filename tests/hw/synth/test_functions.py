"""Boolean functions against Python's own."""

import itertools

import pytest

from hw.synth.functions import IDENTITY, NAND2, truth_table


@pytest.mark.parametrize(
    ("function", "meaning"),
    [
        ("A", lambda a, b, c: a),
        ("!A", lambda a, b, c: not a),
        ("A'", lambda a, b, c: not a),
        ("(A & B)", lambda a, b, c: a and b),
        ("A B", lambda a, b, c: a and b),
        ("A*B+C", lambda a, b, c: (a and b) or c),
        ("A | B C", lambda a, b, c: a or (b and c)),
        ("!(A&B) | !C", lambda a, b, c: not (a and b) or not c),
        ("(A+B)' C'", lambda a, b, c: not (a or b) and not c),
        ("A^B^C", lambda a, b, c: a ^ b ^ c),
        ("A & B ^ C", lambda a, b, c: a and (b ^ c)),
        ("(!A&!B) | (!A&!C) | (!B&!C)", lambda a, b, c: a + b + c < 2),
        ("1", lambda a, b, c: True),
        ("A 0", lambda a, b, c: False),
    ],
)
def test_every_row_is_what_python_says(function, meaning) -> None:
    rows = itertools.product((False, True), repeat=3)
    assert truth_table(function, "ABC") == tuple(bool(meaning(*row)) for row in rows)


def test_known_tables() -> None:
    assert truth_table("(A)", "A") == IDENTITY
    assert truth_table("(!A) | (!B)", "AB") == truth_table("(A B)'", "AB") == NAND2
    assert truth_table("!(A+B)", "AB") != NAND2


@pytest.mark.parametrize("function", ["IQ", "A &", "(A", "A ? B", ""])
def test_what_is_no_function_of_the_inputs_has_no_table(function: str) -> None:
    assert truth_table(function, "AB") is None

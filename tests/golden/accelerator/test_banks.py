"""Ports of banks that instructions use."""

import pytest

from golden.accelerator.accesses import Space, accesses
from golden.accelerator.banks import Port, ports
from golden.accelerator.instructions import Add, Gemm, Load, Pool, Requantize, Store

BANK_WORDS = {
    Space.ACTIVATIONS: 8,
    Space.WEIGHTS: 64,
    Space.PARAMETERS: 64,
    Space.ACCUMULATORS: 4,
}
A, W, P, S = Space.ACTIVATIONS, Space.WEIGHTS, Space.PARAMETERS, Space.ACCUMULATORS


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        (Load(local=7), {(A, 0, True)}),
        (Load(local=7, rows=2, local_row_step=17), {(A, 0, True), (A, 3, True)}),
        (Load(memory=1), {(W, 0, True)}),
        (Store(local=8), {(A, 1, False)}),
        (
            Gemm(out_width=2, target=3),
            {(A, 0, False), (W, 0, False), *((S, bank, w) for bank in (0, 1) for w in (0, 1))},
        ),
        (Gemm(origin_y=1), {(W, 0, False), (S, 0, False), (S, 0, True)}),
        (Requantize(source=4, target=9), {(S, 1, False), (P, 0, False), (A, 1, True)}),
        (Add(second=9, target=17), {(A, 0, False), (A, 1, False), (A, 2, True), (P, 0, False)}),
        (Pool(source=3, target=4), {(A, 0, False), (A, 0, True)}),
    ],
    ids=lambda entry: type(entry).__name__,
)
def test_ports(instruction, expected):
    used = ports(instruction, accesses(instruction, 4), BANK_WORDS)
    assert len(used) == len(expected)
    assert set(used) == {Port(space, bank, bool(writes)) for space, bank, writes in expected}

"""The unpackers of ternary numbers, word by word."""

from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator

from golden.packing import TRITS_3_IN_5, TRITS_5_IN_8, TritPacking
from hw.lib.decoders.trits import TritUnpacker


@pytest.mark.parametrize("packing", [TRITS_5_IN_8, TRITS_3_IN_5, TritPacking(1, 2)])
def test_every_word_is_unpacked_as_the_packing_says(packing: TritPacking) -> None:
    """Those that are none, 13 of a byte, are zeros."""
    unpacker = TritUnpacker(packing.lanes, packing.bits)
    words = np.arange(1 << packing.bits, dtype=np.uint8)
    expected = packing.unpack(words).tolist()
    assert sum(codes == [0] * packing.lanes for codes in expected) == 1 + len(words) - (
        3**packing.lanes
    )

    async def bench(ctx: Any) -> None:
        for word in words.tolist():
            ctx.set(unpacker.word, word)
            found = [ctx.get(unpacker.codes[lane]) for lane in range(packing.lanes)]
            assert found == expected[word]

    simulator = Simulator(unpacker)
    simulator.add_testbench(bench)
    simulator.run()

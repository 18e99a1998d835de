"""cocotb bench: plays a vector file to an engine and writes down what came out.

The environment names the files: ``TILEWRIGHT_VECTORS`` and ``TILEWRIGHT_RESULTS``.
"""

import json
import os
import time
from pathlib import Path
from random import Random
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from numpy.typing import NDArray

from .streams import Sink, Source
from .vectors import Case, Plan, read_vectors

OUTPUT = "results"
CLOCK_NS = 10
RESET_CYCLES = 3
SHOWN_MISMATCHES = 8


@cocotb.test()
async def play_vectors(dut: Any) -> None:
    """Play every case; the verdict is up to whoever reads the results."""
    vectors = read_vectors(Path(os.environ["TILEWRIGHT_VECTORS"]))
    plan = vectors.plan
    beats = {port: _integers(rows) for port, rows in vectors.beats.items()}
    mask = _integers(vectors.mask)
    random = Random(plan.seed)
    sources = [
        Source(dut, port, bits, random) for port, bits in plan.bits.items() if port != OUTPUT
    ]
    sink = Sink(dut, OUTPUT, random)
    Clock(dut.clk, CLOCK_NS, unit="ns").start()
    edge = RisingEdge(dut.clk)
    await _reset(dut, edge)
    records: list[dict[str, Any]] = []
    begun = time.perf_counter()
    for case in plan.cases:
        for source in sources:
            first, end = case.beats[source.name]
            source.start(beats[source.name][first:end], case.stalls.get(source.name, 0.0))
        first, end = case.beats[OUTPUT]
        sink.start(
            beats[OUTPUT][first:end],
            mask[first:end],
            case.stalls.get(OUTPUT, 0.0),
            case.lazy_sink,
        )
        run = await _play(edge, sources, sink, case, plan)
        if run["hang"] or case.reset_after:
            for source in sources:
                source.stop()
            await _reset(dut, edge)
        records.append({**_record(case, sink, mask[first:end], plan.lane_bits), **run})
    seconds = time.perf_counter() - begun
    trailing = await _listen(edge, sink, plan.listen_cycles)
    Path(os.environ["TILEWRIGHT_RESULTS"]).write_text(
        json.dumps({"cases": records, "trailing_beats": trailing, "seconds": seconds})
    )


async def _reset(dut: Any, edge: RisingEdge) -> None:
    dut.rst.value = 1
    for _ in range(RESET_CYCLES):
        await edge
    dut.rst.value = 0


async def _play(
    edge: RisingEdge, sources: list[Source], sink: Sink, case: Case, plan: Plan
) -> dict[str, Any]:
    """Run one case; cycles count from the first job to the last result, both included."""
    cycle, first, last, moved = 0, None, 0, 0
    job = sources[0]
    while not sink.done and cycle - moved < plan.patience_cycles:
        await edge
        cycle += 1
        for source in sources:
            if source.step():
                moved = cycle
                if first is None and source is job:
                    first = cycle
        if sink.step():
            moved = last = cycle
        if cycle == case.reset_after:
            break
    return {
        "cycles": last - first + 1 if first is not None and sink.done else None,
        "simulated_cycles": cycle,
        "hang": not sink.done and cycle != case.reset_after,
        "unused_beats": sum(not source.done for source in sources),
    }


async def _listen(edge: RisingEdge, sink: Sink, cycles: int) -> int:
    """Beats that come although nothing is expected any more."""
    sink.stop()
    for _ in range(cycles):
        await edge
        sink.step()
    return sink.tally.beats


def _record(case: Case, sink: Sink, mask: list[int], lane_bits: int) -> dict[str, Any]:
    tally = sink.tally
    lane = (1 << lane_bits) - 1
    wrong = [
        {
            "beat": beat,
            "lane": number,
            "got": (got >> number * lane_bits) & lane,
            "expected": ((got ^ bits) >> number * lane_bits) & lane,
        }
        for beat, got, bits in tally.mismatches
        for number in range(-(-bits.bit_length() // lane_bits))
        if (bits >> number * lane_bits) & lane
    ]
    return {
        "name": case.name,
        "outputs_checked": sum(m.bit_count() for m in mask[: tally.beats]) // lane_bits,
        "mismatches": len(wrong),
        "examples": wrong[:SHOWN_MISMATCHES],
        "violations": tally.violations[:SHOWN_MISMATCHES],
    }


def _integers(rows: NDArray[np.uint8]) -> list[int]:
    return [int.from_bytes(row, "little") for row in map(bytes, rows)]

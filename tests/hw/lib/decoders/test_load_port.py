"""Decoders in front of the weights of engines: products are those of what they decode."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Array, Module, Signal
from amaranth.lib import wiring
from amaranth.sim import Simulator

from golden.contract import Jobs, PortLayout
from golden.decoders import (
    CodebookDecoder,
    FixedDecoder,
    TernaryDecoder,
    TwoLevelDecoder,
    columns_of,
    fixed_point_levels,
)
from golden.formats import INT8, Codes, parse_format
from golden.packing import TRITS_3_IN_5, TRITS_5_IN_8
from hw.emit import emit_verilog
from hw.lib.decoders.codebook import Codebook, FixedLevels
from hw.lib.decoders.front import Fronted
from hw.lib.decoders.sets import HeldSets, set_beat_shape
from hw.lib.decoders.ternary import TernaryWords
from hw.lib.decoders.two_level import TwoLevel
from tests.support.pysim import CLOCK_PERIOD, Played, play
from tilewright.catalog import Engine, find_engine
from tilewright.stimulus import Stalls, Stimulus, build_vectors

ENGINES = (
    ("dot", {"m": 2, "n": 3, "k": 2, "k_max": 20}),
    ("systolic", {"rows": 4, "cols": 3, "dataflow": "ws", "k_max": 20}),
    ("systolic", {"rows": 2, "cols": 3, "dataflow": "os", "k_max": 20}),
)
SHAPE = (3, 7, 10)
"""M, N and K of the product: more than a tile of each."""

GROUP = 4
STALLS = (Stalls(), Stalls(weights=0.5, results=0.3), Stalls(activations=0.6, lazy_sink=True))


@dataclass
class Front:
    """A decoder with what it decodes.

    ``decoded`` are codes of the engine, ``beats`` those of the side stream, if there is one.
    """

    port: PortLayout
    part: wiring.Component
    stored: Codes
    decoded: Codes
    beats: Sequence[int] = ()


class Fed(wiring.Component):
    """A component whose side stream brings given beats, each after a pause of its own."""

    def __init__(self, inner: Fronted, beats: Sequence[int], pauses: Sequence[int]) -> None:
        self._inner: Any = inner
        self._beats, self._pauses = beats, pauses
        members = dict(inner.signature.members)
        del members["side"]
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = inner = self._inner
        for name in self.signature.members:
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(inner, name))
        index, waited = Signal(range(len(self._beats) + 1)), Signal(8)
        bits = len(inner.side.payload.as_value())
        beats = Array([*self._beats, (1 << bits) - 1])
        offers = (index < len(self._beats)) & (waited == Array([*self._pauses, 0])[index])
        m.d.comb += [inner.side.valid.eq(offers), inner.side.payload.as_value().eq(beats[index])]
        with m.If(inner.side.valid & inner.side.ready):
            m.d.sync += [index.eq(index + 1), waited.eq(0)]
        with m.Elif(~inner.side.valid):
            m.d.sync += waited.eq(waited + 1)
        return m


def codebook(port: PortLayout, jobs: Jobs, rng: np.random.Generator) -> Front:
    decoder = CodebookDecoder(port=port, bits=3)
    stored, tables = decoder.layout.format.draw(rng, SHAPE[:0:-1]), port.format.draw(rng, (7, 8))
    beats = decoder.sets(jobs, tables)
    return Front(decoder.layout, Codebook(decoder), stored, decoder.decode(stored, tables), beats)


def two_level(port: PortLayout, jobs: Jobs, rng: np.random.Generator) -> Front:
    decoder = TwoLevelDecoder(port=port)
    stored = decoder.layout.format.draw(rng, SHAPE[:0:-1])
    zero_points, scales = (field.format.draw(rng, (3, 7)) for field in decoder.side)
    beats = decoder.sets(jobs, zero_points, scales, group_size=GROUP)
    decoded = decoder.decode(stored, zero_points, scales, group_size=GROUP)
    return Front(decoder.layout, TwoLevel(decoder), stored, decoded, beats)


def nf4(port: PortLayout, jobs: Jobs, rng: np.random.Generator) -> Front:
    stored_as = parse_format("nf4")
    levels = fixed_point_levels(stored_as, INT8)
    decoder = FixedDecoder(port=port, stored=stored_as, levels=levels)
    stored = stored_as.draw(rng, SHAPE[:0:-1])
    return Front(decoder.layout, FixedLevels(decoder), stored, decoder.decode(stored))


def ternary(port: PortLayout, jobs: Jobs, rng: np.random.Generator) -> Front:
    decoder = TernaryDecoder(port=port, packing=TRITS_5_IN_8)
    stored = decoder.layout.format.draw(rng, SHAPE[:0:-1])
    return Front(decoder.layout, TernaryWords(decoder), stored, decoder.decode(stored))


def ternary_of_three(port: PortLayout, jobs: Jobs, rng: np.random.Generator) -> Front:
    decoder = TernaryDecoder(port=port, packing=TRITS_3_IN_5)
    stored = decoder.layout.format.draw(rng, SHAPE[:0:-1])
    return Front(decoder.layout, TernaryWords(decoder), stored, decoder.decode(stored))


def stored_beats(front: Front, jobs: Jobs, rng: np.random.Generator) -> np.ndarray:
    """Payloads of the decoder's own port."""
    lanes = []
    for job in jobs:
        elements = front.port.elements(job)
        row, col = np.divmod(np.maximum(elements, 0), job.n)
        codes = front.stored[job.k0 + row, job.n0 + col]
        noise = front.port.format.draw(rng, elements.shape)
        lanes.append(np.where(elements >= 0, codes, noise))
    return front.port.pack(np.concatenate(lanes))


def played(
    engine: Engine, params: Any, make: Callable[..., Front], seed: int, *, pauses: int
) -> list[Played]:
    """A product whose weights pass through a decoder, undisturbed and with stalls."""
    rng = np.random.default_rng(seed)
    m, n, k = SHAPE
    jobs = engine.golden.jobs(params, m, n, k)
    front = make(engine.golden.layout(params).weights, jobs, rng)
    a = params.activation.draw(rng, (m, k))
    stimulus = Stimulus(name="product", jobs=jobs, a=a, w=front.decoded, stalls=STALLS)
    vectors = build_vectors(engine, params, [stimulus], top=engine.name, seed=seed)
    component: wiring.Component = Fronted(engine.component(params), front.part)
    if front.beats:
        # The engine waits for the first set; each of the others is there in time, or late.
        beats = [*front.beats] * len(STALLS)
        component = Fed(component, beats, rng.integers(0, pauses + 1, len(beats)).tolist())
    cases = tuple(
        dataclasses.replace(case, cycles=None if front.beats else case.cycles)
        for case in vectors.plan.cases
    )
    plan = dataclasses.replace(
        vectors.plan, bits={**vectors.plan.bits, "weights": front.port.bits}, cases=cases
    )
    weights = stored_beats(front, jobs, rng)
    return play(
        component,
        dataclasses.replace(vectors, plan=plan, beats={**vectors.beats, "weights": weights}),
    )


@pytest.mark.parametrize("make", [codebook, two_level, nf4, ternary, ternary_of_three])
@pytest.mark.parametrize(("name", "given"), ENGINES, ids=["dot", "ws", "os"])
def test_an_engine_multiplies_what_its_decoder_gives(
    name: str, given: dict[str, Any], make: Callable[..., Front]
) -> None:
    engine = find_engine(name)
    params = engine.params(given)
    cases = played(engine, params, make, 3, pauses=3)
    assert [problem for case in cases for problem in case.problems] == []
    assert len(cases) == len(STALLS)


@pytest.mark.parametrize("make", [codebook, two_level])
def test_sets_that_are_there_in_time_cost_nothing(make: Callable[..., Front]) -> None:
    """A tile is 10 beats of an output-stationary array: of 3 groups, or of one table of 8."""
    engine = find_engine("systolic")
    params = engine.params({"rows": 2, "cols": 3, "dataflow": "os", "k_max": 20})
    first, *_ = played(engine, params, make, 5, pauses=0)
    assert first.problems == []
    m, n, k = SHAPE
    # The first set is loaded from the first cycle on, and serves a cycle after its last beat.
    load = 8 if make is codebook else 1
    assert first.cycles is not None
    late = first.cycles - engine.sim.timing(params, m, n, k)
    assert 0 <= late <= load + 1


def test_every_product_of_two_levels() -> None:
    """All codes, zero points and scales: a column for each zero point, a set for each scale."""
    engine = find_engine("dot")
    port = engine.golden.layout(engine.params({"m": 1, "n": 16, "k": 1})).weights
    decoder = TwoLevelDecoder(port=port)
    part = TwoLevel(decoder)
    zero_points = np.tile(np.arange(16, dtype=np.uint8), (256, 1))
    scales = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 16, axis=1)
    codes = np.repeat(np.tile(np.arange(16, dtype=np.uint8), 256)[:, np.newaxis], 16, axis=1)
    jobs = engine.golden.jobs(engine.params({"m": 1, "n": 16, "k": 1}), 1, 16, len(codes))
    sets = decoder.sets(jobs, zero_points, scales, group_size=16)
    assert len(sets) == 256
    found: list[int] = []

    async def bench(ctx: Any) -> None:
        ctx.set(part.o.ready, 1)
        ctx.set(part.i.valid, 1)
        sent = 0
        while len(found) < len(codes):
            ctx.set(part.side.valid, sent < len(sets))
            ctx.set(part.side.payload.as_value(), sets[min(sent, len(sets) - 1)])
            ctx.set(part.i.payload.as_value(), len(found) % 16 * int("1" * 16, 16))
            taken = ctx.get(part.side.ready)
            if ctx.get(part.i.ready):
                found.append(ctx.get(part.o.payload.as_value()))
            await ctx.tick()
            sent += taken

    simulator = Simulator(part)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()
    expected = decoder.decode(codes, zero_points, scales, group_size=16)
    assert [row.to_bytes(16, "little") for row in found] == [row.tobytes() for row in expected]


@pytest.mark.parametrize("bits", [1, 4])
def test_every_code_of_a_codebook_in_every_lane(bits: int) -> None:
    engine = find_engine("dot")
    port = engine.golden.layout(engine.params({"m": 1, "n": 2, "k": 2})).weights
    decoder = CodebookDecoder(port=port, bits=bits)
    part = Codebook(decoder)
    rng = np.random.default_rng(0)
    tables = INT8.draw(rng, (2, 1 << bits))
    payloads = [
        0xFFFF | int(tables[0, e]) << 16 | int(tables[1, e]) << 24 for e in range(1 << bits)
    ]
    _, columns = columns_of(port)

    async def bench(ctx: Any) -> None:
        ctx.set(part.o.ready, 1)
        ctx.set(part.side.valid, 1)
        for payload in payloads:
            assert not ctx.get(part.o.valid)
            ctx.set(part.side.payload.as_value(), payload)
            await ctx.tick()
        ctx.set(part.side.valid, 0)
        await ctx.tick()
        ctx.set(part.i.valid, 1)
        for code in range(1 << bits):
            for lane in range(port.width):
                ctx.set(part.i.payload[lane], (code + lane) % (1 << bits))
            assert ctx.get(part.o.valid)
            for lane, column in enumerate(columns.tolist()):
                level = int(tables[column, (code + lane) % (1 << bits)])
                assert ctx.get(part.o.payload[lane]) % 256 == level
            await ctx.tick()

    simulator = Simulator(part)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("rows", [1, 3])
def test_sets_serve_as_many_beats_as_they_say(rows: int) -> None:
    """With random pauses on both sides; a set is served in the order in which it came."""
    shape = set_beat_shape((), 0)
    part = HeldSets(shape, rows)
    rng = np.random.default_rng(rows)
    counts = rng.integers(1, 5, 60).tolist()
    # Other rows than the last one carry numbers that count for nothing.
    beats = [count if row == rows - 1 else 100 + row for count in counts for row in range(rows)]
    served: list[int] = []

    async def bench(ctx: Any) -> None:
        sent = 0
        while len(served) < sum(counts):
            offers = sent < len(beats) and rng.random() < 0.7
            wants = rng.random() < 0.6
            ctx.set(part.i.valid, offers)
            ctx.set(part.i.payload.as_value(), beats[sent] if offers else 77)
            use = wants and ctx.get(part.there)
            ctx.set(part.use, use)
            if use:
                served.append(ctx.get(part.rows[rows - 1].beats))
                assert [ctx.get(part.rows[row].beats) for row in range(rows - 1)] == [
                    100 + row for row in range(rows - 1)
                ]
            taken = offers and ctx.get(part.i.ready)
            await ctx.tick()
            sent += taken
        assert not ctx.get(part.there)

    simulator = Simulator(part)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()
    assert served == [count for count in counts for _ in range(count)]


def test_decoders_are_emitted_once() -> None:
    engine = find_engine("dot")
    params = engine.params({"m": 1, "n": 2, "k": 2})
    front = nf4(
        engine.golden.layout(params).weights,
        engine.golden.jobs(params, *SHAPE),
        np.random.default_rng(0),
    )
    verilog = emit_verilog(Fronted(engine.component(params), front.part), "dot_nf4")
    assert verilog.count("module codebook_level_table_v") == 1

"""Playing test vectors to an engine in Amaranth's simulator.

A second harness beside the one for emitted Verilog, written from the stream rules alone, so that
a mistake of one harness shows in the other. What it can do beyond the other: it looks twice into
one cycle, with the sink ready and with the sink not ready, and so sees a result that depends on
being taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from amaranth.hdl import ClockDomain, Module, Value
from amaranth.lib import wiring
from amaranth.sim import Simulator

from hw.bench.vectors import Case, Vectors

__all__ = ["CLOCK_PERIOD", "Played", "play"]

CLOCK_PERIOD = 1e-6

_SINK = "results"
_JOBS = "job"


@dataclass
class Played:
    """What one case of a plan came to.

    Parameters
    ----------
    case : Case
    cycles : int or None
        From the first transfer of a job to the last transfer of a result, both included; None
        where the case did not come to its end.
    mismatches : list of str
        Lanes that differ from what was expected.
    violations : list of str
        Stream rules that were broken.
    hang : bool
        Nothing moved any more.
    extra_beats : int
        Results after the last expected one.
    unused_beats : dict of str to int
        Beats that an input did not take, for each port that has some.
    """

    case: Case
    cycles: int | None = None
    mismatches: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    hang: bool = False
    extra_beats: int = 0
    unused_beats: dict[str, int] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """Everything that was wrong, cycles included."""
        found = [*self.mismatches, *self.violations]
        if self.hang:
            found.append("hang: nothing moves any more")
        if self.extra_beats:
            found.append(f"{self.extra_beats} results more than expected")
        if not self.hang and not self.case.reset_after:
            found += [
                f"{count} beats of {port} were not taken"
                for port, count in self.unused_beats.items()
            ]
            if self.case.cycles is not None and self.cycles != self.case.cycles:
                found.append(f"{self.cycles} cycles where the timing says {self.case.cycles}")
        return [f"{self.case.name}: {problem}" for problem in found]


def play(component: wiring.Component, vectors: Vectors) -> list[Played]:
    """Play the cases of ``vectors`` to ``component``, one after the other without a reset.

    Whatever a source does not offer is random in every cycle. A reset lasts one cycle. The first
    case with a problem is the last that is played.
    """
    top = Module()
    top.domains.sync = domain = ClockDomain()
    top.submodules.engine = component
    bench = _Bench(component, domain, vectors)
    simulator = Simulator(top)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench.run)
    simulator.run()
    return bench.played


class _Port:
    """Signals of one stream."""

    def __init__(self, component: wiring.Component, name: str) -> None:
        stream = getattr(component, name)
        self.name = name
        self.payload = Value.cast(stream.payload)
        self.valid = stream.valid
        self.ready = stream.ready


class _Source(_Port):
    """Beats on their way into an input."""

    def __init__(self, component: wiring.Component, name: str, bits: int) -> None:
        super().__init__(component, name)
        self.bits = bits
        self.waiting: list[int] = []
        self.pause = 0.0
        self.offers = False

    def drive(self, ctx: Any, random: Random) -> None:
        """Decide on this cycle."""
        if self.offers:
            return
        self.offers = bool(self.waiting) and random.random() >= self.pause
        ctx.set(self.payload, self.waiting[0] if self.offers else random.getrandbits(self.bits))
        ctx.set(self.valid, self.offers)

    def takes(self, ctx: Any) -> bool:
        """Whether the beat on offer is transferred in this cycle."""
        if not (self.offers and ctx.get(self.ready)):
            return False
        self.waiting.pop(0)
        self.offers = False
        return True

    def withdraw(self) -> None:
        """Forget everything."""
        self.waiting, self.offers = [], False


@dataclass(frozen=True)
class _Look:
    """An output as one cycle shows it."""

    valid: bool
    payload: int


class _Bench:
    """The testbench: all ports in one process, cycle by cycle."""

    def __init__(self, component: wiring.Component, domain: ClockDomain, vectors: Vectors) -> None:
        plan = vectors.plan
        self.played: list[Played] = []
        self._reset = domain.rst
        self._plan = plan
        self._random = Random(plan.seed)
        self._rows = {name: _integers(rows) for name, rows in vectors.beats.items()}
        self._mask = _integers(vectors.mask)
        self._sources = [
            _Source(component, name, bits) for name, bits in plan.bits.items() if name != _SINK
        ]
        self._sink = _Port(component, _SINK)
        self._held: _Look | None = None

    async def run(self, ctx: Any) -> None:
        await self._pulse_reset(ctx)
        for case in self._plan.cases:
            played = Played(case)
            self.played.append(played)
            await self._play(ctx, case, played)
            if case.reset_after:
                await self._pulse_reset(ctx)
            else:
                await self._listen(ctx, played, self._random.randrange(4))
            if played.problems:
                return
        await self._listen(ctx, self.played[-1], self._plan.listen_cycles)

    async def _pulse_reset(self, ctx: Any) -> None:
        for source in self._sources:
            source.withdraw()
            source.drive(ctx, self._random)
        ctx.set(self._reset, 1)
        await ctx.tick()
        ctx.set(self._reset, 0)
        self._held = None

    async def _play(self, ctx: Any, case: Case, played: Played) -> None:
        for source in self._sources:
            source.waiting = self._beats(case, source.name)
            source.pause = case.stalls.get(source.name, 0.0)
        expected = self._beats(case, _SINK)
        mask = self._mask[slice(*case.beats[_SINK])]
        arrived = cycle = idle = begun = 0
        seen = False
        while arrived < len(expected):
            cycle += 1
            for source in self._sources:
                source.drive(ctx, self._random)
            ready = self._accepts(case, seen)
            look = self._look(ctx, ready, played)
            taken = [source.name for source in self._sources if source.takes(ctx)]
            if not begun and _JOBS in taken:
                begun = cycle
            if look.valid and not begun:
                played.violations.append("a result before the first job")
            if look.valid and ready:
                played.mismatches += self._compare(arrived, look, expected, mask)
                arrived += 1
            moved = taken or (look.valid and ready)
            seen = look.valid and not ready
            await ctx.tick()
            if cycle == case.reset_after:
                return
            idle = 0 if moved else idle + 1
            if idle > self._plan.patience_cycles:
                played.hang = True
                return
        played.cycles = cycle - begun + 1
        played.unused_beats = {
            source.name: len(source.waiting) for source in self._sources if source.waiting
        }

    async def _listen(self, ctx: Any, played: Played, cycles: int) -> None:
        """Offer nothing for a while, and count what still comes."""
        for source in self._sources:
            source.withdraw()
        for _ in range(cycles):
            for source in self._sources:
                source.drive(ctx, self._random)
            played.extra_beats += self._look(ctx, True, played).valid
            await ctx.tick()

    def _accepts(self, case: Case, seen: bool) -> bool:
        if case.lazy_sink:
            return seen
        return self._random.random() >= case.stalls.get(_SINK, 0.0)

    def _look(self, ctx: Any, ready: bool, played: Played) -> _Look:
        """What the output shows, by the rules: held until it is taken, no matter whether it is."""
        sink = self._sink
        if self._random.random() < 0.25:
            ctx.set(sink.ready, not ready)
            other = _Look(bool(ctx.get(sink.valid)), ctx.get(sink.payload))
        else:
            other = None
        ctx.set(sink.ready, ready)
        look = _Look(bool(ctx.get(sink.valid)), ctx.get(sink.payload))
        if other is not None and other.valid != look.valid:
            played.violations.append("valid depends on ready")
        elif other is not None and look.valid and other != look:
            played.violations.append("the payload depends on ready")
        if self._held is not None and not look.valid:
            played.violations.append("valid fell before the transfer")
        elif self._held is not None and look != self._held:
            played.violations.append("the payload changed before the transfer")
        self._held = look if look.valid and not ready else None
        return look

    def _compare(
        self, beat: int, look: _Look, expected: Sequence[int], mask: Sequence[int]
    ) -> list[str]:
        bits = self._plan.lane_bits
        ones = (1 << bits) - 1
        wrong = (look.payload ^ expected[beat]) & mask[beat]
        return [
            f"result beat {beat}, lane {lane}: code {look.payload >> lane * bits & ones}"
            f" where {expected[beat] >> lane * bits & ones} is right"
            for lane in range(self._plan.bits[_SINK] // bits)
            if wrong >> lane * bits & ones
        ]

    def _beats(self, case: Case, port: str) -> list[int]:
        return self._rows[port][slice(*case.beats[port])]


def _integers(rows: Any) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little") for row in rows]

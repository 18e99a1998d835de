"""About how many cycles a plan takes: enough to choose the best of many."""

from golden.accelerator.description import Accelerator, MemoryKind
from golden.accelerator.interpreter import PARAMETER_WORDS
from mapper.accelerator.streaming.plan import Kept, Plan

__all__ = ["Estimate"]

_LATER = 1 / 64
"""What a cycle of a unit counts that waits for a busier one anyway: less traffic is better."""

_UNHIDDEN = 1 / 2
"""How much of the first weights' loading is not hidden behind the layer before."""

_LOAD_OVERHEAD = 1 / 16
"""Of the memory's latency, how much a load takes more than its beats once loads follow loads."""

_SCALING_CYCLES = 20
"""Of scaling and storing a tile, besides words and beats."""


class Estimate:
    """Cycles on an accelerator.

    Parameters
    ----------
    accelerator : Accelerator
    """

    def __init__(self, accelerator: Accelerator) -> None:
        memory = accelerator.memory
        self._lanes = accelerator.lanes
        self._bus_bytes = accelerator.bus_bytes
        self._interval = accelerator.interval
        self._latency = 1 if memory.kind is MemoryKind.IDEAL else memory.latency_cycles
        # An engine is filled with weights and emptied of sums once an instruction.
        self._product_cycles = 3 * accelerator.lanes + 10

    def cycles(self, plan: Plan) -> float:
        """Of the busiest unit, of what it waits for at the beginning, and of what ends later."""
        sweep, lanes = plan.sweep, self._lanes
        down = _parts(sweep.out_height, plan.height)
        across = _parts(sweep.out_width, plan.width)
        tiles = sum(count for count, _ in down) * sum(count for count, _ in across)
        steps = tiles * plan.groups
        pieces = plan.pieces * len(plan.taps)
        taps = sweep.taps_y * sweep.taps_x

        jobs = taps * (1 if sweep.diagonal else plan.depth_blocks)
        held = sum(n * m * max(h * w, lanes) for n, h in down for m, w in across)
        pixels = plan.height * plan.width
        compute = float(plan.filter_blocks * jobs * held + steps * pieces * self._product_cycles)
        step_compute = plan.blocks * jobs * max(pixels, lanes) + pieces * self._product_cycles

        tile_load = self._tile_load(plan)
        group_words = taps * (1 if sweep.diagonal else sweep.depth)
        group_load = self._words(plan.blocks * group_words)
        copy_load = self._words(plan.filter_blocks * group_words)
        load = (
            tile_load * tiles * (1 if plan.input_once else plan.groups)
            + copy_load * (1 if plan.weights_once else tiles)
            + _LOAD_OVERHEAD * self._latency * pieces * steps
        )

        octets = pixels * min(plan.blocks * lanes, sweep.filters)
        step_store = (
            (pixels + PARAMETER_WORDS) * plan.blocks
            + self._transfer(octets, pixels * plan.blocks)
            + self._latency
            + _SCALING_CYCLES
        )

        # What is loaded for many steps at once is longer than one step hides.
        excess = max(0.0, group_load + tile_load - step_compute)
        if plan.weights_once and plan.kept is Kept.GROUP:
            compute += excess * plan.groups
        elif plan.input_once:
            compute += excess * tiles

        first = {
            Kept.COPY: copy_load,
            Kept.GROUP: group_load,
            Kept.PIECE: group_load / pieces,
        }[plan.kept]
        outside = self._latency + _UNHIDDEN * first + tile_load / plan.pieces + step_store
        units = compute, load, step_store * steps
        return sweep.copies * max(units) + outside + _LATER * sum(units)

    def _tile_load(self, plan: Plan) -> float:
        """Of a tile's input."""
        sweep = plan.sweep
        blocks = plan.blocks if sweep.diagonal else plan.depth_blocks
        octets = min(blocks * self._lanes, sweep.depth)
        rows = min(plan.rows_of(plan.height), sweep.height)
        columns = min(plan.columns_of(plan.width), sweep.width)
        if sweep.flat:
            return self._transfer(columns * octets, columns * blocks)
        step = sweep.column_step if sweep.pixels > 1 else octets
        return rows * self._transfer(columns * step + self._bus_bytes, columns * blocks)

    def _words(self, count: int) -> float:
        return self._transfer(count * self._lanes, count)

    def _transfer(self, octets: int, words: int) -> float:
        return float(max(-(-octets // self._bus_bytes) * self._interval, words))


def _parts(total: int, size: int) -> list[tuple[int, int]]:
    """How many parts there are of which size."""
    full, rest = divmod(total, size)
    return [(count, part) for count, part in ((full, size), (1, rest)) if count and part]

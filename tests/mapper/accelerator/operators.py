"""Small layers and accelerators whose spaces of plans can be gone through, and plans of others."""

from dataclasses import replace
from functools import cached_property

import numpy as np

from golden.accelerator.description import Memory, MemoryKind
from golden.errors import UserError
from mapper.accelerator.streaming.exact.bounds import box_bounds, leaf_bound
from mapper.accelerator.streaming.exact.numbers import UNREACHED, new_memo, record_of
from mapper.accelerator.streaming.exact.schedule import evaluate
from mapper.accelerator.streaming.exact.search import inputs_of_pieces
from mapper.accelerator.streaming.exact.space import count_plans, list_boxes
from mapper.accelerator.streaming.problem import cut_of, pace_of, plan_of, problem_of
from mapper.accelerator.streaming.regions import places_of, regions_of
from mapper.accelerator.streaming.space import has_room
from mapper.accelerator.streaming.sweep import sweep_of
from sim.workload import ConvLayer, GemmLayer
from tests.mapper.accelerator.machines import EDGE, accelerator, random_accelerator
from tests.mapper.accelerator.streamed import random_layer


def random_memory(rng):
    """Ideal, or with a latency."""
    if rng.random() < 0.2:
        return Memory(kind=MemoryKind.IDEAL)
    return Memory(
        latency_cycles=int(rng.choice([1, 5, 20, 60])),
        bytes_per_cycle=int(rng.choice([4, 8, 16])),
        outstanding=int(rng.choice([1, 2, 4, 16])),
    )


def random_machine(rng):
    design = EDGE if rng.random() < 0.3 else random_accelerator(rng)
    return replace(
        design,
        memory=random_memory(rng),
        burst_beats=int(rng.choice([4, 16])),
        outstanding_reads=int(rng.choice([2, 8])),
        queue_depth=int(rng.choice([2, 8])),
    )


def small_machine(rng):
    """One that has room for few plans."""
    design = accelerator(
        4,
        activations=int(rng.choice([16, 32, 64])),
        weights=int(rng.choice([10, 24, 60])),
        parameters=int(rng.choice([9, 18, 40])),
        accumulators=int(rng.choice([4, 8, 16])),
        banks=(int(rng.choice([1, 2, 4])), int(rng.choice([1, 2]))),
    )
    return replace(design, memory=random_memory(rng), queue_depth=int(rng.choice([2, 8])))


def small_layer(rng):
    """One that has few plans."""
    if rng.random() < 0.4:
        m, k, n = (int(size) for size in rng.integers(1, 13, 3))
        return GemmLayer(name="product", m=m, k=k, n=n, count=int(rng.choice([1, 1, 2])))
    groups = int(rng.choice([1, 1, 2]))
    channels, filters = groups * rng.integers(1, 6, 2)
    if rng.random() < 0.2:
        channels = filters = groups = int(rng.integers(2, 7))
    taps = int(rng.integers(1, 4))
    return ConvLayer(
        name="convolution",
        height=int(rng.integers(taps, 6)),
        width=int(rng.integers(taps, 6)),
        channels=int(channels),
        filter_height=taps,
        filter_width=taps,
        filters=int(filters),
        stride=(int(rng.integers(1, 3)),) * 2,
        pads=(int(rng.integers(0, 2)),) * 4,
        groups=groups,
    )


def small_cases(most_plans):
    """Layers and accelerators with at least one plan, and at most so many; without end."""
    seed = 0
    while True:
        rng = np.random.default_rng(seed)
        design, layer = small_machine(rng), small_layer(rng)
        seed += 1
        try:
            numbers = Numbers(layer, design)
        except UserError:
            continue
        if 0 < numbers.count <= most_plans:
            yield layer, design


class Numbers:
    """A layer on an accelerator, as the search has it."""

    def __init__(self, layer, design):
        self.sweep = sweep_of(layer, design.lanes)
        self.design = design
        self.problem = record_of(problem_of(self.sweep, design))
        self.boxes = list_boxes(self.problem)

    @cached_property
    def tables(self):
        return self.problem, pace_of(self.sweep, self.design), new_memo()

    @property
    def count(self):
        return count_plans(self.problem, self.boxes)

    def random_plan(self, rng):
        """A plan of the space, or None if that was not found quickly."""
        sweep, lanes = self.sweep, self.design.lanes
        most = places_of(regions_of(self.design))
        for _ in range(200 if len(self.boxes) else 0):
            kept = int(rng.integers(3))
            box = self.boxes[rng.integers(len(self.boxes))]
            down, across = sweep.taps_y, sweep.taps_x
            if kept == 2:
                down, across = int(rng.integers(1, down + 1)), int(rng.integers(1, across + 1))
            elif max(sweep.dilation_y, sweep.dilation_x) > 16 or max(down, across) > 32:
                continue
            piece = int(rng.integers(1, -(-sweep.depth // lanes) + 1))
            if sweep.diagonal:
                piece = int(box[2])
            elif sweep.pixels > 1:
                piece = -(-sweep.depth // lanes)
            places = [
                int(rng.integers(1, number + 1))
                for number in (most.inputs, most.weights, most.parameters, most.sums)
            ]
            numbers = [*box, piece, down, across, rng.integers(6), kept, *places]
            plan = plan_of(sweep, lanes, np.array(numbers, dtype=np.int64))
            if has_room(plan, regions_of(self.design, plan.places)):
                return plan
        return None

    def cost(self, plan):
        """Cycles and bytes."""
        _, products = self._bound(plan)
        return evaluate(*self.tables, cut_of(plan), UNREACHED, products)

    def products(self, plan):
        """Cycles of all products."""
        return self._bound(plan)[1]

    def bound(self, plan):
        return self._bound(plan)[0]

    def box_bound(self, plan):
        boxes = np.array([[plan.height, plan.width, plan.blocks]], dtype=np.int64)
        return box_bounds(*self.tables, boxes)[0]

    def _bound(self, plan):
        cut = cut_of(plan)
        return leaf_bound(*self.tables, cut, *inputs_of_pieces(self.problem, cut))


def random_case(seed):
    """A layer, an accelerator and one of its plans, or None where these do not go together."""
    rng = np.random.default_rng(seed)
    design, layer = random_machine(rng), random_layer(rng)
    try:
        numbers = Numbers(layer, design)
    except UserError:
        return None
    plan = numbers.random_plan(rng)
    return None if plan is None else (layer, numbers, plan)

"""Skipping what repeats, on many random programs."""

import numpy as np

from golden.accelerator.description import Memory
from sim.accelerator.simulation import simulate
from sim.accelerator.steps import Layer, Loop
from tests.sim.accelerator.programs import Told, accelerator, flat, random_nest

PROGRAMS = 200


def repeated(seed):
    """Some random layers, each a body over and over, of 10^3 to 10^5 instructions in all."""
    rng = np.random.default_rng(seed)
    length = 10 ** rng.uniform(3.2, 4.8)
    layers = []
    for number in range(int(rng.integers(1, 4))):
        body = (*random_nest(rng, 1, (2, 30)), *random_nest(rng, 0, (1, 2)))
        count = max(2, int(length / len(list(flat(body)))))
        layers.append(Layer(name=str(number), body=[Loop(count, body)]))
        length /= 3
    return layers


def test_with_and_without():
    fired = 0
    sizes = []
    for seed in range(PROGRAMS):
        rng = np.random.default_rng(seed)
        machine = accelerator(
            queue_depth=int(rng.choice([2, 4, 8])),
            memory=Memory(latency_cycles=int(rng.integers(1, 80))),
        )
        layers = repeated(seed)
        quick = simulate(machine, layers, costs=Told())
        slow = simulate(machine, layers, costs=Told(), steady=False)
        assert quick.counters == slow.counters, seed
        assert quick.layers == slow.layers, seed
        sizes.append(slow.stepped)
        fired += quick.jumps > 0
    print(f"{min(sizes)} to {max(sizes)} instructions, fired in {fired} of {PROGRAMS}")
    assert min(sizes) >= 1000
    assert max(sizes) <= 10**5
    assert fired >= 100

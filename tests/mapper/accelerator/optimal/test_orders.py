"""Orders and stages."""

from itertools import permutations

import numpy as np

from golden.operators import Add
from mapper.accelerator.legalise import legalise
from mapper.accelerator.optimal.orders import alone, interleaving, orders_of, together
from mapper.accelerator.reference import with_fixed_point
from tests.mapper.accelerator.networks import Builder


def layers():
    build = Builder(np.random.default_rng(0))
    x = build.tensor("x", (1, 4, 4, 4))
    a = build.conv(x, 4, (1, 1))
    b = build.conv(a, 4, (1, 1))
    c = build.conv(a, 4, (1, 1))
    build.add(Add, (b, c), build.shape(x))
    return legalise(with_fixed_point(build.graph()), 4).layers


def test_all_orders_the_given_one_first():
    found = list(orders_of(layers()))
    assert found[0] == (0, 1, 2, 3)
    made = {layer.target: n for n, layer in enumerate(layers())}
    allowed = {
        order
        for order in permutations(range(4))
        if all(
            order.index(made[value]) < order.index(n)
            for n, layer in enumerate(layers())
            for value in layer.sources
            if value in made
        )
    }
    assert set(found) == allowed
    assert len(found) == len(allowed) == 2


def test_stages():
    assert alone((0, 2, 1, 3)) == ((0,), (2,), (1,), (3,))
    assert together(layers(), (0, 2, 1, 3)) == ((0,), (2,), (1, 3))


def test_interleaving_counts_products_that_need_not_wait():
    assert interleaving(layers(), (0, 1, 2, 3)) == 1

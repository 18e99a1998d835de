"""Logic depth against every path, one by one."""

from collections.abc import Iterator

import numpy as np
import pytest

from golden.errors import UserError
from hw.synth.depth import longest_path
from hw.synth.netlist import Gate, Netlist


def random_netlist(rng: np.random.Generator, gates: int) -> Netlist:
    """Gates that read earlier nets, numbered at random."""
    inputs, outputs = 5, 4
    names = (2 + rng.permutation(inputs + gates)).tolist()
    logic = []
    for index in range(gates):
        sources = rng.choice(inputs + index, size=min(2, inputs + index), replace=False).tolist()
        pins = {pin: names[source] for pin, source in zip("AB", sources, strict=True)}
        logic.append(Gate("NAND", f"g{index}", pins, {"Y": names[inputs + index]}))
    rng.shuffle(logic)
    ends = rng.choice(inputs + gates, size=outputs, replace=False).tolist()
    return Netlist(
        top="random",
        logic=tuple(logic),
        state=(),
        inputs={f"i{index}": names[index] for index in range(inputs)},
        outputs={f"o{index}": names[end] for index, end in enumerate(ends)},
    )


def all_paths(netlist: Netlist, net: int) -> Iterator[tuple[int, int]]:
    """First net and number of gates of every path to a net."""
    drivers = [gate for gate in netlist.logic if net in gate.outputs.values()]
    if not drivers:
        yield net, 0
    for gate in drivers:
        for before in gate.inputs.values():
            for first, gates in all_paths(netlist, before):
                yield first, gates + 1


@pytest.mark.parametrize("seed", range(20))
def test_no_path_is_longer_and_this_one_is_there(seed: int) -> None:
    rng = np.random.default_rng(seed)
    netlist = random_netlist(rng, int(rng.integers(1, 25)))
    path = longest_path(netlist)
    ways = {name: set(all_paths(netlist, net)) for name, net in netlist.outputs.items()}
    assert path.gates == max(gates for found in ways.values() for _, gates in found)
    assert (netlist.inputs[path.start], path.gates) in ways[path.end]


def test_a_loop_is_refused() -> None:
    gates = (Gate("INV", "a", {"A": 2}, {"Y": 3}), Gate("INV", "b", {"A": 3}, {"Y": 2}))
    netlist = Netlist(top="ring", logic=gates, state=(), inputs={}, outputs={"o": 3})
    with pytest.raises(UserError, match="the logic of ring has a loop without a flip-flop"):
        longest_path(netlist)

import pytest

from golden.accelerator.description import Memory, MemoryKind
from golden.accelerator.instructions import Gemm, Load, Store
from sim.accelerator.simulation import simulate
from sim.accelerator.steps import Layer, Loop, Step, expanded
from tests.sim.accelerator.programs import accelerator

BURST = 32


def nest():
    """Tiles of two rows of a plane: loaded, and stored again."""
    load = Step(
        instruction=Load(address=4, row_bytes=40, group_bytes=40),
        writes=("a",),
        increments=(("address", (10 * BURST, 3 * BURST)), ("local", (0, 1))),
    )
    store = Step(
        instruction=Store(base=1, address=8, group_bytes=24),
        reads=("a",),
        increments=(("address", (BURST,)),),
    )
    return (Gemm(), Loop(3, (Loop(4, (load,)), store)), load.repetition((0, 0)))


def test_expanded_steps_have_their_own_fields():
    steps = list(expanded(nest()))
    assert [type(step.instruction) for step in steps[:7]] == [Gemm, *[Load] * 4, Store, Load]
    assert len(steps) == 1 + 3 * 5 + 1
    loads = [step.instruction for step in steps if isinstance(step.instruction, Load)]
    assert [load.address for load in loads[:5]] == [4, 100, 196, 292, 324]
    assert [load.local for load in loads[:5]] == [0, 1, 2, 3, 0]
    stores = [step.instruction for step in steps if isinstance(step.instruction, Store)]
    assert [store.address for store in stores] == [8, 40, 72]
    assert steps[1].writes == ("a",)
    assert steps[-1].instruction == loads[0]


@pytest.mark.parametrize("kind", MemoryKind)
def test_trees_cost_what_their_steps_cost(kind):
    # Each of its repetitions is in another row of memory.
    memory = Memory(kind=kind, bytes_per_cycle=8, row_bytes=64, banks=2)
    machine = accelerator(bus_bytes=8, burst_beats=4, memory=memory)
    bases = (0, 4096, 0, 0)
    tree = simulate(machine, [Layer(name="tree", body=nest())], bases=bases)
    flat = simulate(machine, [Layer(name="tree", body=list(expanded(nest())))], bases=bases)
    assert tree.counters == flat.counters


def test_loops_have_a_count():
    with pytest.raises(ValueError, match="a count of at least 1, not 0"):
        Loop(0, ())

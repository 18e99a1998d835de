"""The dot-product tensor core, beyond what tile engines have in common."""

from golden.formats import IntFormat
from tilewright.catalog import find_engine


def test_the_preset_is_one_tree_of_four_products() -> None:
    engine = find_engine("dot")
    params = engine.presets["dot-dp4-int8"]
    assert (params.macs_per_cycle, params.sums) == (4, IntFormat(32))
    lanes = engine.golden.layout(params)
    assert [port.bits for port in (lanes.activations, lanes.weights, lanes.results)] == [32, 32, 32]

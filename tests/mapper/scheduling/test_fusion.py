"""Other graphs of the same network."""

from mapper.scheduling.fusion import activations_only, clamped_on_read, fused, without_views
from tests.mapper.scheduling.graphs import graph, operator


def names(net):
    return [op.name for op in net.operators]


def block(*, reads_between=False, leaves_between=False):
    """Input, convolution, normalization, clip, and a second reader of the convolution."""
    operators = [
        operator("in", "", "x"),
        operator("conv", "x w", "c", macs=7, parameters=5),
        operator("norm", "c", "n", kind="BatchNormalization", parameters=2),
        operator("clip", "n", "r", kind="Clip"),
    ]
    sizes = {"x": 4, "w": 5, "c": 3, "n": 3, "r": 3}
    if reads_between:
        operators.append(operator("other", "c", "o"))
        sizes["o"] = 1
    outputs = "r c" if leaves_between else "r"
    return graph(operators, sizes, weights="w", outputs=outputs)


def test_followers_are_done_by_the_operator_before():
    net = fused(block())
    assert names(net) == ["in", "conv"]
    conv = net.operators[1]
    assert (conv.inputs, conv.outputs, conv.kind) == (("x", "w"), ("r",), "Conv")
    assert (conv.macs, conv.parameters) == (7, 7)
    assert set(net.tensors) == {"x", "w", "r"}


def test_not_where_something_else_needs_what_is_between():
    for net in (block(reads_between=True), block(leaves_between=True)):
        assert names(fused(net))[:3] == ["in", "conv", "norm"]
        assert {"c", "r"} < set(fused(net).tensors)


def test_not_after_operators_that_compute_nothing():
    net = graph(
        [
            operator("in", "", "x"),
            operator("pool", "x", "p", kind="MaxPool"),
            operator("clip", "p", "r", kind="Clip"),
        ],
        {"x": 4, "p": 1, "r": 1},
        outputs="r",
    )
    assert names(fused(net)) == ["in", "pool", "clip"]
    assert names(fused(net, hosts=frozenset({"MaxPool"}))) == ["in", "pool"]
    assert names(fused(net, hosts=frozenset({"MaxPool"}), followers=frozenset())) == names(net)


def test_arithmetic_with_a_vector_follows_but_not_that_of_two_tensors():
    net = graph(
        [
            operator("in", "", "x"),
            operator("conv", "x", "c"),
            operator("scale", "c", "s", kind="Mul"),
            operator("twice", "s s", "t", kind="Add"),
        ],
        {"x": 4, "c": 1, "s": 1, "t": 1},
        outputs="t",
    )
    assert names(fused(net)) == ["in", "conv", "twice"]


def test_weights_of_followers_stay():
    net = graph(
        [
            operator("in", "", "x"),
            operator("conv", "x w", "c"),
            operator("norm", "c v w", "n", kind="BatchNormalization"),
        ],
        {"x": 4, "w": 1, "v": 2, "c": 1, "n": 1},
        weights="w v",
        outputs="n",
    )
    assert fused(net).operators[1].inputs == ("x", "w", "v")


def test_additions_keep_what_they_may_overwrite():
    net = graph(
        [
            operator("a", "", "x"),
            operator("b", "", "y"),
            operator("add", "x y", "s", kind="Add", in_place=("x", "y")),
            operator("clip", "s", "r", kind="Clip", in_place=("s",)),
        ],
        {"x": 4, "y": 4, "s": 4, "r": 4},
        outputs="r",
    )
    assert fused(net).operators[2].in_place == ("x", "y")


def test_activations_only():
    net = activations_only(block())
    assert set(net.tensors) == {"x", "c", "n", "r"}
    assert net.operators[1].inputs == ("x",)
    assert net.parameters == block().parameters


def test_readers_of_views_read_the_source():
    net = graph(
        [
            operator("in", "", "x"),
            operator("flat", "x", "f", kind="Reshape", is_view=True),
            operator("again", "f", "g", kind="Reshape", is_view=True),
            operator("clip", "g", "r", kind="Clip", in_place=("g",)),
            operator("last", "r", "y", kind="Reshape", is_view=True),
        ],
        dict.fromkeys("xfgry", 4),
        outputs="y",
    )
    plain = without_views(net)
    assert names(plain) == ["in", "clip", "last"]
    assert (plain.operators[1].inputs, plain.operators[1].in_place) == (("x",), ("x",))
    assert set(plain.tensors) == {"x", "r", "y"}


def test_views_of_weights_stay():
    net = graph(
        [operator("flat", "w", "f", kind="Reshape", is_view=True), operator("g", "f", "y")],
        dict.fromkeys("wfy", 4),
        weights="w",
        outputs="y",
    )
    assert names(without_views(net)) == ["flat", "g"]


def test_clips_that_only_products_read_are_done_as_they_read():
    def net(*, added=False):
        operators = [
            operator("in", "", "x"),
            operator("clip", "x", "r", kind="Clip"),
            operator("one", "r", "a"),
            operator("two", "r", "b", kind="MatMul"),
            operator("add", "r a b" if added else "a b", "y", kind="Add"),
        ]
        return graph(operators, dict.fromkeys("xraby", 4), outputs="y")

    clamped = clamped_on_read(net())
    assert names(clamped) == ["in", "one", "two", "add"]
    assert clamped.operators[1].inputs == clamped.operators[2].inputs == ("x",)
    assert names(clamped_on_read(net(added=True))) == names(net())

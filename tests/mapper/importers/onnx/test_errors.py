"""What is said about models that can not be imported."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from mapper.importers.errors import ModelError
from mapper.importers.onnx import SUPPORTED, import_onnx
from tests.support.networks import network


def relu(shape, **changes):
    return network([helper.make_node("Relu", ["x"], ["y"])], {"x": shape}, {"y": shape}, **changes)


def single(kind, constants=(), *, shape=(2, 3, 4, 5), outputs=("y",), domain="", **attributes):
    """A model of one node."""
    names = ["x", *(f"c{i}" for i in range(len(constants)))]
    node = helper.make_node(kind, names, list(outputs), name="it", domain=domain, **attributes)
    named = {f"c{i}": c for i, c in enumerate(constants)}
    return network([node], {"x": list(shape)}, {"y": ["a"]}, named)


def refuses(model, message, **options):
    with pytest.raises(ModelError, match=message):
        import_onnx(model, **options)


def test_missing_file(tmp_path):
    refuses(tmp_path / "none.onnx", r"can not read .*none\.onnx: No such file")


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x08\x12"])
def test_garbage(tmp_path, content):
    file = tmp_path / "bad.onnx"
    file.write_bytes(content)
    refuses(file, r"bad\.onnx is not an ONNX model")
    refuses(str(file), r"bad\.onnx is not an ONNX model")


def test_truncated(tmp_path):
    """Wherever it is cut, one clear error."""
    model = relu(["n", 3])
    del model.opset_import[1]
    whole = model.SerializeToString()
    file = tmp_path / "cut.onnx"
    for size in range(len(whole)):
        file.write_bytes(whole[:size])
        refuses(file, r"cut\.onnx is not a")


def test_damaged_text(tmp_path):
    file = tmp_path / "damaged.onnx"
    file.write_bytes(relu(["n", 3]).SerializeToString().replace(b"Relu", b"Re\xff\xfe"))
    refuses(file, r"damaged\.onnx is not an ONNX model, or was damaged")


def test_missing_external_data(tmp_path):
    model = network(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        {"x": [300]},
        {"y": [300]},
        {"w": np.zeros(300, np.float32)},
    )
    file = tmp_path / "model.onnx"
    onnx.save_model(model, file, save_as_external_data=True, location="data", size_threshold=0)
    import_onnx(file)
    (tmp_path / "data").write_bytes(b"short")
    refuses(file, r"^\S*model\.onnx keeps values in a file that can not be read: .*'w'")
    (tmp_path / "data").unlink()
    refuses(file, r"^\S*model\.onnx keeps values in \S*/data, which is missing")


def test_invalid():
    model = relu([3])
    model.graph.node[0].input[0] = "nowhere"
    refuses(model, "model 'net' is not a valid ONNX model: .*")


def test_cycle():
    nodes = [helper.make_node("Add", [a, "x"], [b]) for a, b in (("b", "a"), ("a", "b"))]
    model = network(nodes, {"x": [3]}, {"a": [3]}, {})
    refuses(model, "not a valid ONNX model: .*'b' of node: .* is not output of any previous nodes")


def test_old_operator_set():
    refuses(relu([3], opset=6), "operator set 6 is not supported: convert the model to 7 or later")


def test_open_batch_is_bound():
    graph = import_onnx(relu(["n", 3]), batch=5)
    assert graph.tensors["y"].shape == (5, 3)
    assert import_onnx(relu([None, 3])).tensors["x"].shape == (1, 3)
    assert import_onnx(relu(["n", 3, "n"]), batch=2).tensors["x"].shape == (2, 3, 2)
    assert import_onnx(relu([4, 3])).tensors["x"].shape == (4, 3)
    assert import_onnx(relu([4, 3]), batch=4).tensors["x"].shape == (4, 3)


@pytest.mark.parametrize(
    ("shape", "batch", "message"),
    [
        (["n", 3, "width"], 1, r"axis 2 \('width'\) of input 'x' has no fixed size: export the"),
        (["n", None, 3], 1, "axis 1 of input 'x' has no fixed size"),
        ([4, 3], 2, "the model fixes its batch to 4, so it can not be 2: export it with an open"),
        (["n", 3], 0, "a batch is at least 1, not 0"),
    ],
)
def test_sizes_that_do_not_bind(shape, batch, message):
    refuses(relu(shape), message, batch=batch)


def test_input_without_shape():
    model = relu([3])
    model.graph.input[0].type.tensor_type.ClearField("shape")
    refuses(model, "model 'net' is not a valid ONNX model: Field 'shape'")


def test_input_that_is_no_tensor():
    model = relu([3])
    element = helper.make_tensor_type_proto(TensorProto.FLOAT, [3])
    sequence = helper.make_sequence_type_proto(element)
    model.graph.input.append(helper.make_value_info("list", sequence))
    refuses(model, "input 'list' is no tensor")


@pytest.mark.parametrize(
    ("dtype", "name"), [(TensorProto.BOOL, "bool"), (TensorProto.BFLOAT16, "bfloat16")]
)
def test_element_types(dtype, name):
    refuses(relu([3], dtype=dtype), f"input 'x': tensors of {name} are not supported")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            single("Det", shape=(3, 3)),
            r"model 'net': node 'it' \(Det\): operator type Det is not supported; .*: .* Conv, ",
        ),
        (
            single("DynamicQuantizeLinear", outputs=("y", "s", "z")),
            "DynamicQuantizeLinear is not supported; quantize the model statically, with calib",
        ),
        (single("MaxPool", kernel_shape=[9, 9]), r"node 'it' \(MaxPool\): a window of extent 9"),
        (
            single("Conv", [np.zeros((2, 3, 2, 2), np.float32)], kernel_shape=[3, 3]),
            r"kernel_shape \(3, 3\) is not the weights' \(2, 2\)",
        ),
        (
            single("Conv", [np.zeros((2, 3, 2, 2), np.float32)], auto_pad="HALF"),
            "auto_pad 'HALF' is not one of NOTSET, SAME_UPPER, SAME_LOWER, VALID",
        ),
        (single("Pad", [np.array([1] * 8)], mode="reflect"), "mode 'reflect' is not supported"),
        (single("Gelu", approximate="sine", domain="com.microsoft"), "must be none or tanh"),
        (single("Reshape", [np.array([-1, -1])]), r"shape \(-1, -1\) has more than one -1"),
        (single("Reshape", [np.array([7, -1])]), "other number of elements"),
        (single("Reshape", [np.array([1, 1, 1, 1, 0])]), "copies an axis that .* does not have"),
        (single("Squeeze", [np.array([1])]), r"axes \(1,\) of shape .* are not all of size 1"),
        (single("Split", [np.array([1, 1])], axis=1, outputs=("y", "z")), "do not fill axis 1"),
        (single("Flatten", axis=5), "axis 5 is out of range for 4 axes"),
        (
            single("BatchNormalization", [np.ones(3, np.float32)] * 4, training_mode=1),
            "training_mode is set: export the model for inference",
        ),
        (
            single("MatMul", [np.zeros(8, np.float32)], shape=(1, 8)),
            r"products of vectors, here of shapes \(1, 8\) and \(8,\), are not supported: give",
        ),
        (
            single("MatMul", [np.zeros((8, 2), np.float32)], shape=(8,)),
            r"products of vectors, here of shapes \(8,\) and \(8, 2\), are not supported: give",
        ),
        (single("QuantizeLinear", [np.float32(0)]), "a scale is a positive number"),
        (
            single("QuantizeLinear", [np.ones((2, 3, 4, 1), np.float32)]),
            "not shape",
        ),
    ],
    ids=lambda value: value.graph.node[0].op_type if isinstance(value, onnx.ModelProto) else "",
)
def test_nodes(model, message):
    refuses(model, message)


def test_damaged_initializer():
    model = single("Add", [np.zeros(3, np.float32)])
    model.graph.initializer[0].data_type = 59
    refuses(model, "model 'net': initializer 'c0': ONNX has no data type 59")


def test_constants_that_do_not_fit_each_other():
    nodes = [
        helper.make_node("Add", ["a", "b"], ["c"], name="sum"),
        helper.make_node("Add", ["x", "c"], ["y"]),
    ]
    constants = {"a": np.zeros(2, np.float32), "b": np.zeros(3, np.float32)}
    model = network(nodes, {"x": [3]}, {"y": [3]}, constants)
    refuses(model, r"node 'sum' \(Add\): its constant inputs do not fit")


def test_foreign_domain():
    model = single("Own", domain="mine")
    model.opset_import.append(helper.make_opsetid("mine", 1))
    refuses(model, r"node 'it' \(Own\): operator type Own of domain 'mine' is not supported; rew")


def test_second_outputs_are_refused_only_where_they_are_read():
    nodes = [
        helper.make_node("MaxPool", ["x"], ["y", "i"], name="pool", kernel_shape=[2]),
        helper.make_node("Cast", ["i"], ["z"], to=1),
    ]
    shapes = {"x": [1, 2, 4]}
    read = network(nodes, shapes, {"y": [1, 2, 3], "z": [1, 2, 3]})
    refuses(read, r"node 'pool' \(MaxPool\): only its first output is supported, but 'i' is read")
    unread = network(nodes[:1], shapes, {"y": [1, 2, 3]})
    assert import_onnx(unread).outputs == ("y",)


def test_computed_parameters():
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["s"], keepdims=0),
        helper.make_node("QuantizeLinear", ["x", "s"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s"], ["y"]),
    ]
    model = network(nodes, {"x": [3]}, {"y": [3]})
    refuses(model, "the scale 's' is computed at run time: quantize the model statically")
    nodes = [
        helper.make_node("Cast", ["x"], ["shape"], to=7),
        helper.make_node("Reshape", ["x", "shape"], ["y"]),
    ]
    model = network(nodes, {"x": [1]}, {"y": [1]})
    refuses(model, "input 'shape' must be a constant, but is computed from the inputs")


def test_two_quantizations_of_one_tensor():
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "t"], ["y"]),
    ]
    constants = {"s": np.float32(0.5), "t": np.float32(0.25)}
    model = network(nodes, {"x": [3]}, {"y": [3]}, constants)
    refuses(model, "tensor 'q' is read with two different quantizations")


def test_blocks():
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s"], ["q"], axis=0, block_size=2),
        helper.make_node("DequantizeLinear", ["q", "s"], ["y"], axis=0, block_size=2),
    ]
    constants = {"s": np.ones(2, np.float32)}
    model = network(nodes, {"x": [4]}, {"y": [4]}, constants, opset=21)
    refuses(model, "block_size is not supported: quantize per tensor or per channel")


@pytest.mark.parametrize(
    ("data_type", "message"),
    [
        (TensorProto.FLOAT8E4M3FN, "tensors of float8_e4m3fn are not supported"),
        (TensorProto.FLOAT16, "quantization to float16 is not supported, only to integers"),
    ],
)
def test_quantization_to_floats(data_type, message):
    node = helper.make_node("QuantizeLinear", ["x", "s"], ["y"], output_dtype=data_type)
    model = network([node], {"x": [4]}, {"y": [4]}, {"s": np.float32(1)}, opset=21)
    refuses(model, message)


def test_supported_operators_are_sorted_names():
    assert list(SUPPORTED) == sorted(SUPPORTED)
    assert {"Conv", "QLinearConv", "Gemm"} <= set(SUPPORTED)

"""Models that can not be imported."""

import numpy as np
import pytest

from mapper.importers.errors import ModelError
from mapper.importers.tflite import SUPPORTED, import_tflite
from tests.support.tflite_models import Given, Step, build, constant, operator

QUANTIZED = {"scale": 0.5, "zero_point": 3}
X = Given(name="x", shape=(1, 4, 4, 2), **QUANTIZED)
Y = Given(name="y", shape=(1, 4, 4, 2), **QUANTIZED)
FLOATS = [Given(name=name, shape=(1, 4, 4, 2), dtype=np.float32) for name in "xy"]
WEIGHTS = np.ones((2, 1, 1, 2), np.int8)
BIAS = constant("b", np.zeros(2, np.int32))
WINDOW = {"padding": 0, "strideH": 1, "strideW": 1}


def conv(x=X, w=None, b=BIAS, y=Y, **fields):
    weights = constant("w", WEIGHTS, scale=0.1) if w is None else w
    return operator("CONV_2D", [x, weights, b, y], options="Conv2DOptions", **{**WINDOW, **fields})


def refuses(model, message, **options):
    with pytest.raises(ModelError, match=message):
        import_tflite(model, **options)


def test_missing_file(tmp_path):
    refuses(tmp_path / "none.tflite", r"can not read .*none\.tflite: No such file")
    refuses(str(tmp_path), "can not read")


@pytest.mark.parametrize("content", [b"", b"no model", b"\x1c\x00\x00\x00TFL", b"PK\x03\x04" * 99])
def test_garbage(tmp_path, content):
    file = tmp_path / "bad.tflite"
    file.write_bytes(content)
    refuses(file, r"bad\.tflite is not a TFLite model: bytes 4 to 8 must be TFL3")


def test_truncated(tmp_path):
    """Wherever it is cut, one clear error."""
    whole = conv()
    assert import_tflite(whole).operators
    file = tmp_path / "cut.tflite"
    for size in range(len(whole)):
        file.write_bytes(whole[:size])
        refuses(file, r"cut\.tflite is (not a TFLite model|a TFLite model that was cut off)")


@pytest.mark.parametrize("name", ["kws_ref_model", "pretrainedResnet_quant"])
def test_truncated_networks(reference_data, name):
    whole = (reference_data / "mlperf_tiny" / f"{name}.tflite").read_bytes()
    for size in [*range(0, len(whole), len(whole) // 50), len(whole) - 1]:
        refuses(whole[:size], "model is (not a TFLite model|a TFLite model that was cut off)")


def test_damaged():
    """Any bytes but the identifier may be anything: a graph comes out, or one error."""
    whole = conv()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(400):
        damaged = bytearray(whole)
        for place in rng.integers(8, len(whole), rng.integers(1, 5)):
            damaged[place] = rng.choice([0, 1, 127, 128, 255])
        try:
            import_tflite(bytes(damaged))
        except ModelError:
            refused += 1
    assert refused > 50


def test_tensor_out_of_range():
    model = build([X, Y], [Step(code="RELU", inputs=("x",), outputs=("y",))], ["x"], ["y"])
    place = model.rfind(b"\x01\x00\x00\x00\x01\x00\x00\x00")
    damaged = model[: place + 4] + b"\x09" + model[place + 5 :]
    refuses(damaged, "cut off or damaged")


def test_no_operators():
    refuses(build([X], [], ["x"], ["x"]), "model: the model has no operators")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "HARD_SWISH",
            r"model: operator 0 \(HARD_SWISH, output 'y'\): operator type HARD_SWISH is",
        ),
        ("RESIZE_BILINEAR", "is not supported; rewrite the model with these: ADD, .*, CONV_2D, "),
        ("WHILE", "WHILE is not supported; export the model with control flow unrolled"),
    ],
)
def test_unsupported_operators(code, message):
    refuses(operator(code, [X, Y]), message)


def test_custom_operator():
    model = operator("CUSTOM", [X, Y], custom="MyDetection")
    refuses(model, r"operator 0 \(MyDetection, output 'y'\): operator type MyDetection is not")


def test_open_sizes():
    signature = {"signature": (-1, -1, 4, 2)}
    refuses(
        operator("RELU", [Given(name="x", shape=(1, 1, 4, 2), **QUANTIZED, **signature), Y]),
        "axis 1 of input 'x' has no fixed size: convert the model with fixed sizes",
    )


def test_batch():
    refuses(conv(), r"the shape of input 'x' to \(1, 4, 4, 2\), so that the batch can not", batch=2)
    refuses(conv(), "a batch is at least 1, not 0", batch=0)
    assert import_tflite(conv(), batch=1)
    open_batch = Given(name="x", shape=(1, 4, 4, 2), signature=(-1, 4, 4, 2), **QUANTIZED)
    assert import_tflite(conv(open_batch), batch=3).tensors["y"].shape == (3, 4, 4, 2)


FULL = "convert the model with full-integer quantization to int8, with representative data"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            conv(Given(name="x", shape=X.shape, dtype=np.int16, scale=0.5)),
            f"tensor 'x' holds int16, not int8: {FULL}",
        ),
        (
            conv(Given(name="x", shape=X.shape, dtype=np.uint8, scale=0.5)),
            "tensor 'x' holds uint8, not int8",
        ),
        (conv(Given(name="x", shape=X.shape)), f"tensor 'x' has no scale: {FULL}"),
        (
            conv(FLOATS[0], y=FLOATS[1]),
            f"activations hold float32, but weights int8: {FULL}",
        ),
        (conv(w=constant("w", WEIGHTS)), "weights 'w' have no scale"),
        (conv(w=constant("w", WEIGHTS, scale=0.1, zero_point=2)), "must have zero point 0"),
        (
            conv(w=constant("w", WEIGHTS, scale=[0.1, 0.2], axis=3)),
            "the scales of weights 'w' must run along axis 0, not 3",
        ),
        (
            conv(w=constant("w", WEIGHTS[0], scale=0.1)),
            r"weights 'w' must have 4 axes, not shape \(1, 1, 2\)",
        ),
        (
            conv(w=constant("w", np.ones((2, 1, 1, 3), np.int8), scale=0.1)),
            "filters of 3 channels do not divide 2 channels",
        ),
        (
            conv(w=Given(name="w", shape=WEIGHTS.shape, scale=0.1)),
            "tensor 'w' must be a constant, but is computed at run time",
        ),
        (conv(b=constant("b", np.zeros(2, np.int64))), "a bias holds int32, not int64"),
        (conv(b=constant("b", np.zeros(3, np.int32))), r"a bias for 2 filters has shape \(2,\)"),
        (conv(fusedActivationFunction=4), "fused activation function 4 is not supported"),
        (conv(padding=7), "padding 7 is neither SAME nor VALID"),
        (conv(strideH=0), "kernel, strides and dilations are at least 1"),
        (
            operator("CONV_2D", [X, constant("w", WEIGHTS, scale=0.1), BIAS, Y]),
            "its options are missing: convert the model again",
        ),
        (
            conv(Given(name="x", shape=(4, 4, 2), **QUANTIZED)),
            r"it takes \(batch, height, width, channels\), not shape \(4, 4, 2\)",
        ),
        (
            operator("RELU", [Given(name="x", shape=(1, 4, 4, 2), dtype=np.bool_), Y]),
            "input 'x': BOOL is not supported|tensor 'x': BOOL is not supported",
        ),
        (
            operator("RESHAPE", [X, constant("s", np.array([-1, -1])), Y]),
            r"shape \(-1, -1\) has more than one -1",
        ),
        (
            operator("RESHAPE", [X, constant("s", np.array([5, -1])), Y]),
            "other number of elements",
        ),
        (
            operator("RESHAPE", [X, Given(name="y", shape=(32,), scale=0.25)], newShape=[32],
                     options="ReshapeOptions"),
            "tensor 'x' and the output are quantized differently, but RESHAPE copies integers",
        ),
        (
            operator("SQUEEZE", [X, Y], options="SqueezeOptions", squeezeDims=[1]),
            r"axes \(1,\) of shape \(1, 4, 4, 2\) are not all of size 1",
        ),
        (
            operator("CONCATENATION", [X, Y], options="ConcatenationOptions", axis=4),
            "axis 4 is out of range for 4 axes",
        ),
        (
            operator("PAD", [X, constant("p", np.zeros((3, 2), np.int32)), Y]),
            r"pads of shape \(3, 2\) do not fit 4 axes",
        ),
        (
            operator("SOFTMAX", [X, Y], options="SoftmaxOptions", beta=1.0),
            "its output must have scale 0.00390625 and zero point -128",
        ),
        (
            operator(
                "FULLY_CONNECTED",
                [X, constant("w", np.ones((2, 5), np.int8), scale=0.1), Y],
                options="FullyConnectedOptions",
            ),
            r"activations of shape \(1, 4, 4, 2\) do not make rows of 5",
        ),
        (
            operator(
                "FULLY_CONNECTED",
                [X, constant("w", np.ones((2, 32), np.int8), scale=0.1), Y],
                options="FullyConnectedOptions",
                weightsFormat=1,
            ),
            "shuffled weights are not supported",
        ),
        (operator("QUANTIZE", [X, Given(name="y", shape=Y.shape)]), "tensor 'y' has no scale"),
        (
            operator("QUANTIZE", [Given(name="x", shape=X.shape, dtype=np.int32), Y]),
            "tensor 'x' holds int32, not float32",
        ),
        (operator("DEQUANTIZE", [X, Y]), "tensor 'y' holds int8, not float32"),
        (operator("RELU", [X, Given(name="y", shape=Y.shape, scale=[1, 2], axis=3)]), "one scale"),
    ],
)  # fmt: skip
def test_operators(model, message):
    refuses(model, message)


def test_buffer_that_does_not_fill_its_tensor():
    weights = Given(name="w", shape=(3, 1, 1, 2), scale=0.1, data=WEIGHTS)
    refuses(conv(w=weights), r"tensor 'w' of shape \(3, 1, 1, 2\) holds 4 bytes, not 6")


def test_tensor_that_nothing_produces():
    tensors = [X, Given(name="z", shape=X.shape, **QUANTIZED), Y]
    model = build(tensors, [Step(code="RELU", inputs=("z",), outputs=("y",))], ["x"], ["y"])
    refuses(model, r"operator 0 \(RELU, output 'y'\): nothing produces tensor 'z'")
    unused = build(tensors, [Step(code="RELU", inputs=("x",), outputs=("y",))], ["x"], ["z"])
    refuses(unused, "nothing produces tensor 'z'")


def test_tensor_that_is_produced_twice():
    step = Step(code="RELU", inputs=("x",), outputs=("y",))
    refuses(build([X, Y], [step, step], ["x"], ["y"]), "tensor 'y' is produced twice")


def test_equal_names_are_told_apart():
    tensors = [Given(name=name, shape=(4,), **QUANTIZED) for name in ("a", "b", "c")]
    step = Step(code="ADD", inputs=("a", "b"), outputs=("c",), options="AddOptions")
    model = build(tensors, [step], ["a", "b"], ["c"]).replace(
        b"\x01\x00\x00\x00b", b"\x01\x00\x00\x00a"
    )
    graph = import_tflite(model)
    assert graph.inputs == ("a", "a_1")


def test_supported_operators_are_sorted_names():
    assert list(SUPPORTED) == sorted(SUPPORTED)
    assert {"CONV_2D", "SOFTMAX"} <= set(SUPPORTED)

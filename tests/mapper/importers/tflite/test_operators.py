"""Single operators, bit for bit against TFLite's reference kernels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.tflite_models import Given, assert_exact, compare, constant, operator

SEEDS = st.integers(0, 2**32 - 1)
ACTIVATIONS = st.sampled_from([0, 1, 2, 3])
"""None, Relu, Relu from -1 to 1, Relu6."""

SAME, VALID = 0, 1


def exact(examples):
    """Settings of a property: always the same examples."""
    return settings(max_examples=examples, deadline=None, derandomize=True)


def scale(rng, low=-8, high=0):
    """A scale, as float32 powers of two with a random mantissa."""
    return np.float32(2.0 ** rng.uniform(low, high))


def zero_point(rng):
    return int(rng.choice([-128, 127, 0, rng.integers(-128, 128)]))


def activations(rng, name, shape, **changes):
    fields = {"scale": scale(rng), "zero_point": zero_point(rng)} | changes
    return Given(name=name, shape=tuple(shape), **fields)


def bias(rng, x, weights, size):
    values = rng.integers(-(2 ** rng.integers(1, 22)), 2 ** rng.integers(1, 22), size)
    return constant("b", values.astype(np.int32), scale=np.float32(x.scale) * weights.scale)


def kernel(rng, shape, axis, x, y_scale, *, low, high):
    """Weights; one scale or one for each channel, so that factors are 2 ** low to 2 ** high."""
    factors = 2.0 ** rng.uniform(low, high, shape[axis] if rng.integers(2) else 1)
    scales = (factors * y_scale / x.scale).astype(np.float32)
    values = rng.integers(-127, 128, shape).astype(np.int8)
    return constant("w", values, scale=scales, axis=axis)


def output_size(size, length, stride, dilation, padding):
    """Windows along an axis: ``tf.nn.convolution``."""
    if padding == SAME:
        return -(-size // stride)
    return -(-(size - (length - 1) * dilation) // stride)


@st.composite
def windows(draw, dilated):
    """Sizes of image and kernel, strides, dilations, padding; the window fits."""
    kernel_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilations = draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) if dilated else (1, 1)
    padding = draw(st.sampled_from([SAME, VALID]))
    least = [
        1 if padding == SAME else (k - 1) * d + 1
        for k, d in zip(kernel_size, dilations, strict=True)
    ]
    image = draw(st.tuples(*[st.integers(size, size + 7) for size in least]))
    sizes = [
        output_size(*axis, padding)
        for axis in zip(image, kernel_size, strides, dilations, strict=True)
    ]
    return image, kernel_size, strides, dilations, padding, sizes


FACTORS = [(-10, -4), (-6, 0), (0, 4), (-33, -20), (8, 20)]
"""Ranges of exponents of what one unit of a sum is worth in units of the output."""


@given(
    window=windows(dilated=True),
    channels=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5)),
    factors=st.sampled_from(FACTORS),
    activation=ACTIVATIONS,
    seed=SEEDS,
)
@exact(150)
def test_conv(window, channels, factors, activation, seed):
    """With several groups, filters, strides, dilations, and factors on both sides of 1."""
    image, kernel_size, strides, dilations, padding, sizes = window
    groups, taken, made = channels
    rng = np.random.default_rng(seed)
    x = activations(rng, "x", (2, *image, groups * taken))
    y = activations(rng, "y", (2, *sizes, groups * made))
    shape = (groups * made, *kernel_size, taken)
    w = kernel(rng, shape, 0, x, y.scale, low=factors[0], high=factors[1])
    model = operator(
        "CONV_2D",
        [x, w, bias(rng, x, w, groups * made), y],
        options="Conv2DOptions",
        version=3,
        padding=padding,
        strideH=strides[0],
        strideW=strides[1],
        dilationHFactor=dilations[0],
        dilationWFactor=dilations[1],
        fusedActivationFunction=activation,
    )
    assert_exact(model, rng)


@given(
    window=windows(dilated=True),
    channels=st.integers(1, 4),
    multiplier=st.integers(1, 3),
    factors=st.sampled_from(FACTORS),
    activation=ACTIVATIONS,
    seed=SEEDS,
)
@exact(150)
def test_depthwise_conv(window, channels, multiplier, factors, activation, seed):
    image, kernel_size, strides, dilations, padding, sizes = window
    rng = np.random.default_rng(seed)
    x = activations(rng, "x", (2, *image, channels))
    y = activations(rng, "y", (2, *sizes, channels * multiplier))
    shape = (1, *kernel_size, channels * multiplier)
    w = kernel(rng, shape, 3, x, y.scale, low=factors[0], high=factors[1])
    model = operator(
        "DEPTHWISE_CONV_2D",
        [x, w, bias(rng, x, w, channels * multiplier), y],
        options="DepthwiseConv2DOptions",
        version=3,
        padding=padding,
        strideH=strides[0],
        strideW=strides[1],
        dilationHFactor=dilations[0],
        dilationWFactor=dilations[1],
        depthMultiplier=multiplier,
        fusedActivationFunction=activation,
    )
    assert_exact(model, rng)


def test_sums_wrap_at_32_bits():
    """Biases at the ends of their range, times factors that shift to the left."""
    rng = np.random.default_rng(1)
    values = np.array([2**31 - 1, -(2**31), 2**30, -(2**30), 2**31 - 1000, 12345678, 1, 0])
    for factor in (2.0**-30, 2.0**-23, 0.6, 1.0, 3.0, 2.0**12, 2.0**19):
        x = activations(rng, "x", (1, 4, 4, 2), scale=np.float32(0.5))
        y = activations(rng, "y", (1, 4, 4, 8), scale=np.float32(0.25))
        weights = rng.integers(-127, 128, (8, 1, 1, 2)).astype(np.int8)
        w = constant("w", weights, scale=np.full(8, 0.5 * factor, np.float32))
        b = constant("b", values.astype(np.int32), scale=w.scale * x.scale)
        model = operator(
            "CONV_2D",
            [x, w, b, y],
            options="Conv2DOptions",
            version=3,
            padding=VALID,
            strideH=1,
            strideW=1,
        )
        assert_exact(model, rng)


@given(
    shape=st.sampled_from([(1, 7), (3, 5), (2, 2, 5), (2, 3, 2, 4), (1, 1, 1, 9)]),
    units=st.integers(1, 9),
    keep=st.booleans(),
    with_bias=st.booleans(),
    factors=st.sampled_from([(-10, -4), (-6, 0), (0, 4), (-33, -20)]),
    activation=ACTIVATIONS,
    seed=SEEDS,
)
@exact(150)
def test_fully_connected(shape, units, keep, with_bias, factors, activation, seed):
    rng = np.random.default_rng(seed)
    depth = shape[-1] if keep else int(np.prod(shape[1:]))
    x = activations(rng, "x", shape)
    y = activations(rng, "y", (*shape[:-1], units) if keep else (shape[0], units))
    w = kernel(rng, (units, depth), 0, x, y.scale, low=factors[0], high=factors[1])
    tensors = [x, w, *([bias(rng, x, w, units)] if with_bias else []), y]
    model = operator(
        "FULLY_CONNECTED",
        tensors,
        options="FullyConnectedOptions",
        version=4,
        keepNumDims=keep,
        fusedActivationFunction=activation,
    )
    assert_exact(model, rng)


def test_fully_connected_rounds_the_real_product():
    """Ties and their neighbours: halves away from 0, and no bits lost."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        x, w_scale, y_scale = (scale(rng, -6, 0) for _ in range(3))
        factor = float(x) * float(w_scale) / float(y_scale)
        nearest = np.rint((np.arange(-127, 127) + 0.5) / factor)
        sums = np.concatenate([nearest + step for step in (-1, 0, 1)])
        model = operator(
            "FULLY_CONNECTED",
            [
                Given(name="x", shape=(1, 1), scale=x, zero_point=0),
                constant("w", np.zeros((len(sums), 1), np.int8), scale=w_scale),
                constant("b", sums.astype(np.int32), scale=x * w_scale),
                Given(name="y", shape=(1, len(sums)), scale=y_scale, zero_point=0),
            ],
            options="FullyConnectedOptions",
            version=4,
        )
        assert compare(model, {"x": np.zeros((1, 1), np.int8)})[2] == 0


PAIRS = [
    ((2, 3, 4, 5), (2, 3, 4, 5)),
    ((1, 3, 4, 5), (1, 1, 1, 5)),
    ((2, 1, 4, 1), (1, 3, 1, 5)),
    ((4, 5), (4, 5)),
    ((2, 3, 5), (5,)),
]


@given(
    code=st.sampled_from(["ADD", "SUB", "MUL"]),
    shapes=st.sampled_from(PAIRS),
    swapped=st.booleans(),
    constant_side=st.booleans(),
    activation=ACTIVATIONS,
    seed=SEEDS,
)
@exact(250)
def test_two_inputs(code, shapes, swapped, constant_side, activation, seed):
    """Scales up to a factor of 4,096 apart."""
    rng = np.random.default_rng(seed)
    first, second = shapes[::-1] if swapped else shapes
    a = activations(rng, "a", first, scale=scale(rng, -10, 2))
    b = activations(rng, "b", second, scale=scale(rng, -10, 2))
    if constant_side:
        values = rng.integers(-128, 128, second).astype(np.int8)
        b = constant("b", values, scale=b.scale, zero_point=b.zero_point)
    unit = a.scale * b.scale * 64 if code == "MUL" else max(a.scale, b.scale)
    y = activations(
        rng,
        "y",
        np.broadcast_shapes(first, second),
        scale=np.float32(unit * 2.0 ** rng.uniform(-4, 3)),
    )
    model = operator(
        code,
        [a, b, y],
        options=f"{code.title()}Options",
        version=2,
        fusedActivationFunction=activation,
    )
    assert_exact(model, rng)


@pytest.mark.parametrize("code", ["ADD", "SUB", "MUL"])
def test_all_pairs_of_integers(code):
    grid = np.stack(np.meshgrid(np.arange(-128, 128), np.arange(-128, 128)))
    left, right = grid.reshape(2, -1).astype(np.int8)
    rng = np.random.default_rng(1)
    for _ in range(8):
        a, b = (activations(rng, name, left.shape, scale=scale(rng, -10, 2)) for name in "ab")
        unit = a.scale * b.scale * 128 if code == "MUL" else max(a.scale, b.scale) * 1.5
        y = activations(rng, "y", left.shape, scale=np.float32(unit))
        model = operator(code, [a, b, y], options=f"{code.title()}Options", version=2)
        assert compare(model, {"a": left, "b": right})[2] == 0


@given(
    code=st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D"]),
    window=windows(dilated=False),
    activation=ACTIVATIONS,
    seed=SEEDS,
)
@exact(150)
def test_pool(code, window, activation, seed):
    """At borders the mean is over what is there."""
    image, kernel_size, strides, _, padding, sizes = window
    rng = np.random.default_rng(seed)
    x = activations(rng, "x", (2, *image, 3))
    y = activations(rng, "y", (2, *sizes, 3), scale=x.scale, zero_point=x.zero_point)
    model = operator(
        code,
        [x, y],
        options="Pool2DOptions",
        version=2,
        padding=padding,
        strideH=strides[0],
        strideW=strides[1],
        filterHeight=kernel_size[0],
        filterWidth=kernel_size[1],
        fusedActivationFunction=activation,
    )
    assert_exact(model, rng)


@given(
    shape=st.sampled_from([(3, 2), (2, 10), (1, 100), (2, 3, 7), (1, 3, 2, 5), (4,)]),
    beta=st.sampled_from([1.0, 0.1, 0.5, 2.0, 10.0]),
    exponent=st.floats(-12, 6),
    seed=SEEDS,
)
@exact(200)
def test_softmax(shape, beta, exponent, seed):
    rng = np.random.default_rng(seed)
    x = activations(rng, "x", shape, scale=np.float32(2.0**exponent))
    y = Given(name="y", shape=shape, scale=1 / 256, zero_point=-128)
    model = operator("SOFTMAX", [x, y], options="SoftmaxOptions", version=2, beta=beta)
    assert_exact(model, rng)


ALL = np.arange(-128, 128).astype(np.int8)


@given(
    function=st.sampled_from([("LOGISTIC", 1 / 256, -128), ("TANH", 1 / 128, 0)]),
    exponent=st.one_of(st.floats(-10, 2), st.integers(-10, 2)),
    seed=SEEDS,
)
@exact(150)
def test_functions(function, exponent, seed):
    """Powers of two as scales make results that are nearly ties."""
    code, unit, point = function
    rng = np.random.default_rng(seed)
    x = activations(rng, "x", ALL.shape, scale=np.float32(2.0**exponent))
    y = Given(name="y", shape=ALL.shape, scale=unit, zero_point=point)
    assert compare(operator(code, [x, y]), {"x": ALL})[2] == 0


@given(
    code=st.sampled_from(["RELU", "RELU6", "RELU_N1_TO_1", "QUANTIZE"]),
    ratio=st.floats(-6, 6),
    seed=SEEDS,
)
@exact(200)
def test_rescaling(code, ratio, seed):
    rng = np.random.default_rng(seed)
    x = activations(rng, "x", ALL.shape)
    y = activations(rng, "y", ALL.shape, scale=np.float32(x.scale * 2.0**ratio))
    version = 1 if code == "RELU_N1_TO_1" else 2
    assert compare(operator(code, [x, y], version=version), {"x": ALL})[2] == 0


@given(alpha=st.floats(0.0009765625, 3, width=32), ratio=st.floats(-4, 4), seed=SEEDS)
@exact(100)
def test_leaky_relu(alpha, ratio, seed):
    rng = np.random.default_rng(seed)
    x = activations(rng, "x", ALL.shape)
    y = activations(rng, "y", ALL.shape, scale=np.float32(x.scale * 2.0**ratio))
    model = operator("LEAKY_RELU", [x, y], options="LeakyReluOptions", version=2, alpha=alpha)
    assert compare(model, {"x": ALL})[2] == 0


@given(exponent=st.floats(-8, 2), seed=SEEDS)
@exact(50)
def test_quantize_floats(exponent, seed):
    """Halves are rounded away from 0."""
    rng = np.random.default_rng(seed)
    unit = np.float32(2.0**exponent)
    steps = np.concatenate([np.arange(-300, 300) / 2, rng.normal(size=400) * 80])
    values = (steps * unit).astype(np.float32)
    x = Given(name="x", shape=values.shape, dtype=np.float32)
    y = activations(rng, "y", values.shape, scale=unit)
    assert compare(operator("QUANTIZE", [x, y], version=2), {"x": values})[2] == 0


@given(exponent=st.floats(-8, 2), seed=SEEDS)
@exact(50)
def test_dequantize(exponent, seed):
    rng = np.random.default_rng(seed)
    x = activations(rng, "x", ALL.shape, scale=np.float32(2.0**exponent))
    y = Given(name="y", shape=ALL.shape, dtype=np.float32)
    assert compare(operator("DEQUANTIZE", [x, y], version=2), {"x": ALL})[2] == 0


@given(
    case=st.sampled_from(
        [
            ((2, 5, 7, 3), (1, 2)),
            ((2, 5, 7, 3), (-1,)),
            ((2, 9, 4), (1,)),
            ((5, 6), (0,)),
            ((2, 6, 6, 3), (2, 1)),
            ((2, 3, 3, 2), (0, 1, 2, 3)),
        ]
    ),
    keep=st.booleans(),
    ratio=st.sampled_from([0.0, -30.0, -2.5, 0.3, 4.0]),
    seed=SEEDS,
)
@exact(150)
def test_mean(case, keep, ratio, seed):
    shape, axes = case
    rng = np.random.default_rng(seed)
    x = activations(rng, "x", shape)
    reduced = np.zeros(shape).mean(axis=axes, keepdims=keep).shape
    y = activations(rng, "y", reduced, scale=np.float32(x.scale * 2.0**-ratio))
    model = operator(
        "MEAN",
        [x, constant("axes", np.array(axes, np.int32)), y],
        options="ReducerOptions",
        version=2,
        keepDims=keep,
    )
    assert_exact(model, rng)


@given(shape=st.sampled_from([(3, 4), (1, 4, 5, 2)]), value=st.booleans(), seed=SEEDS)
@exact(40)
def test_pad(shape, value, seed):
    rng = np.random.default_rng(seed)
    pads = rng.integers(0, 4, (len(shape), 2))
    x = activations(rng, "x", shape)
    y = activations(
        rng, "y", np.array(shape) + pads.sum(axis=1), scale=x.scale, zero_point=x.zero_point
    )
    tensors = [x, constant("pads", pads.astype(np.int32))]
    if value:
        filling = np.array([rng.integers(-128, 128)], np.int8)
        tensors.append(constant("c", filling, scale=x.scale, zero_point=x.zero_point))
    code = "PADV2" if value else "PAD"
    options = "PadV2Options" if value else "PadOptions"
    assert_exact(operator(code, [*tensors, y], options=options, version=2), rng)


@given(axis=st.integers(-4, 3), count=st.integers(1, 3), seed=SEEDS)
@exact(40)
def test_concatenation(axis, count, seed):
    rng = np.random.default_rng(seed)
    y = activations(rng, "y", ())
    shapes = np.tile([2, 3, 4, 5], (count, 1))
    shapes[:, axis] = rng.integers(1, 5, count)
    whole = shapes[0].copy()
    whole[axis] = shapes[:, axis].sum()
    alike = {"scale": y.scale, "zero_point": y.zero_point}
    tensors = [activations(rng, f"x{i}", shape, **alike) for i, shape in enumerate(shapes)]
    model = operator(
        "CONCATENATION",
        [*tensors, activations(rng, "y", whole, **alike)],
        options="ConcatenationOptions",
        version=2,
        axis=axis,
    )
    assert_exact(model, rng)


@pytest.mark.parametrize(
    ("code", "extra", "options", "shape"),
    [
        ("RESHAPE", [np.array([6, -1], np.int32)], {"options": "ReshapeOptions"}, (6, 4)),
        ("RESHAPE", [], {"options": "ReshapeOptions", "newShape": [4, 6]}, (4, 6)),
        ("SQUEEZE", [], {"options": "SqueezeOptions", "squeezeDims": [0]}, (2, 1, 3, 4)),
        ("SQUEEZE", [], {"options": "SqueezeOptions", "squeezeDims": [-3]}, (1, 2, 3, 4)),
        ("SQUEEZE", [], {"options": "SqueezeOptions"}, (2, 3, 4)),
        ("EXPAND_DIMS", [np.array([-1], np.int32)], {}, (1, 2, 1, 3, 4, 1)),
        ("EXPAND_DIMS", [np.array([1], np.int32)], {}, (1, 1, 2, 1, 3, 4)),
        (
            "TRANSPOSE",
            [np.array([4, 0, 3, 1, 2], np.int32)],
            {"options": "TransposeOptions"},
            (4, 1, 3, 2, 1),
        ),
    ],
)
def test_movements(code, extra, options, shape):
    rng = np.random.default_rng(1)
    x = activations(rng, "x", (1, 2, 1, 3, 4))
    y = activations(rng, "y", shape, scale=x.scale, zero_point=x.zero_point)
    constants = [constant(f"c{i}", data) for i, data in enumerate(extra)]
    assert_exact(operator(code, [x, *constants, y], **options), rng)


@pytest.mark.parametrize(
    ("x", "weight", "y"),
    [
        (0.9216203093528748, 0.10250074416399002, 17.514507293701172),
        (0.1826733946800232, 0.8386102318763733, 19.05785369873047),
        (0.3668912649154663, 0.5714888572692871, 32.971187591552734),
        (0.610958456993103, 0.14476487040519714, 16.215299606323242),
    ],
)
def test_conv_has_factors_of_float64(x, weight, y):
    """Scales for which some sum in the range of the biases tells float64 from float32."""
    sums = np.arange(-20000, 20000)
    zeros = np.zeros((len(sums), 1, 1, 1), np.int8)
    model = operator(
        "CONV_2D",
        [
            Given(name="x", shape=(1, 1, 1, 1), scale=x, zero_point=0),
            constant("w", zeros, scale=np.full(len(sums), weight, np.float32)),
            constant("b", sums.astype(np.int32)),
            Given(name="y", shape=(1, 1, 1, len(sums)), scale=y, zero_point=0),
        ],
        options="Conv2DOptions",
        version=3,
        padding=VALID,
        strideH=1,
        strideW=1,
    )
    assert compare(model, {"x": np.zeros((1, 1, 1, 1), np.int8)})[2] == 0


@pytest.mark.parametrize("code", ["RELU", "QUANTIZE"])
@pytest.mark.parametrize(
    ("x", "y"),
    [
        (0.40132609009742737, 0.4296853244304657),
        (0.3742087781429291, 0.35246574878692627),
        (0.25488606095314026, 0.26846933364868164),
        (0.6262603402137756, 0.5210210084915161),
    ],
)
def test_rescaling_has_factors_of_its_precision(code, x, y):
    """Scales whose quotients in float32 and in float64 differ in effect."""
    tensors = [
        Given(name=name, shape=ALL.shape, scale=unit, zero_point=-128)
        for name, unit in (("x", x), ("y", y))
    ]
    assert compare(operator(code, tensors, version=2), {"x": ALL})[2] == 0


@pytest.mark.parametrize(
    ("x", "alpha", "y"),
    [
        (0.12866699695587158, 0.9098540544509888, 0.11031872779130936),
        (0.17613670229911804, 0.9957497119903564, 0.0953276976943016),
        (0.7052192091941833, 0.9540588855743408, 0.6380740404129028),
        (0.10331864655017853, 0.7148571014404297, 0.07873707264661789),
    ],
)
def test_leaky_relu_has_factors_of_float32(x, alpha, y):
    tensors = [
        Given(name=name, shape=ALL.shape, scale=unit, zero_point=127)
        for name, unit in (("x", x), ("y", y))
    ]
    model = operator("LEAKY_RELU", tensors, options="LeakyReluOptions", version=2, alpha=alpha)
    assert compare(model, {"x": ALL})[2] == 0


@pytest.mark.parametrize(
    ("a", "b", "y"),
    [
        (0.6238372325897217, 0.936931312084198, 1.8992033004760742),
        (0.36741843819618225, 0.020141225308179855, 0.700274646282196),
        (0.8195145726203918, 0.7125308513641357, 1.5903947353363037),
        (0.17514778673648834, 0.6062964200973511, 1.1497300863265991),
    ],
)
def test_add_has_twenty_more_bits(a, b, y):
    """Scales for which one bit more would show."""
    left, right = np.stack(np.meshgrid(ALL, ALL)).reshape(2, -1)
    tensors = [
        Given(name=name, shape=left.shape, scale=unit, zero_point=0)
        for name, unit in (("a", a), ("b", b), ("y", y))
    ]
    model = operator("ADD", tensors, options="AddOptions", version=2)
    assert compare(model, {"a": left, "b": right})[2] == 0


@pytest.mark.parametrize("bits", [12, 13, 14])
@pytest.mark.parametrize("point", [127, 5, 0, -128])
def test_results_wrap_with_the_zero_point(bits, point):
    """A factor just below 1 leaves the largest sums almost as they are."""
    units = np.float32(1 + 2.0**-bits), np.float32(1 - 2.0**-bits)
    sums = np.array([2**31 - 1, 2**31 - 2, 2**31 - 100, -(2**31), -(2**31) + 100])
    model = operator(
        "CONV_2D",
        [
            Given(name="x", shape=(1, 1, 1, 1), scale=units[0], zero_point=0),
            constant("w", np.zeros((5, 1, 1, 1), np.int8), scale=np.full(5, units[1])),
            constant("b", sums.astype(np.int32)),
            Given(name="y", shape=(1, 1, 1, 5), scale=1.0, zero_point=point),
        ],
        options="Conv2DOptions",
        version=3,
        padding=VALID,
        strideH=1,
        strideW=1,
    )
    assert compare(model, {"x": np.zeros((1, 1, 1, 1), np.int8)})[2] == 0


def test_sums_of_fully_connected_wrap():
    signs = np.array([127, 127, 127, -127, -127], np.int8)
    sums = np.array([2**31 - 1, 2**31 - 70000, 2**30, -(2**31), -(2**31) + 70000])
    model = operator(
        "FULLY_CONNECTED",
        [
            Given(name="x", shape=(1, 64), scale=0.5, zero_point=0),
            constant("w", np.repeat(signs[:, None], 64, axis=1), scale=2.0**-25),
            constant("b", sums.astype(np.int32)),
            Given(name="y", shape=(1, 5), scale=0.5, zero_point=3),
        ],
        options="FullyConnectedOptions",
        version=4,
    )
    assert compare(model, {"x": np.full((1, 64), 127, np.int8)})[2] == 0

"""Tensors and their quantization."""

import numpy as np
import pytest

from golden.formats import INT8, TERNARY, UINT8, BipolarFormat, IntFormat, parse_format
from golden.tensors import FloatType, Quantization, Tensor, storage_dtype


@pytest.mark.parametrize(
    ("element", "dtype"),
    [
        (IntFormat(1), "int8"),
        (IntFormat(4, signed=False), "uint8"),
        (UINT8, "uint8"),
        (IntFormat(9), "int16"),
        (IntFormat(32), "int32"),
        (IntFormat(33), "int64"),
        (FloatType.FLOAT16, "float16"),
        (FloatType.FLOAT32, "float32"),
    ],
)
def test_storage_dtype(element, dtype):
    assert storage_dtype(element) == np.dtype(dtype)


def test_quantize_rounds_to_even_and_saturates():
    given = Quantization.of(0.5, 10)
    real = np.float32([0.25, 0.75, -0.25, 1e30, -np.inf, 2])
    result = given.quantize(real, UINT8)
    assert result.tolist() == [10, 12, 10, 255, 0, 14]
    assert result.dtype == np.uint8


def test_a_tiny_scale_saturates_without_a_warning():
    assert Quantization.of(1e-30).quantize([1e30, -1e30], INT8).tolist() == [127, -128]


def test_quantize_refuses_nan():
    with pytest.raises(ValueError, match="NaN has no quantized value"):
        Quantization.of(1.0).quantize([np.nan], INT8)


def test_per_axis_round_trip():
    given = Quantization.of([0.5, 2.0], [1, -1], axis=1)
    codes = np.int8([[[3, -5], [7, 9]]])
    real = given.dequantize(codes)
    assert real.tolist() == [[[1.0, -3.0], [16.0, 20.0]]]
    assert real.dtype == np.float32
    assert np.array_equal(given.quantize(real, INT8), codes)


def test_equals():
    given = Quantization.of([0.5, 2.0], 0, axis=1)
    assert given.equals(Quantization.of([0.5, 2.0], [0, 0], axis=1))
    assert not given.equals(Quantization.of([0.5, 2.0], 0, axis=0))
    assert not given.equals(Quantization.of([0.5, 2.0], 1, axis=1))
    assert not given.equals(Quantization.of([0.5, 2.5], 0, axis=1))
    assert not given.equals(Quantization.of(0.5))


def test_arrays_of_a_quantization_can_not_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        Quantization.of([0.5, 2.0], 0, axis=1).scale[0] = 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0],), r"not shape \(1,\) with axis None"),
        ((1.0, 0, 1), r"not shape \(\) with axis 1"),
        ((0.0,), "a scale is a positive number, not"),
        ((np.inf,), "a scale is a positive number, not"),
        ((np.nan,), "a scale is a positive number, not"),
    ],
)
def test_quantization_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        Quantization.of(*arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (-1,)}, "sizes are not negative"),
        (
            {"element": FloatType.FLOAT32, "quantization": Quantization.of(1.0)},
            "float32 is not quantized, integers are",
        ),
        (
            {"quantization": Quantization.of([1.0, 1.0], 0, axis=0)},
            r"2 scales along axis 0 do not fit shape \(3,\)",
        ),
        (
            {"quantization": Quantization.of([1.0], 0, axis=1)},
            r"1 scales along axis 1 do not fit shape \(3,\)",
        ),
        ({"quantization": Quantization.of(1.0, 200)}, "zero point 200 is not a value of int8"),
        ({"data": np.zeros(4, np.int8)}, r"data of shape \(4,\), declared \(3,\)"),
        ({"data": np.zeros(3, np.int64)}, "int8 is held as int8, not int64"),
        (
            {"element": IntFormat(4), "data": np.full(3, 9, np.int8)},
            "9 is not a value of int4",
        ),
    ],
)
def test_tensor_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        Tensor(**{"name": "t", "shape": (3,), "element": INT8, **changes})


def test_properties_that_a_tensor_may_lack():
    plain = Tensor(name="t", shape=(), element=FloatType.FLOAT32)
    assert plain.is_float
    assert not plain.is_constant
    with pytest.raises(ValueError, match="tensor 't' holds float32, not integers"):
        _ = plain.int_format
    with pytest.raises(ValueError, match="tensor 't' has no quantization"):
        _ = plain.quantized


@pytest.mark.parametrize(
    ("element", "values", "message"),
    [
        (INT8, np.zeros(2, np.int8), r"has shape \(3,\), not \(2,\)"),
        (INT8, np.zeros(3), "holds int8, not float64"),
        (INT8, np.array([0, 128, 0]), "128 is not a value of int8"),
        (UINT8, np.array([0, -1, 300]), "-1 is not a value of uint8"),
        (FloatType.FLOAT32, np.array(["a", "b", "c"]), "holds float32, not"),
    ],
)
def test_checked_refuses(element, values, message):
    with pytest.raises(ValueError, match=message):
        Tensor(name="t", shape=(3,), element=element).checked(values)


def test_checked_converts():
    tensor = Tensor(name="t", shape=(3,), element=INT8)
    assert tensor.checked(np.array([1, 2, 3])).dtype == np.int8


@pytest.mark.parametrize(
    ("element", "dtype"),
    [
        (TERNARY, np.int8),
        (BipolarFormat(1), np.int8),
        (BipolarFormat(7), np.int8),
        (BipolarFormat(8), np.int16),
        (parse_format("flint4"), np.int8),
        (parse_format("uflint8"), np.uint16),
        (IntFormat(1, signed=False), np.uint8),
        (IntFormat(9), np.int16),
    ],
)
def test_integers_are_held_in_the_smallest_dtype(element, dtype):
    assert np.iinfo(dtype).min <= element.min
    assert element.max <= np.iinfo(dtype).max
    if np.dtype(dtype).itemsize > 1:
        smaller = np.iinfo(f"{np.dtype(dtype).kind}{np.dtype(dtype).itemsize // 2}")
        assert not smaller.min <= element.min <= element.max <= smaller.max
    assert storage_dtype(element) == dtype


@pytest.mark.parametrize(
    ("element", "good", "bad"), [(TERNARY, [-1, 0, 1], -2), (BipolarFormat(2), [-3, 1, 3], 0)]
)
def test_constants_of_formats_that_lack_integers(element, good, bad):
    data = np.array(good, np.int8)
    tensor = Tensor(
        name="w", shape=(3,), element=element, quantization=Quantization.of(0.5), data=data
    )
    assert tensor.whole_format == element
    assert np.array_equal(tensor.quantized.dequantize(data), 0.5 * data)
    with pytest.raises(ValueError, match="not integers"):
        _ = tensor.int_format
    wrong = data.copy()
    wrong[0] = bad
    with pytest.raises(ValueError, match=f"{bad} is not a value of {element.name}"):
        Tensor(name="w", shape=(3,), element=element, data=wrong)
    with pytest.raises(ValueError, match=f"{bad} is not a value of {element.name}"):
        tensor.checked(wrong)


def test_floats_are_no_weights_of_whole_numbers():
    tensor = Tensor(name="t", shape=(), element=FloatType.FLOAT32)
    with pytest.raises(ValueError, match="holds float32, not integers"):
        _ = tensor.whole_format


def test_scales_of_groups():
    """Groups of two along the first of two axes, the last one shorter."""
    scale = np.array([[1, 10], [2, 20]], np.float32)
    zero_point = np.array([[0, 1], [-1, 2]])
    quantization = Quantization(scale=scale, zero_point=zero_point, axis=0, group_size=2)
    codes = np.array([[1, 1], [2, 3], [4, 5]], np.int8)
    real = [[1, 0], [2, 20], [10, 60]]
    assert quantization.dequantize(codes).tolist() == real
    assert np.array_equal(quantization.quantize(real, INT8), codes)
    tensor = Tensor(name="w", shape=(3, 2), element=INT8, quantization=quantization, data=codes)
    assert tensor.quantized.equals(
        Quantization(scale=scale, zero_point=zero_point, axis=0, group_size=2)
    )
    other = Quantization(scale=scale, zero_point=zero_point, axis=0, group_size=3)
    assert not tensor.quantized.equals(other)


@pytest.mark.parametrize(
    ("shape", "group_size", "axis", "said"),
    [
        ((5, 2), 2, 0, r"4 scales along axis 0 in groups of 2 do not fit shape \(5, 2\)"),
        ((4, 3), 2, 0, r"4 scales along axis 0 in groups of 2 do not fit shape \(4, 3\)"),
        ((4, 2), 0, 0, r"groups have at least 1 element along an axis .* not 0 along axis 0"),
        ((4, 2), 2, 2, r"along an axis of scales \(2, 2\), not 2 along axis 2"),
    ],
)
def test_groups_that_do_not_fit(shape, group_size, axis, said):
    def made():
        quantization = Quantization(
            scale=np.ones((2, 2), np.float32), axis=axis, group_size=group_size
        )
        Tensor(name="w", shape=shape, element=INT8, quantization=quantization)

    with pytest.raises(ValueError, match=said):
        made()

"""Graphs under construction."""

import numpy as np
import pytest

from golden.formats import IntFormat
from golden.tensors import FloatType
from mapper.importers.onnx.draft import Draft, element_of


def test_unknown_tensor():
    with pytest.raises(ValueError, match="nothing produces tensor 'a'"):
        Draft().tensor("a")


def test_constants_become_tensors_when_read():
    draft = Draft()
    draft.add_constant("a", np.array([1, 2]))
    draft.add_constant("text", np.array(["never read"]))
    assert draft.tensor("a").element == IntFormat(64)
    with pytest.raises(ValueError, match=r"tensors of str.* are not supported"):
        draft.tensor("text")


def test_names_are_made_unique():
    draft = Draft()
    draft.add_constant("a", np.array([1, 2]))
    assert draft.unique_tensor_name("a") == "a_2"
    assert draft.unique_tensor_name("b") == "b"
    assert draft.unique_operator_name("a") == "a"


def test_element_of():
    assert element_of(np.dtype("float32")) is FloatType.FLOAT32
    assert element_of(np.dtype("uint16")) == IntFormat(16, signed=False)

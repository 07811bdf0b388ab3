"""JSON that holds numbers bit for bit and refuses what it cannot hold."""

from __future__ import annotations

import json
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.errors import InputError
from cs_ml.store import plain, to_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_plain_values_come_back_equal(value):
    assert json.loads(to_json(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_come_back_bit_for_bit(value):
    assert struct.pack("d", json.loads(to_json(value))) == struct.pack("d", value)


def test_numpy_and_pandas_scalars_become_plain():
    value = {"i": np.int8(3), "f": np.float32(0.5), "b": np.bool_(True), "t": (pd.Timestamp("2026-10-01"), pd.NaT)}
    assert plain(value) == {"i": 3, "f": 0.5, "b": True, "t": ["2026-10-01T00:00:00", None]}
    assert type(plain(np.bool_(True))) is bool


def test_all_faults_are_named_at_once():
    with pytest.raises(InputError) as error:
        plain({"a": [1.0, float("-inf")], "b": {1: "x"}, "c": {2}}, "state")
    assert [fault.where for fault in error.value.faults] == ["state.a[1]", "state.b", "state.c"]

"""Equal content, equal hash; any change, another."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.errors import StorageError
from cs_ml.store import hash_file, hash_frame, hash_json


def frame(**changed):
    base = {
        "mrr": [1.5, np.nan],
        "seats": [1, 2],
        "auto": [True, False],
        "plan": ["a", None],
        "at": pd.to_datetime(["2026-10-01", None]),
    }
    return pd.DataFrame(base | changed)


def test_file_hash_is_that_of_its_bytes(tmp_path):
    (tmp_path / "f").write_bytes(b"abc" * 1000)
    assert hash_file(tmp_path / "f") == hashlib.sha256(b"abc" * 1000).hexdigest()


def test_missing_file_is_said(tmp_path):
    with pytest.raises(StorageError, match="does not exist"):
        hash_file(tmp_path / "f")


@pytest.mark.parametrize(
    "changed",
    [
        {"mrr": [1.5, 0.0]},
        {"mrr": [np.nextafter(1.5, 2), np.nan]},
        {"seats": [2, 1]},
        {"auto": [True, True]},
        {"plan": ["a", ""]},
        {"plan": ["a", "None"]},
        {"at": pd.to_datetime(["2026-10-02", None])},
        {"more": [0, 0]},
    ],
)
def test_every_change_changes_the_hash(changed):
    assert hash_frame(frame(**changed)) != hash_frame(frame())


@pytest.mark.parametrize(
    "alike",
    [
        {"plan": pd.Series(["a", None], dtype=object)},
        {"plan": pd.Categorical(["a", None])},
        {"plan": pd.Series(["a", np.nan], dtype=object)},
        {"at": pd.to_datetime(["2026-10-01", None]).astype("datetime64[ns]")},
        {"seats": pd.Series([1, 2], dtype="Int64")},
        {"seats": [1.0, 2.0]},
    ],
)
def test_storage_of_a_column_does_not_change_the_hash(alike):
    assert hash_frame(frame(**alike)) == hash_frame(frame())


def test_index_name_and_values_count():
    indexed = frame().set_index("seats")
    assert hash_frame(indexed) != hash_frame(frame().set_index("auto"))
    assert hash_frame(indexed) != hash_frame(indexed.rename({1: 7}))


@given(st.dictionaries(st.text(), st.integers()))
def test_json_hash_ignores_the_order_of_keys(value):
    assert hash_json(value) == hash_json(dict(reversed(value.items())))


def test_json_hash_tells_types_apart():
    assert len({hash_json(value) for value in (1, 1.0, "1", True, None, [1])}) == 6

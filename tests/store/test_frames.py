"""Small frames come back from JSON as they went."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import FrameError
from cs_ml.store.frames import frame_from_state, frame_to_state
from cs_ml.store.plain import to_json


def back(frame):
    return frame_from_state(json.loads(to_json(frame_to_state(frame))))


def test_every_kind_comes_back():
    frame = pd.DataFrame(
        {
            "share": [0.1 + 0.2, np.nan],
            "n": [1, 2],
            "alarm": [True, False],
            "at": pd.to_datetime(["2026-10-01 12:00:00.5", None]).astype("datetime64[ns]"),
            "label_ja": np.array(["契約", None], dtype=object),
        },
        index=pd.Index(["a", "b"], name="feature", dtype=object),
    )
    frame["label_ja"] = frame["label_ja"].astype(object).where(frame["label_ja"].notna(), None)
    pd.testing.assert_frame_equal(back(frame), frame)


def test_levels_of_the_index_come_back():
    index = pd.MultiIndex.from_tuples([("red", 1), ("green", 2)], names=["band", "rank"])
    frame = pd.DataFrame({"rows": [1, 2]}, index)
    assert back(frame).index.equals(index)


def test_column_of_mixed_values_comes_back():
    frame = pd.DataFrame({"value": [1.5, "high", None, True]}, dtype=object)
    assert back(frame)["value"].tolist() == [1.5, "high", None, True]


def test_empty_frame_comes_back():
    frame = pd.DataFrame({"share": pd.Series(dtype="float64"), "name": pd.Series(dtype=object)})
    pd.testing.assert_frame_equal(back(frame), frame)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({1: [2]}), "names that are text"),
        (pd.DataFrame({"a": [1]}, pd.MultiIndex.from_tuples([(1, 2)], names=["a", None])), "a name for every level"),
    ],
)
def test_what_has_no_name_is_refused(frame, message):
    with pytest.raises(FrameError, match=message):
        frame_to_state(frame)

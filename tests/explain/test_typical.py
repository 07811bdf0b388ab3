import json

import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import FrameError
from cs_ml.explain import TypicalValues

SEGMENT = "accounts_segment_current"


@pytest.fixture(name="X")
def snapshot():
    return pd.DataFrame(
        {
            "users": [1.0, 3.0, np.nan, 10.0, 30.0],
            "flag": [1.0, 1.0, 0.0, 0.0, 0.0],
            "plan": pd.Categorical(["pro", "pro", "free", "free", "free"]),
            "empty": np.nan,
            "text": ["a", "b", None, "c", "d"],
            SEGMENT: pd.Categorical(["smb", "smb", "smb", "ent", "ent"]),
        }
    )


def test_medians_and_levels_by_segment(X):
    typical = TypicalValues(min_rows=2).fit(X)
    assert typical.of("users", X).tolist() == [2.0, 2.0, 2.0, 20.0, 20.0]
    assert typical.of("plan", X).tolist() == ["pro"] * 3 + ["free"] * 2
    assert typical.of("flag", X).tolist() == [1.0] * 3 + [0.0] * 2


def test_nothing_is_typical_of_text_blanks_and_strangers(X):
    typical = TypicalValues(min_rows=2).fit(X)
    for feature in ("text", "empty", "never_seen"):
        assert typical.of(feature, X).tolist() == [None] * 5


def test_a_small_or_unknown_segment_takes_the_book(X):
    typical = TypicalValues(min_rows=3).fit(X)
    other = pd.DataFrame({SEGMENT: pd.Categorical(["ent", "new", None, "smb"])})
    assert typical.of("users", other).tolist() == [6.5, 6.5, 6.5, 2.0]


def test_without_segments_the_book_is_one(X):
    typical = TypicalValues().fit(X.drop(columns=SEGMENT))
    assert typical.of("users", X).tolist() == [6.5] * 5


def test_state_survives_json(X):
    typical = TypicalValues(min_rows=2).fit(X)
    again = TypicalValues.from_state(json.loads(json.dumps(typical.to_state(), allow_nan=False)))
    for feature in X:
        assert again.of(feature, X).tolist() == typical.of(feature, X).tolist()
    assert again.to_state() == typical.to_state()


def test_no_rows_are_refused(X):
    with pytest.raises(FrameError, match="at least one training row"):
        TypicalValues().fit(X.iloc[:0])

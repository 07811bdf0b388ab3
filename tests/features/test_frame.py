"""One frame from the features of buckets."""

import numpy as np
import pandas as pd

from cs_ml.features.feature import Feature
from cs_ml.features.frame import gathered, plain

KINDS = {"plan": "category", "logins": "number", "open": "flag", "said": "text"}
FEATURES = [Feature(name, "usage", "count", name, name, name, name, kind=kind) for name, kind in KINDS.items()]
KEYS = pd.MultiIndex.from_product([["a", "b"], pd.date_range("2026-01-01", periods=2)], names=["account_id", "as_of"])


def bucket(keys: pd.MultiIndex, plan: list, logins: list, said: list) -> pd.DataFrame:
    return pd.DataFrame({"plan": plan, "logins": logins, "open": [True] * len(keys), "said": said}, index=keys)


FIRST = bucket(KEYS[:2], ["pro", None], [1, 2], [None, None])
SECOND = bucket(KEYS[2:], ["basic", "pro"], [np.nan, 4.0], ["slow", None])


def test_buckets_stand_below_each_other_in_the_columns_of_the_builders():
    X = gathered([FIRST, SECOND], 4, FEATURES)
    assert X.index.equals(KEYS)
    assert X.columns.tolist() == list(KINDS)
    np.testing.assert_array_equal(X["logins"], [1.0, 2.0, np.nan, 4.0])
    assert X["plan"].tolist()[2:] == ["basic", "pro"]
    assert X["said"].tolist() == [None, None, "slow", None]


def test_levels_are_those_of_all_buckets_and_numbers_are_floats():
    X = gathered([FIRST, SECOND], 4, FEATURES)
    assert X["plan"].cat.categories.tolist() == ["basic", "pro"]
    assert X.dtypes[["logins", "open", "said"]].astype(str).tolist() == ["float64", "float64", "object"]


def test_a_bucket_alone_keeps_its_words_as_they_are():
    X = plain(FIRST, FEATURES)
    assert X["plan"].tolist() == ["pro", None]
    assert X["open"].tolist() == [1.0, 1.0]
    assert X.columns.tolist() == list(KINDS)

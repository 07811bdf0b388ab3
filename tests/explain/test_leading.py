import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cs_ml.errors import InputError
from cs_ml.explain import TypicalValues, drivers, leading


class Terms:
    """A stub whose terms are the values themselves."""

    def __init__(self, error=0.0):
        self.error = error

    def contributions(self, X):
        return X, 1.0

    def margin(self, X):
        return X.to_numpy().sum(axis=1) + 1.0 + self.error


def frame(values):
    index = pd.MultiIndex.from_product([[f"a{i}" for i in range(len(values))], [pd.Timestamp("2026-01-01")]])
    return pd.DataFrame(values, index=index.set_names(["account_id", "as_of"]), columns=list("abcd"))


def test_the_largest_terms_come_first_and_ties_in_order_of_the_columns():
    found = leading(Terms(), frame([[1.0, -2.0, 0.5, 2.0], [0.0, 0.0, -3.0, 0.0]]), top=3)
    assert found["margin"].tolist() == [2.5, -2.0]
    assert found[["driver_1", "driver_2", "driver_3"]].astype(object).iloc[0].tolist() == ["b", "d", "a"]
    assert found[["points_1", "points_2", "points_3"]].iloc[0].tolist() == [-2.0, 2.0, 1.0]
    assert found["driver_2"].isna().tolist() == [False, True]
    assert found["points_2"].isna().tolist() == [False, True]


NUMBERS = arrays(np.float64, (7, 4), elements=st.sampled_from([0.0, 0.5, -0.5, 1.0, -2.0, 3.25]))


@given(values=NUMBERS, top=st.integers(1, 6), chunk=st.integers(1, 9))
def test_they_are_the_drivers_that_are_put_into_words(values, top, chunk):
    X = frame(values)
    catalog = pd.DataFrame(index=pd.Index([], name="name"))
    words = drivers(X, X, catalog, typical=TypicalValues().fit(X), target="churn", top=top)
    found = leading(Terms(), X, top=top, chunk=chunk)
    listed = {
        (account, rank): (found[f"driver_{rank}"].iloc[at], found[f"points_{rank}"].iloc[at])
        for at, account in enumerate(X.index.get_level_values("account_id"))
        for rank in range(1, top + 1)
        if pd.notna(found[f"driver_{rank}"].iloc[at])
    }
    said = zip(words["account_id"], words["rank"], words["feature"], words["points"], strict=True)
    assert listed == {(account, rank): (feature, points) for account, rank, feature, points in said}


def test_a_model_without_features_has_a_margin_and_no_drivers():
    found = leading(Terms(), frame(np.ones((2, 4)))[[]], top=1)
    assert found["margin"].tolist() == [1.0, 1.0]
    assert found["driver_1"].isna().all()


def test_what_does_not_add_up_is_refused():
    with pytest.raises(InputError, match="equal to the margin"):
        leading(Terms(1e-8), frame(np.ones((2, 4))))
    with pytest.raises(InputError, match="at least one term"):
        leading(Terms(), frame(np.ones((2, 4))), top=0)

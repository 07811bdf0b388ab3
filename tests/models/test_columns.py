import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import FrameError
from cs_ml.models import PropensityClassifier
from cs_ml.models.columns import column_kind, numbers, select, words


def test_missing_columns_are_all_named_with_the_nearest():
    X = pd.DataFrame({"usage_logins_count_30d": [1.0], "nps_score_latest": [1.0]})
    with pytest.raises(FrameError) as error:
        select(X, ["usage_login_count_30d", "nps_score_last"])
    assert "2 faults" in str(error.value)
    assert "usage_logins_count_30d" in str(error.value)
    assert "nps_score_latest" in str(error.value)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pd.Series([1, 2]), "number"),
        (pd.Series([True, False]), "number"),
        (pd.Series([1, None], dtype="Int64"), "number"),
        (pd.Series([1, 2.5, None], dtype=object), "number"),
        (pd.Series(["a", None], dtype=object), "category"),
        (pd.Series(["a", "b"], dtype="category"), "category"),
        (pd.to_datetime(pd.Series(["2026-01-01"])), "other"),
        (pd.Series([{"a": 1}]), "other"),
        (pd.Series([1j]), "other"),
    ],
)
def test_kind_of_column(values, kind):
    assert column_kind(values) == kind


def test_nullable_numbers_become_nan_and_words_become_none():
    assert np.isnan(numbers(pd.Series([1, None], dtype="Int64"))[1])
    assert words(pd.Series(["a", None, np.nan], dtype=object)).tolist() == ["a", None, None]


def test_free_text_that_was_not_declared_is_refused_rather_than_kept_as_levels():
    X = pd.DataFrame({"logins": range(40), "said": ["we think of leaving " * 9] * 40})
    y = [0, 1] * 20
    with pytest.raises(FrameError, match=r"said.*text="):
        PropensityClassifier().fit(X, y)
    assert PropensityClassifier(text=("said",)).fit(X, y).predict(X).shape == (40,)

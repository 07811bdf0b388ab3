import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.models.folds import training_folds


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 24), st.integers(1, 200), st.integers(1, 6))
def test_no_training_outcome_reaches_into_a_test_fold(n_dates, purge, n_origins):
    dates = pd.date_range("2025-01-01", periods=n_dates, freq="MS").repeat(4)
    y = np.tile([0.0, 1.0], len(dates) // 2)
    folds = training_folds(dates, y, np.arange(len(y)), purge_days=purge, n_origins=n_origins)
    assert len(folds.pairs) <= max(n_origins, 5)
    if folds.kind == "time":
        for train, test in folds.pairs:
            assert dates[train].max() + pd.Timedelta(days=purge) <= dates[test].min()
        assert len(set(folds.test.tolist())) == len(folds.test)


def test_accounts_stay_together_where_there_is_no_time():
    clusters = np.arange(60) // 3
    folds = training_folds(None, (clusters % 2).astype(float), clusters, purge_days=90, n_origins=6)
    assert folds.kind == "accounts"
    for train, test in folds.pairs:
        assert not set(clusters[train]) & set(clusters[test])


def test_a_single_positive_bears_no_fold():
    y = np.array([0.0] * 9 + [1.0])
    assert training_folds(None, y, np.arange(10), purge_days=90, n_origins=6).kind == "none"

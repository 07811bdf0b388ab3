from __future__ import annotations

import pandas as pd
import pytest
from builders import keys
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.errors import FrameError, NotEnoughData
from cs_ml.timeline import TimeSplit, as_of_dates


@given(
    st.sets(st.integers(0, 500), min_size=1, max_size=20),
    st.integers(0, 200),
    st.integers(1, 6),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_no_training_outcome_reaches_into_test_time(days, purge, origins, least, together):
    dates = [str((pd.Timestamp("2025-01-01") + pd.Timedelta(days=day)).date()) for day in days]
    index = keys(*[(account, date) for account in "ab" for date in dates])
    split = TimeSplit(purge_days=purge, n_origins=origins, min_train_dates=least, test_dates=together)
    folds = list(split.split(index))
    assert len(folds) == split.get_n_splits(index) <= origins
    tested = [row for _, test in folds for row in test]
    assert len(tested) == len(set(tested))
    for train, test in folds:
        first = as_of_dates(index[test]).min()
        assert (as_of_dates(index[train]) + pd.Timedelta(days=purge) <= first).all()
        assert len(set(as_of_dates(index[train]))) >= least


def test_origins_come_oldest_first_and_end_at_the_newest_date():
    index = keys(*[("a", f"2026-{month:02d}-01") for month in range(1, 8)])
    first = [as_of_dates(index[test])[0].month for _, test in TimeSplit(purge_days=59, n_origins=3).split(index)]
    assert first == [5, 6, 7]


def test_last_leaves_out_rows_without_a_label():
    index = keys(("a", "2026-01-01"), ("a", "2026-04-01"), ("b", "2026-04-01"), ("a", "2026-07-01"))
    labels = pd.DataFrame({"label": [0.0, 1.0, 0.0, None]}, index=index)
    past, recent = TimeSplit(purge_days=90).last(labels)
    assert past.tolist() == [("a", pd.Timestamp("2026-01-01"))]
    assert recent.tolist() == [("a", pd.Timestamp("2026-04-01")), ("b", pd.Timestamp("2026-04-01"))]


def test_too_short_a_history_says_how_long_it_must_be():
    index = keys(("a", "2026-01-01"), ("a", "2026-02-01"))
    with pytest.raises(NotEnoughData, match="at least 90 days apart, found 2026-01-01 to 2026-02-01"):
        TimeSplit(purge_days=90).last(pd.Series(0.0, index=index))


def test_rows_need_dates():
    with pytest.raises(FrameError, match="expected rows indexed by"):
        as_of_dates(pd.RangeIndex(3))

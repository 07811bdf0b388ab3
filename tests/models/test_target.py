import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import FrameError, NotEnoughData
from cs_ml.models.target import Target


def index(n_accounts=2, n_dates=3):
    dates = pd.date_range("2026-01-01", periods=n_dates, freq="MS")
    return pd.MultiIndex.from_product([[f"a{i}" for i in range(n_accounts)], dates], names=["account_id", "as_of"])


def test_label_frame_is_aligned_and_states_are_counted():
    rows = index()
    label = [1.0, 1.0, np.nan, 0.0, np.nan, 0.0]
    state = ["1", "1", "immature", "0", "censored", "0"]
    y = pd.DataFrame({"label": label, "state": state}, index=rows)
    target = Target.read(rows, y.iloc[::-1])
    assert target.rows.tolist() == [0, 1, 3, 5]
    assert target.y.tolist() == [1, 1, 0, 0]
    assert target.left_out == {"censored": 1, "immature": 1}


def test_events_are_counted_not_rows():
    rows = index()
    y = pd.DataFrame({"label": [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]}, index=rows)
    assert Target.read(rows, y).n_events == 1
    twice = y.assign(effective_at=pd.to_datetime(["2026-02-01", "2026-02-01", "2026-05-01", None, None, None]))
    assert Target.read(rows, twice).n_events == 2


def test_one_class_says_what_was_found_and_what_to_do():
    with pytest.raises(NotEnoughData, match=r"one class.*3 labelled rows, 1 without label.*lengthen"):
        Target.read(pd.RangeIndex(4), np.array([0.0, 0.0, 0.0, np.nan]))


def test_three_classes_are_refused():
    with pytest.raises(FrameError, match="found 3"):
        Target.read(pd.RangeIndex(3), np.array(["a", "b", "c"]))


def test_half_life_halves():
    rows = pd.MultiIndex.from_arrays(
        [["a", "b"], pd.to_datetime(["2026-01-01", "2026-01-31"])], names=["account_id", "as_of"]
    )
    weights = Target.read(rows, pd.Series([0.0, 1.0], index=rows)).weights(30)
    assert weights[1] / weights[0] == pytest.approx(2)
    assert weights.mean() == pytest.approx(1)

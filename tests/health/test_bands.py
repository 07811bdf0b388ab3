import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import ConfigError, FrameError
from cs_ml.health import Bands, steady_bands


def test_limits_belong_to_the_band_above():
    assert list(Bands().of(pd.Series([39.999, 40, 59.999, 60, np.nan]))) == ["red", "yellow", "yellow", "green", None]


def test_limits_must_be_in_order():
    with pytest.raises(ConfigError, match="red_below at most green_from"):
        Bands(red_below=70)


def test_capacity_makes_the_most_at_risk_of_each_date_red():
    index = pd.MultiIndex.from_product([["a", "b", "c"], pd.to_datetime(["2026-01-01", "2026-02-01"])])
    index.names = ["account_id", "as_of"]
    health = pd.Series([70, 70, 50, 50, np.nan, 20.0], index=index)
    at_risk = pd.Series([9, 1, 5, 2, 99, 1.5], index=index)
    assert list(Bands(capacity=1).of(health, at_risk)) == ["red", "green", "yellow", "red", None, "yellow"]


def test_capacity_never_exceeds_what_the_team_can_work_even_with_ties():
    health = pd.Series(np.full(50, 50.0))
    assert (Bands(capacity=7).of(health, pd.Series(np.ones(50))) == "red").sum() == 7


def test_capacity_needs_money():
    with pytest.raises(FrameError, match="give mrr="):
        Bands(capacity=3).of(pd.Series([50.0]))


def history(health):
    index = pd.MultiIndex.from_product([["a"], pd.date_range("2026-01-01", periods=len(health), freq="MS")])
    index.names = ["account_id", "as_of"]
    series = pd.Series(health, index=index, dtype=float)
    return pd.DataFrame({"health": series, "band": Bands().of(series)})


@pytest.mark.parametrize(
    ("health", "bands"),
    [
        ([61, 59, 61, 59], ["green"] * 4),  # one reading is no change
        ([61, 59, 58, 61], ["green", "green", "yellow", "yellow"]),  # two are
        ([61, 41, 61, 61], ["green", "yellow", "green", "green"]),  # a jump is believed at once
        ([61, np.nan, 59, 59], ["green", None, "green", "yellow"]),  # no reading, no vote
        ([65, 55, 34, 55], ["green", "green", "red", "yellow"]),
    ],
)
def test_bands_do_not_flicker(health, bands):
    got = steady_bands(history(health))
    assert [value if isinstance(value, str) else None for value in got] == bands


def test_order_of_rows_does_not_matter():
    scores = history([61, 59, 58, 61])
    assert steady_bands(scores.iloc[::-1]).sort_index().equals(steady_bands(scores))

"""Scores among their own past: bands hold, trends are told over a declared window."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.health import Bands, HealthScore, steady_bands
from cs_ml.health.history import flapping, trend_of, with_history

KEYS = ["account_id", "as_of"]


def readings(health, dates, account="a", **more):
    index = pd.MultiIndex.from_product([[account], pd.DatetimeIndex(dates)], names=KEYS)
    series = pd.Series(health, index=index, dtype=float)
    return pd.DataFrame({"health": series, "band": Bands().of(series)}).assign(**more)


def published(frame, bands=None, days=90):
    """Publish date after date, as the pipeline does: each knows only what was published before."""
    past = frame.iloc[:0]
    for date in frame.index.get_level_values("as_of").unique().sort_values():
        now = with_history(frame.xs(date, level="as_of", drop_level=False), past, bands or Bands(), trend_days=days)
        past = pd.concat([past, now]) if len(past) else now
    return past


MONTHS = pd.date_range("2026-01-01", periods=8, freq="MS")
POINTS = st.lists(st.floats(0, 100), min_size=1, max_size=8)


@settings(max_examples=15)
@given(st.lists(POINTS, min_size=1, max_size=3))
def test_publishing_date_by_date_gives_the_bands_of_the_whole_history(accounts):
    frame = pd.concat([readings(part, MONTHS[: len(part)], f"a{at}") for at, part in enumerate(accounts)])
    assert published(frame)["band"].sort_index().equals(steady_bands(frame).sort_index())


def test_the_reading_alone_is_kept_beside_the_band_that_holds():
    found = published(readings([61, 59, 61, 59, 58], MONTHS[:5]))
    assert found["band"].tolist() == ["green"] * 4 + ["yellow"]
    assert found["band_reading"].tolist() == ["green", "yellow", "green", "yellow", "yellow"]


def test_two_nights_running_are_not_two_readings():
    frame = readings([61, 59, 59, 59], ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-08"])
    assert steady_bands(frame).tolist() == ["green", "green", "green", "yellow"]


def test_a_jump_between_two_models_is_not_believed_at_once():
    frame = readings([80, 50, 50], MONTHS[:3])
    assert steady_bands(frame).tolist() == ["green", "yellow", "yellow"]
    changed = frame.assign(model_version=["one", "two", "two"])
    assert steady_bands(changed).tolist() == ["green", "green", "yellow"]


def test_a_list_that_the_team_can_work_is_taken_as_it_is():
    frame = readings([61, 59], MONTHS[:2])
    assert published(frame, Bands(capacity=3))["band"].tolist() == ["green", "yellow"]


def test_a_straight_line_has_its_slope_as_trend():
    dates = pd.to_datetime(["2026-01-01", "2026-01-31", "2026-03-02", "2026-04-01"])
    found = published(readings([50, 53, 56, 59], dates))
    assert found["health_trend"].iloc[-1] == pytest.approx(9.0)
    assert found["trend"].tolist() == [None, None, "rising", "rising"]
    assert found["trend_since"].iloc[-1] == dates[0]


def test_last_nights_copy_makes_no_trend():
    found = published(readings([70, 40], ["2026-01-01", "2026-01-02"]))
    assert found["health_trend"].isna().all()
    assert found["trend"].isna().all()


def test_what_lies_before_the_window_does_not_count():
    frame = readings([10, 60, 60, 60], ["2025-01-01", "2026-01-01", "2026-02-01", "2026-03-01"])
    assert published(frame)["health_trend"].iloc[-1] == pytest.approx(0.0)


def test_the_least_squares_slope_is_that_of_numpy():
    rng = np.random.default_rng(0)
    frame = readings(rng.uniform(20, 80, 8), MONTHS)
    days = (MONTHS - MONTHS[0]).days
    wanted = 300 * np.polyfit(days, frame["health"], 1)[0]
    found = trend_of(frame, frame.index[-1:], 300)
    assert found["health_trend"].iloc[0] == pytest.approx(wanted)


def test_a_trend_across_versions_says_so():
    found = published(readings([50, 53, 56], MONTHS[:3], model_version="one").assign(model_version=list("xyy")))
    assert found["trend_versions"].tolist() == [1, 2, 2]


def test_rows_without_health_have_no_band_and_no_trend_but_keep_their_past():
    found = published(readings([61, np.nan, 59, 59], MONTHS[:4]))
    assert [value if isinstance(value, str) else None for value in found["band"]] == ["green", None, "green", "yellow"]
    assert found["health_trend"].isna().tolist() == [True, True, True, False]


def test_bands_flap_at_most_half_as_often_as_without(make_world, make_card):
    X, y = make_world(3, n_accounts=300, n_dates=14)
    day = X.index.get_level_values("as_of")
    health = HealthScore(make_card()).fit(X[day < "2024-08-01"], y[day < "2024-08-01"])
    scores = health.score(X)
    scores["steady"] = steady_bands(scores)
    without, held = flapping(scores), flapping(scores, column="steady")
    assert without > 0.1, "there is something to hold"
    assert held <= without / 2

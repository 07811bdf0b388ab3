"""What was published before decides which band holds, and nothing later does."""

from types import SimpleNamespace

import pandas as pd
import pytest

from cs_ml.health import HealthScore, Measure, Scorecard
from cs_ml.pipeline.past import past_scores, with_past
from cs_ml.store import write_partition

DAYS = Measure(name="days", feature="d", dimension="adoption", knots=((0, 0), (100, 100)))


def scores(date, health, band):
    index = pd.MultiIndex.from_product([["a"], [pd.Timestamp(date)]], names=["account_id", "as_of"])
    return pd.DataFrame({"health": [health], "band": [band], "model_version": "one"}, index=index)


@pytest.fixture(name="config")
def config_fixture(tmp_path):
    return SimpleNamespace(output=SimpleNamespace(folder=tmp_path))


@pytest.fixture(name="health")
def health_fixture():
    index = pd.MultiIndex.from_product([["a", "b"], [pd.Timestamp("2026-01-01")]], names=["account_id", "as_of"])
    return HealthScore.expert_only(0.1, pd.DataFrame({"d": [1.0, 2.0]}, index=index), Scorecard(measures=(DAYS,)))


def publish(config, health, date, points, band):
    now = with_past(config, health, scores(date, points, band))
    write_partition(config.output.folder / "scores", date, now.reset_index())
    return now["band"].iloc[0]


def test_a_band_holds_until_the_second_reading_whatever_was_published_later(config, health):
    dates = ["2026-01-01", "2026-02-01", "2026-03-01"]
    held = [
        publish(config, health, date, *at)
        for date, at in zip(dates, [(61, "green"), (59, "yellow"), (58, "yellow")], strict=True)
    ]
    assert held == ["green", "green", "yellow"]
    assert publish(config, health, "2026-02-01", 59, "yellow") == "green", "publishing a date again changes nothing"


def test_only_the_days_before_are_read(config, health):
    for date in ("2026-01-01", "2026-03-01", "2026-04-01"):
        publish(config, health, date, 61, "green")
    found = past_scores(config, pd.Timestamp("2026-04-01"), 60)
    assert found.index.get_level_values("as_of").tolist() == [pd.Timestamp("2026-03-01")]
    assert past_scores(config, pd.Timestamp("2026-01-01"), 60).empty


def test_without_a_health_score_nothing_is_added(config):
    now = scores("2026-01-01", 61, "green")
    assert with_past(config, None, now) is now

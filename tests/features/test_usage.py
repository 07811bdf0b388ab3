"""Features of usage, worked out by hand on small tables."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.features.usage import UsageBuilder
from cs_ml.timeline.clock import Clock

AS_OF = int(np.datetime64("2026-07-01", "D").astype(int))


def state_of(rows, columns=("user_id", "event", "feature", "quantity")):
    """Reduce rows of (days before the date, user, event); account b has none."""
    days = np.array([AS_OF - before for before, *_ in rows]).astype("datetime64[D]")
    held = {
        "account_id": pa.array(["a"] * len(rows)),
        "event_at": pa.array(days),
        "feature": pa.array(["f"] * len(rows)),
    }
    held |= {"user_id": pa.array([user for _, user, _ in rows]), "event": pa.array([event for *_, event in rows])}
    held["quantity"] = pa.array([2.5] * len(rows))
    chosen = [name for name in held if name in ("account_id", "event_at", *columns)]
    return reduce_usage([pa.record_batch({name: held[name] for name in chosen})], ["a", "b"], Clock())


def built(rows, seats=math.nan, account=0, **options) -> dict[str, float]:
    state = state_of(rows, **options)
    values = UsageBuilder().compute(state, np.array([account]), np.array([AS_OF]), np.array([seats]))
    return {name.removeprefix("usage_"): float(column[0]) for name, column in values.items()}


def test_windows_end_before_the_date():
    found = built([(0, "u", "x"), (1, "u", "x"), (7, "v", "x"), (8, "w", "x"), (8, "w", "x")])
    assert [found[f"events_count_{window}d"] for window in (7, 30)] == [2, 4]
    assert [found[f"users_distinct_{window}d"] for window in (7, 30)] == [2, 3]
    assert [found[f"days_distinct_{window}d"] for window in (7, 30)] == [2, 3]
    assert (found["quantity_sum_7d"], found["features_distinct_7d"], found["events_recency"]) == (5, 1, 1)


def test_change_compares_with_the_five_months_before():
    """Three events in the last 30 days against ten in the 150 days before, which is two a month."""
    found = built([(1, "u", "x")] * 3 + [(31, "u", "x")] * 10 + [(181, "u", "x")])
    assert found["events_change_30d"] == pytest.approx(math.log(4) - math.log(3))
    assert found["users_change_30d"] == pytest.approx(math.log(2) - math.log(1.2))


def test_slope_is_that_of_least_squares():
    counts = [5, 0, 2, 7, 1, 4]  # newest first
    rows = [(30 * period + 15, "u", "x") for period, count in enumerate(counts) for _ in range(count)] + [
        (200, "u", "x")
    ]
    slope = np.polyfit(np.arange(6), np.log1p(counts[::-1]), 1)[0]
    assert built(rows)["events_slope_180d"] == pytest.approx(slope)


@pytest.mark.parametrize(("first", "known"), [(179, False), (180, True)])
def test_change_is_missing_without_a_baseline(first, known):
    found = built([(1, "u", "x"), (first, "u", "x")])
    trends = [found[name] for name in ("events_change_30d", "users_change_30d", "events_slope_180d")]
    assert [not math.isnan(value) for value in trends] == [known] * 3


def test_logins_and_seats():
    rows = [(1, "u", "login"), (1, "u", "login"), (3, "v", "login"), (4, "w", "x"), (31, "z", "login")]
    found = built(rows, seats=8)
    assert (found["logins_count_30d"], found["logins_days_30d"], found["logins_rate_30d"]) == (3, 2, 0.25)
    assert found["seats_utilisation_30d"] == 3 / 8
    assert found["logins_frequency_30d"] == pytest.approx(3 / 3 / (30 / 7))


def test_totals_name_their_users():
    """Two rows name 4 and 2 users, one names none; eight seats."""
    held = {"account_id": ["a"] * 3, "event_at": np.array([AS_OF - 1, AS_OF - 2, AS_OF - 2], "datetime64[D]")}
    batch = pa.record_batch(held | {"active_users": pa.array([4.0, 2.0, None])})
    state = reduce_usage([batch], ["a", "b"], Clock())
    found = UsageBuilder().compute(state, np.array([0, 1]), np.full(2, AS_OF), np.full(2, 8.0))
    np.testing.assert_equal(found["usage_active_users_mean_30d"], [3.0, math.nan])
    np.testing.assert_equal(found["usage_seats_active_share_30d"], [3 / 8, math.nan])


@pytest.mark.parametrize("seats", [math.nan, 0])
def test_shares_of_unknown_seats_are_missing(seats):
    found = built([(1, "u", "login")], seats=seats)
    assert math.isnan(found["seats_utilisation_30d"])
    assert math.isnan(found["logins_rate_30d"])


def test_an_account_never_seen_counts_zero():
    found = built([(1, "u", "login")], account=1, seats=5)
    missing = {name for name, value in found.items() if math.isnan(value)}
    assert missing == {
        "events_recency", "events_slope_180d", "events_change_30d", "users_change_30d", "logins_frequency_30d",
    }  # fmt: skip
    assert {value for name, value in found.items() if name not in missing} == {0}


@pytest.mark.parametrize("columns", [(), ("user_id",), ("event",), ("feature", "quantity"), ("user_id", "event")])
def test_described_features_are_those_made(columns):
    names = [feature.name.removeprefix("usage_") for feature in UsageBuilder().features(columns)]
    assert [*built([(1, "u", "login")], columns=columns)] == names
    assert ("users_distinct_30d" in names) == ("user_id" in columns)
    assert ("logins_rate_30d" in names) == ({"user_id", "event"} <= set(columns))


def test_features_describe_themselves():
    for feature in UsageBuilder(windows=(7, 365)).features(["user_id", "event", "feature", "quantity"]):
        for sentence in (feature.sentence_en, feature.sentence_ja):
            assert "{value}" in sentence
            assert "{typical}" in sentence
        assert "#" not in f"{feature}"
        assert feature.label_en.isascii()
        assert not feature.label_ja.isascii()
        assert feature.direction in (-1, 1)


def test_a_bucket_brings_seats():
    lines = {"account_id": ["a", "a"], "start_at": ["2026-01-01", "2026-06-30"], "end_at": ["2027-01-01"] * 2}
    contracts = pd.DataFrame(lines).assign(known_at=["2026-01-01", "2026-07-01"], seats=[10.0, 90.0])
    contracts = contracts.astype(dict.fromkeys(["start_at", "end_at", "known_at"], "datetime64[us]"))
    keys = pd.MultiIndex.from_tuples([("a", pd.Timestamp("2026-07-01"))], names=["account_id", "as_of"])
    bucket = Bucket(np.array(["a", "b"], dtype=object), {"contracts": contracts}, state_of([(1, "u", "x")]))
    X = UsageBuilder().build(bucket, keys)
    assert X["usage_seats_utilisation_30d"].tolist() == [0.1]
    assert X.index.equals(keys)
    assert "usage_seats_utilisation_30d" not in UsageBuilder(seats=False).build(bucket, keys)

"""Every feature of usage beside the first 24, held against plain loops over random rows: late, twice, missing, tied."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from math import log1p

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from builders import keys
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.features.entitlements import EntitlementsBuilder
from cs_ml.features.usage_breadth import BreadthBuilder
from cs_ml.features.usage_features import FeatureUsageBuilder, slug
from cs_ml.features.usage_habits import HabitsBuilder
from cs_ml.features.usage_roles import ROLES, RoleUsageBuilder
from cs_ml.features.utilisation import LEVELS, Threshold, UtilisationBuilder
from cs_ml.timeline import Clock

START = pd.Timestamp("2026-01-01")  # a Thursday
ACCOUNTS = np.array(["a", "b", "never"], dtype=object)
NAMES = ("Export", "f", "nobody's")
ORACLE = settings(max_examples=80, deadline=None)
# days near the boundaries of windows that end on day 200, and whatever else
DAY = st.one_of(st.integers(0, 205), st.sampled_from([18, 20, 80, 110, 170, 199, 200]), st.integers(165, 200))
EVENT = st.fixed_dictionaries(
    {
        "account_id": st.sampled_from(["a", "a", "b"]),
        "day": DAY,
        "hour": st.sampled_from([0, 8, 9, 17, 18]),
        "lag": st.sampled_from([None, 0, 0, 0, 1, 7, 60]),
        "user_id": st.sampled_from(["u", "v", "a user with a long id", None]),
        "feature": st.sampled_from(["Export", "f", "other", None]),
        "quantity": st.sampled_from([None, 1.0, 0.1, 250.0, -3.0]),
    }
)
MOMENT = st.none() | st.sampled_from([0, 59, 60, 199, 200, 250])  # dates are the days 0, 60, 200, 290
PERSON = st.fixed_dictionaries(
    {
        "account_id": st.sampled_from(["a", "b"]),
        "user_id": st.sampled_from(["u", "v", "a user with a long id", "never seen", None]),
        "role": st.sampled_from(["champion", *ROLES, "other", None]),
        "known_at": MOMENT,
        "active_from": MOMENT,
    }
)
RIGHT = st.fixed_dictionaries(
    {
        "account_id": st.sampled_from(["a", "b"]),
        "feature": st.sampled_from(["Export", "f", "unused", None]),
        "valid_from": MOMENT,
        "valid_to": MOMENT,
        "known_at": MOMENT,
        "valid_to_known_at": MOMENT,
    }
)
TOLD_LATE = dict.fromkeys(["valid_from", "known_at"]) | {
    "account_id": "a", "feature": "f", "valid_to": 59, "valid_to_known_at": 250,
}  # fmt: skip
EVENTS = st.lists(EVENT, max_size=30)
KEYS = keys(
    *[(account, str((START + timedelta(days=day)).date())) for account in ACCOUNTS for day in (0, 60, 200, 290)]
)


def instants(days) -> pd.Series:
    return pd.Series([None if day is None else START + timedelta(days=day) for day in days], dtype="datetime64[us]")


def bucket_of(events, people=(), rights=()) -> Bucket:
    at = instants([row["day"] for row in events]) + pd.to_timedelta([row["hour"] for row in events], unit="h")
    lag = pd.to_timedelta([row["lag"] for row in events], unit="D")
    held = {"user_id": pa.string(), "feature": pa.string(), "quantity": pa.float64(), "account_id": pa.string()}
    columns = {name: pa.array([row[name] for row in events], kind) for name, kind in held.items()}
    batch = pa.record_batch(columns | {"event_at": pa.array(at), "known_at": pa.array(at + lag)})
    state = reduce_usage([batch], ACCOUNTS.tolist(), Clock(), top_features=NAMES, business_hours=True)
    return Bucket(
        ACCOUNTS, {"users": framed(people, PERSON_COLUMNS), "entitlements": framed(rights, RIGHT_COLUMNS)}, state
    )


PERSON_COLUMNS = {"account_id": 0, "user_id": 0, "role": 0, "known_at": 1, "active_from": 1}
RIGHT_COLUMNS = {"account_id": 0, "feature": 0, "valid_from": 1, "valid_to": 1, "known_at": 1, "valid_to_known_at": 1}


def framed(rows, columns) -> pd.DataFrame:
    held = {name: [row[name] for row in rows] for name in columns}
    return pd.DataFrame(
        {name: instants(held[name]) if columns[name] else pd.Series(held[name], dtype=object) for name in held}
    )


def known(events, account, as_of) -> list[dict]:
    return [
        row for row in events
        if row["account_id"] == account and row["day"] < as_of and row["day"] + (row["lag"] or 0) < as_of
    ]  # fmt: skip


def assert_is(builder, bucket, by_hand) -> None:
    """Compare every column of every key with what a plain loop finds."""
    X = builder.build(bucket, KEYS)
    columns = ["user_id", "feature", "quantity"]
    assert list(X.columns) == [feature.name for feature in builder.features(columns)]
    for (account, date), row in zip(KEYS, X.to_dict("records"), strict=True):
        wanted = by_hand(account, (date - START).days)
        assert row.keys() == wanted.keys()
        for name, value in wanted.items():
            found = row[name]
            if isinstance(value, str) or value is None:
                assert found == value or (value is None and pd.isna(found)), (name, account, date)
            else:
                assert found == pytest.approx(value, rel=1e-12, abs=1e-12, nan_ok=True), (name, account, date)


def share(part, whole) -> float:
    return part / whole if whole else np.nan


@ORACLE
@given(EVENTS)
def test_oracle_single_features(events):
    def by_hand(account, as_of):
        own, found = known(events, account, as_of), {}
        observed = bool(own) and as_of - min(row["day"] for row in own) >= 180
        for name in NAMES:
            for measure in ("", "quantity_"):

                def total(window, name=name, measure=measure):
                    inside = [row for row in own if row["feature"] == name and row["day"] >= as_of - window]
                    return sum(round((row["quantity"] or 0) * 1e6) for row in inside) / 1e6 if measure else len(inside)

                for window in (30, 90):
                    found[f"usage_feature_{slug(name)}_{measure or 'count_'}{window}d"] = total(window)
                before, last = (total(180) - total(30)) / 5, total(30)
                usable = observed and before > -1e-9 and last >= 0
                change = log1p(last) - log1p(max(before, 0)) if usable else np.nan
                found[f"usage_feature_{slug(name)}_{measure}change_30d"] = change
        order = [
            feature.name for feature in FeatureUsageBuilder(NAMES, quantities=True).features(["feature", "quantity"])
        ]
        return {name: found[name] for name in order}

    assert_is(FeatureUsageBuilder(NAMES, quantities=True), bucket_of(events), by_hand)


@ORACLE
@given(EVENTS)
def test_oracle_breadth(events):
    def by_hand(account, as_of):
        own = known(events, account, as_of)
        days = {name: [row["day"] for row in own if row["feature"] == name] for name in ("Export", "f", "other")}
        days = {name: held for name, held in days.items() if held}
        first = {name: as_of - min(held) for name, held in days.items()}
        visits = {(row["user_id"], row["day"]) for row in own if row["user_id"] and row["day"] >= as_of - 30}
        users = [user for user, _ in visits]
        return {
            "usage_features_ever_count": len(days),
            "usage_features_share_30d": share(sum(max(held) >= as_of - 30 for held in days.values()), len(days)),
            "usage_features_new_count_30d": sum(age <= 30 for age in first.values()),
            "usage_features_new_count_90d": sum(age <= 90 for age in first.values()),
            "usage_features_new_recency": min(first.values(), default=np.nan),
            "usage_users_top_share_30d": share(max(map(users.count, users), default=0), len(users)),
        }

    assert_is(BreadthBuilder(), bucket_of(events), by_hand)


def level_shift(weekly) -> tuple[float, float]:
    """Try every cut in whole numbers, the later one first where two are equal."""
    n, best, cut = len(weekly), 0, None
    for at in range(1, n):
        gain = (sum(weekly[:at]) * (n - at) - sum(weekly[at:]) * at) ** 2 * 10**12 // (at * (n - at))
        if gain > 0 and gain >= best:
            best, cut = gain, at
    if cut is None:
        return 0.0, np.nan
    return sum(weekly[cut:]) / (n - cut) - sum(weekly[:cut]) / cut, 7 * (n - cut)


@ORACLE
@given(EVENTS)
def test_oracle_habits(events):
    def by_hand(account, as_of):
        own, found = known(events, account, as_of), {}
        workday = [row for row in own if (START + timedelta(days=row["day"])).weekday() < 5]
        opened = [row for row in workday if 9 <= row["hour"] < 18]
        for name, part in (("weekdays", workday), ("business_hours", opened)):
            for window in (30, 90):
                counts = [sum(row["day"] >= as_of - window for row in rows) for rows in (part, own)]
                found[f"usage_{name}_share_{window}d"] = share(*counts)
        ever = [as_of - row["day"] for row in own]
        found["usage_silence_share"] = min(ever) / max(ever) if ever else np.nan
        days = sorted({row["day"] for row in own if row["day"] >= as_of - 180})
        gaps = [later - day for day, later in pairwise(days)]
        found["usage_gap_longest_180d"] = max(gaps, default=np.nan)
        found["usage_gap_mean_180d"] = mean = share(sum(gaps), len(gaps))
        found["usage_gap_current_ratio_180d"] = (as_of - days[-1]) / mean if gaps else np.nan
        observed = bool(own) and as_of - min(row["day"] for row in own) >= 182
        begins = [as_of - 182 + 7 * week for week in range(26)]
        weekly = [len({row["day"] for row in own if begin <= row["day"] < begin + 7}) for begin in begins]
        moved = level_shift(weekly) if observed else (np.nan, np.nan)
        return found | {"usage_days_shift_182d": moved[0], "usage_days_shift_recency": moved[1]}

    assert_is(HabitsBuilder(business_hours=True), bucket_of(events), by_hand)


def test_silence_is_the_time_since_the_last_use_by_that_since_the_first():
    def event(day, lag):
        return {"account_id": "a", "day": day, "hour": 0, "lag": lag, "user_id": None, "feature": None, "quantity": 1.0}

    X = HabitsBuilder().build(bucket_of([event(20, 0), event(50, 0), event(180, 60)]), KEYS)
    found = X["usage_silence_share"].to_numpy()
    # known before day 60: days 20 and 50; before day 200 still those; before day 290 day 180 too, told on day 240
    np.testing.assert_array_equal(found[:4], [np.nan, 10 / 40, 150 / 180, 110 / 270])
    assert np.isnan(found[4:]).all()


@ORACLE
@given(EVENTS, st.lists(PERSON, max_size=8))
def test_oracle_roles(events, people):
    def by_hand(account, as_of):
        own, found = known(events, account, as_of), {}
        for role in ROLES:
            having = {
                row["user_id"] for row in people
                if row["account_id"] == account and row["role"] == role and row["user_id"] is not None
                and all(row[name] is None or row[name] < as_of for name in ("known_at", "active_from"))
            }  # fmt: skip
            seen = [row for row in own if row["user_id"] in having]
            for window in (30, 90):
                inside = {row["user_id"] for row in seen if row["day"] >= as_of - window}
                found[f"usage_{role}_distinct_{window}d"] = len(inside)
            found[f"usage_{role}_recency"] = as_of - max((row["day"] for row in seen), default=np.nan)
        return found

    assert_is(RoleUsageBuilder(), bucket_of(events, people), by_hand)


@ORACLE
@given(EVENTS, st.lists(RIGHT, max_size=8))
@example([], [TOLD_LATE])
def test_oracle_entitlements(events, rights):
    def by_hand(account, as_of):
        own = known(events, account, as_of)
        entitled = set()
        for row in rights:
            told = row["valid_to"] if row["valid_to_known_at"] is None else row["valid_to_known_at"]
            over = row["valid_to"] is not None and row["valid_to"] < as_of and told < as_of
            begun = all(row[name] is None or row[name] < as_of for name in ("valid_from", "known_at"))
            if row["account_id"] == account and row["feature"] and begun and not over:
                entitled.add(row["feature"])
        used = {w: {row["feature"] for row in own if row["day"] >= as_of - w} & entitled for w in (30, 90, 9999)}
        return {
            "entitlements_features_count": len(entitled),
            "entitlements_used_share_30d": share(len(used[30]), len(entitled)),
            "entitlements_used_share_90d": share(len(used[90]), len(entitled)),
            "entitlements_never_used_count": len(entitled) - len(used[9999]) if entitled else np.nan,
        }

    assert_is(EntitlementsBuilder(), bucket_of(events, (), rights), by_hand)


@ORACLE
@given(EVENTS)
def test_oracle_utilisation(events):
    builder = UtilisationBuilder(Threshold(1), Threshold(2, 1, 1), Threshold(3, 2, 2))

    def level(account, as_of):
        own = [row for row in known(events, account, as_of) if row["day"] >= as_of - 30]
        sizes = [len({row[name] for row in own} - {None}) for name in ("day", "user_id", "feature")]
        for rank, least in ((3, (3, 2, 2)), (2, (2, 1, 1)), (1, (1, 0, 0))):
            if all(size >= number for size, number in zip(sizes, least, strict=True)):
                return rank
        return 0

    def by_hand(account, as_of):
        now, then = level(account, as_of), level(account, as_of - 90)
        seen = bool(known(events, account, as_of - 90))
        return {
            "usage_level_current": LEVELS[now],
            "usage_level_previous_90d": LEVELS[then] if seen else None,
            "usage_level_change_90d": now - then if seen else np.nan,
            "usage_level_move_90d": ("down", "same", "up")[int(np.sign(now - then)) + 1] if seen else None,
        }

    assert_is(builder, bucket_of(events), by_hand)

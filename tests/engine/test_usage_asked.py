"""What the state keeps besides: names, users' ids, days of chosen features, business hours."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from usage_cases import ACCOUNTS, FIRST, ZONES, assert_equal, batch_of, dates, tables, windows_of

from cs_ml.engine.usage_columns import business_hours
from cs_ml.engine.usage_keys import words_of
from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.engine.usage_state import UsageState
from cs_ml.timeline.clock import Clock

NAMES = ("g", "f", "absent")


def seen_features(state: UsageState) -> set[tuple[int, str]]:
    features = state.features
    return {(int(at), state.feature_names[code]) for at, code in zip(features.groups(), features.code, strict=True)}


@settings(max_examples=60, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_members_know_their_names_whatever_the_order(rows, random):
    known = [row for row in rows if row["account_id"] in ACCOUNTS]
    state = reduce_usage([batch_of(random.sample(rows, len(rows)))], ACCOUNTS, Clock())
    assert list(state.feature_names) == sorted({row["feature"] for row in known} - {None})
    used = {(ACCOUNTS.index(row["account_id"]), row["feature"]) for row in known if row["feature"]}
    assert seen_features(state) == used
    active = {(ACCOUNTS.index(row["account_id"]), row["user_id"]) for row in known if row["user_id"] is not None}
    ids = sorted({user for _, user in active})
    words = words_of(pa.array([*ids, "a user with a longer id"]))[: len(ids)]
    of_user = {key.tobytes().rstrip(b"\0"): user for key, user in zip(words, ids, strict=True)}
    found = {
        (int(at), of_user[key.tobytes().rstrip(b"\0")])
        for at, key in zip(state.users.groups(), state.users.code, strict=True)
    }
    assert found == active


@settings(max_examples=60, deadline=None)
@given(tables, dates, st.integers(0, len(ACCOUNTS)))
def test_a_chosen_feature_is_the_usage_that_has_it(rows, keys, cut):
    state = reduce_usage([batch_of(rows)], ACCOUNTS, Clock(), top_features=NAMES)
    assert tuple(state.top) == NAMES
    for name in NAMES:
        own = reduce_usage([batch_of([row for row in rows if row["feature"] == name], ())], ACCOUNTS, Clock())
        got = windows_of(UsageState(state.top[name], first_day=state.first_day, last_day=state.last_day), keys)
        with_lag = batch_of([row for row in rows if row["feature"] == name], ("known_at", "quantity"))
        wanted = windows_of(reduce_usage([with_lag], ACCOUNTS, Clock()), keys)
        assert_equal({key: got[key] for key in wanted}, wanted)
        assert own.n_rows == state.top[name].values["rows"].sum() + state.top[name].late_values["rows"].sum()
    part = state.accounts(cut, len(ACCOUNTS))
    for name in NAMES:
        assert part.top[name].values["rows"].sum() <= state.top[name].values["rows"].sum()
        assert len(part.top[name].members) == len(ACCOUNTS) - cut + 1


def test_integers_name_features_too():
    at = pa.array(np.array([FIRST] * 3, dtype="datetime64[D]"))
    batch = pa.record_batch({"account_id": ["a", "a", "a"], "event_at": at, "feature": pa.array([30, 7, None])})
    state = reduce_usage([batch], ["a"], Clock(), top_features=("x", "7"))
    assert state.feature_names == ("30", "7")
    assert [days.values["rows"].tolist() for days in state.top.values()] == [[], [1]]


def test_what_is_not_asked_for_is_not_kept():
    rows = [
        {"account_id": "a", "hour": 3, "lag_hours": 0, "user_id": "u", "feature": "f", "event": None, "quantity": 1}
    ]
    state = reduce_usage([batch_of(rows)], ACCOUNTS, Clock())
    assert (state.top, state.has("business")) == ({}, False)
    assert reduce_usage([batch_of(rows, ())], ACCOUNTS, Clock(), top_features=("f",)).top == {}


@pytest.mark.parametrize("zone", [*ZONES, "Africa/Monrovia"])
@pytest.mark.parametrize("step", [61, 20011])
def test_business_hours_are_those_of_the_wall_clock(zone, step):
    start = np.datetime64("1971-12-25" if zone == "Africa/Monrovia" else "2026-03-20", "s")
    moments = start + np.arange(0, 20 * 86400, step).astype("timedelta64[s]")
    local = [moment.astype(datetime).replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)) for moment in moments]
    wanted = [at.weekday() < 5 and 9 <= at.hour < 18 for at in local]
    assert business_hours(pa.array(moments), Clock(zone)).tolist() == wanted


@settings(max_examples=40, deadline=None)
@given(tables, st.sampled_from(ZONES))
def test_events_in_business_hours_are_summed_by_day(rows, zone):
    batch = batch_of(rows)
    state = reduce_usage([batch], ACCOUNTS, Clock(zone), business_hours=True)
    known = [row["account_id"] in ACCOUNTS for row in rows]
    wanted = business_hours(batch["event_at"], Clock(zone))[known].sum()
    assert state.days.values["business"].sum() + state.days.late_values["business"].sum() == wanted

"""Usage by period against plain loops: long periods, shared users, accounts that count under another."""

import numpy as np
import pandas as pd
import pytest

from cs_ml.tables import open_tables
from cs_ml.timeline.period_usage import UsageByPeriod
from cs_ml.timeline.periods import make_periods

OWNER = {"a": 0, "b": 1, "c": 1}  # c counts under b


def usage(n=900, seed=0):
    rng = np.random.default_rng(seed)
    at = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 400 * 24, n), unit="h")
    return pd.DataFrame({
        "account_id": rng.choice(["a", "b", "c"], n), "event_at": at, "user_id": rng.choice(["u", "v", "w", None], n),
        "event": rng.choice(["login", "view"], n, p=[0.1, 0.9]), "feature": rng.choice(["x", "y", None], n),
        "quantity": rng.integers(0, 9, n) / 8,
    })  # fmt: skip


def reader(rows, every):
    accounts = pd.DataFrame({"account_id": ["a", "b", "c"]})
    tables = open_tables({"accounts": accounts, "usage": rows}, data_end="2026-03-01")
    periods = make_periods("2025-01-01", "2026-01-01", every)
    return UsageByPeriod(tables, periods, OWNER, ["login"]), periods


def cells(rows, periods):
    dates = periods.dates()
    for place, (start, end) in enumerate(zip(dates["period_start"], dates["period_end"], strict=True)):
        inside = rows[(rows["event_at"] >= start) & (rows["event_at"] < end)]
        for owner, part in inside.groupby(inside["account_id"].map(OWNER)):
            yield (owner, place), part


@pytest.mark.parametrize("every", ["month", "quarter", "year"])
def test_sums_are_those_of_a_loop(every):
    rows = usage()
    found, periods = reader(rows, every)
    got = found.sums().set_index(["account", "period"]).sort_index()
    expected = {}
    for key, part in cells(rows, periods):
        logins, day = part[part["event"] == "login"], part["event_at"].dt.normalize()
        expected[key] = {
            "events": len(part), "logins": len(logins), "quantity": part["quantity"].sum(),
            "users": part["user_id"].nunique(), "login_users": logins["user_id"].nunique(), "days": day.nunique(),
            "login_days": day[logins.index].nunique(),
        }  # fmt: skip
    table = pd.DataFrame.from_dict(expected, orient="index").sort_index().astype(float)
    assert got.to_numpy().tolist() == table[list(got)].to_numpy().tolist()
    assert list(got.index) == list(table.index)


def test_features_are_those_of_a_loop_and_of_the_users_asked_for():
    rows = usage()
    found, periods = reader(rows, "quarter")
    names = found.feature_names
    parts = list(cells(rows, periods))
    used = {(*key, name) for key, part in parts for name in part["feature"].dropna()}
    assert {(a, p, names[c]) for a, p, c in found.features()[["account", "period", "code"]].to_numpy()} == used
    asked = pd.DataFrame({"user_id": ["u", "u", "nobody"], "period": [0, 2, 1]})
    told = {
        (*key, name)
        for key, part in parts
        if key[1] in (0, 2)
        for name in part[part["user_id"] == "u"]["feature"].dropna()
    }
    by_user = found.user_features(asked)
    assert set(by_user["user_id"]) == {"u"}
    assert {(a, p, names[c]) for a, p, c in by_user[["account", "period", "code"]].to_numpy()} == told


def test_large_quantities_add_up():
    rows = pd.DataFrame({"account_id": ["a"] * 2, "event_at": ["2025-02-01"] * 2, "quantity": [2e12, 0.5]})
    assert reader(rows, "year")[0].sums()["quantity"].tolist() == [2e12 + 0.5]

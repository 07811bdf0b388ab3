"""Random rows of usage, the same questions answered by plain loops, and the state asked for them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from cs_ml.engine.usage_state import UsageState
from cs_ml.engine.usage_windows import usage_windows

ACCOUNTS = ["a", "b", "never", "with a much longer id"]
WINDOWS = (1, 3, 7, 30)
FIRST = int(np.datetime64("2026-03-01", "D").astype(int))  # clocks change in the zones below within the next 60 days
ZONES = ["UTC", "Asia/Tokyo", "Europe/Berlin", "America/Santiago", "Asia/Kathmandu"]
HOUR = 3600 * 10**6

events = st.fixed_dictionaries(
    {
        "account_id": st.sampled_from([*ACCOUNTS[:2], ACCOUNTS[3], "unknown"]),
        "hour": st.integers(0, 24 * 40),
        "lag_hours": st.sampled_from([None, 0, 0, 1, 20, 24, 26, 24 * 9]),
        "user_id": st.sampled_from(["u", "v", "a user with a longer id", "", None]),
        "feature": st.sampled_from(["f", "g", None]),
        "event": st.sampled_from(["login", "click", None]),
        "quantity": st.one_of(st.none(), st.integers(-(10**7), 10**7).map(lambda units: units / 1000)),
        "active_users": st.sampled_from([None, 0, 1, 2.5, 40]),
    }
)
tables = st.lists(events, max_size=40)
dates = st.lists(st.tuples(st.integers(0, len(ACCOUNTS) - 1), st.integers(-5, 90)), min_size=1, max_size=12)


def batch_of(rows, columns=("user_id", "feature", "event", "quantity", "active_users", "known_at")) -> pa.RecordBatch:
    at = np.array([FIRST * 24 * HOUR + row["hour"] * HOUR for row in rows], dtype="datetime64[us]")
    lags = [np.timedelta64("NaT") if row["lag_hours"] is None else row["lag_hours"] * HOUR for row in rows]
    lag = np.array(lags, dtype="timedelta64[us]")
    kinds = {"user_id": pa.string(), "feature": pa.string(), "event": pa.string(), "quantity": pa.float64()}
    kinds["active_users"] = pa.float64()
    arrays = {"account_id": pa.array([row["account_id"] for row in rows], pa.string()), "event_at": pa.array(at)}
    arrays |= {name: pa.array([row.get(name) for row in rows], kind) for name, kind in kinds.items() if name in columns}
    return pa.record_batch(arrays | ({"known_at": pa.array(at + lag)} if "known_at" in columns else {}))


def day_of(row, zone: str, key: str = "event") -> int:
    hours = row["hour"] + ((row["lag_hours"] or 0) if key == "known" else 0)
    moment = np.datetime64("2026-03-01T00", "s") + np.timedelta64(hours, "h")
    local = moment.item().replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
    return int(np.datetime64(local.date(), "D").astype(int))


def by_hand(rows, zone: str, account: str, as_of: int, windows=WINDOWS) -> dict[str, float]:
    own = [(row, day_of(row, zone)) for row in rows if row["account_id"] == account]
    own = [(row, day) for row, day in own if day < as_of and day_of(row, zone, "known") < as_of]
    found = {"events_recency": as_of - max((day for _, day in own), default=np.nan)}
    found["events_age"] = as_of - min((day for _, day in own), default=np.nan)
    for window in windows:
        inside = [(row, day) for row, day in own if day >= as_of - window]
        logins = [(row, day) for row, day in inside if row["event"] == "login"]
        found |= {
            f"events_count_{window}d": len(inside),
            f"quantity_sum_{window}d": sum(round((row["quantity"] or 0) * 10**6) for row, _ in inside) / 10**6,
            f"active_users_sum_{window}d": sum(row["active_users"] or 0 for row, _ in inside),
            f"active_rows_count_{window}d": sum(row["active_users"] is not None for row, _ in inside),
            f"days_distinct_{window}d": len({day for _, day in inside}),
            f"users_distinct_{window}d": len({row["user_id"] for row, _ in inside} - {None}),
            f"features_distinct_{window}d": len({row["feature"] for row, _ in inside} - {None}),
            f"logins_count_{window}d": len(logins),
            f"logins_days_{window}d": len({day for _, day in logins}),
            f"logins_users_{window}d": len({row["user_id"] for row, _ in logins} - {None}),
        }
    for period in range(3):
        inside = [row for row, day in own if as_of - 10 * (period + 1) <= day < as_of - 10 * period]
        found[f"events_period_{period}"] = len(inside)
        found[f"users_period_{period}"] = len({row["user_id"] for row in inside} - {None})
    return found


def windows_of(state: UsageState, keys, **options) -> dict[str, np.ndarray]:
    codes, days = np.array(keys).T
    return usage_windows(state, codes, days + FIRST, WINDOWS, periods=3, period_days=10, **options)


def assert_equal(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> None:
    assert left.keys() == right.keys()
    for name, values in left.items():
        np.testing.assert_array_equal(values, right[name], err_msg=name)

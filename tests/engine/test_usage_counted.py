"""Counting usage beforehand changes nothing that the reduction gives."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.engine.usage_counted import COUNTED, counted
from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.errors import TableError
from cs_ml.timeline.clock import Clock

ACCOUNTS = ["a", "b", "c"]
LOGINS = frozenset({"login", "sso"})
COUNTING = {"login_events": LOGINS, "business_hours": True}
OPTIONS = {**COUNTING, "top_features": ["g", "f"]}
HOURS = st.integers(0, 24 * 9).map(lambda hour: np.datetime64("2026-03-25", "us") + np.timedelta64(hour, "h"))
ROWS = st.lists(
    st.tuples(
        st.sampled_from([*ACCOUNTS, "z"]), HOURS, st.none() | HOURS, st.sampled_from(["u", "v", None]),
        st.sampled_from(["f", "g", None]), st.sampled_from(["login", "sso", "click", None]),
        st.none() | st.floats(-5, 5), st.none() | st.integers(0, 9).map(float),
    ), min_size=1, max_size=40,
)  # fmt: skip


def batch_of(rows: list[tuple]) -> pa.RecordBatch:
    names = ["account_id", "event_at", "known_at", "user_id", "feature", "event", "quantity", "active_users"]
    text, at = pa.string(), pa.timestamp("us")
    types = [text, at, at, text, text, text, pa.float64(), pa.float64()]
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), types, strict=True)]
    return pa.record_batch(columns, names=names)


def as_counts(state) -> dict[str, dict]:
    """Return a state with members by what is known of them, since their codes have no order."""
    found = {"span": (state.first_day, state.last_day, state.n_rows)}
    parts = {name: getattr(state, name) for name in ("days", "users", "features", "logins")}
    for name, days in {**parts, **state.top}.items():
        account = np.repeat(days.groups(), np.diff(days.starts))
        late = days.groups()[days.late_member] if len(days.late_member) else np.empty(0, int)
        values = [days.values[value].tolist() for value in sorted(days.values)]
        late_values = [days.late_values[value].tolist() for value in sorted(days.late_values)]
        found[name] = (
            sorted(zip(account.tolist(), days.day.tolist(), *values, strict=True)),
            sorted(zip(late.tolist(), days.late_day.tolist(), days.late_known.tolist(), *late_values, strict=True)),
            sorted(zip(days.groups().tolist(), np.diff(days.starts).tolist(), strict=True)),
        )
    return found


@given(ROWS, st.sampled_from(["UTC", "Asia/Tokyo", "Asia/Kathmandu", "Europe/Berlin"]), st.integers(1, 4))
def test_the_reduction_of_counted_rows_is_that_of_the_rows(rows, zone, pieces):
    clock, batch = Clock(zone), batch_of(rows)
    step = -(-len(rows) // pieces)
    parts = [counted(batch.slice(start, step), clock, **COUNTING) for start in range(0, len(rows), step)]
    again = [part for table in parts for part in table.to_batches()]
    found, wanted = (reduce_usage(source, ACCOUNTS, clock, **OPTIONS) for source in (again, [batch]))
    assert as_counts(found) == as_counts(wanted)


def test_rows_that_agree_in_all_that_counts_become_one():
    day = [np.datetime64("2026-01-05T10", "us"), np.datetime64("2026-01-05T23", "us")]
    rows = [("a", day[0], day[1], "u", "f", "click", 0.1, 3.0), ("a", day[1], day[1], "u", "f", "open", 0.2, None)]
    (row,) = counted(batch_of(rows), Clock(), **COUNTING).to_pylist()
    assert list(row) == list(COUNTED)
    assert (row["known_at"], row["event"], row["rows"], row["units"]) == (None, None, 2, 300_000)
    assert (row["actives"], row["active_rows"]) == (3_000_000, 1)


def test_only_columns_that_are_there_are_counted():
    batch = batch_of([("a", np.datetime64("2026-01-05", "us"), None, "u", None, None, 1.0, 1.0)])
    assert counted(batch.select(["event_at", "account_id"]), Clock()).column_names == [
        "account_id", "event_at", "rows",
    ]  # fmt: skip


def test_what_cannot_be_counted_is_told():
    with pytest.raises(TableError, match="event_at"):
        counted(batch_of([("a", None, None, "u", None, None, 1.0, 1.0)]), Clock(), **COUNTING)

"""The reduction of usage to days and the windows over it: equal to plain loops and to SQL, whatever the order."""

from __future__ import annotations

import pickle
import sqlite3
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from usage_cases import (
    ACCOUNTS,
    FIRST,
    HOUR,
    WINDOWS,
    ZONES,
    assert_equal,
    batch_of,
    by_hand,
    dates,
    day_of,
    tables,
    windows_of,
)

from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.engine.usage_state import UsageState
from cs_ml.engine.usage_windows import usage_windows
from cs_ml.errors import FrameError, TableError
from cs_ml.timeline.clock import Clock


@settings(max_examples=150, deadline=None)
@given(tables, dates, st.sampled_from(ZONES))
def test_equals_plain_loops(rows, keys, zone):
    found = windows_of(reduce_usage([batch_of(rows)], ACCOUNTS, Clock(zone)), keys)
    for position, (code, day) in enumerate(keys):
        wanted = by_hand(rows, zone, ACCOUNTS[code], day + FIRST)
        np.testing.assert_equal({name: values[position] for name, values in found.items()}, wanted)


@settings(max_examples=40, deadline=None)
@given(tables, st.lists(st.integers(-5, 90), min_size=1, max_size=5, unique=True))
def test_equals_sql_on_a_calendar(rows, days):
    """Every account on the same dates, which takes the shorter path."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE usage (account, day, known, user, feature, event, units)")
    lines = [
        (row["account_id"], day_of(row, "UTC"), day_of(row, "UTC", "known"), row["user_id"], row["feature"],
         row["event"], round((row["quantity"] or 0) * 10**6)) for row in rows
    ]  # fmt: skip
    database.executemany("INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?)", lines)
    keys = [(code, day) for code in range(len(ACCOUNTS)) for day in sorted(days)]
    found = windows_of(reduce_usage([batch_of(rows)], ACCOUNTS, Clock()), keys)
    sql = """SELECT count(*), count(DISTINCT user), count(DISTINCT feature), count(DISTINCT day),
        coalesce(sum(units), 0), count(*) FILTER (WHERE event = 'login') FROM usage
        WHERE account = ? AND day >= ? AND day < ? AND known < ?"""
    names = ["events_count", "users_distinct", "features_distinct", "days_distinct", "quantity_sum", "logins_count"]
    for position, (code, day) in enumerate(keys):
        for window in WINDOWS:
            as_of = day + FIRST
            (wanted,) = database.execute(sql, (ACCOUNTS[code], as_of - window, as_of, as_of))
            got = [found[f"{name}_{window}d"][position] for name in names]
            assert got == [*wanted[:4], wanted[4] / 10**6, wanted[5]]


@settings(max_examples=60, deadline=None)
@given(tables, dates)
def test_the_future_changes_nothing(rows, keys):
    before = windows_of(reduce_usage([batch_of(rows)], ACCOUNTS, Clock()), keys)
    for position, (_, day) in enumerate(keys):
        past = [row for row in rows if row["hour"] + (row["lag_hours"] or 0) < 24 * day]
        found = windows_of(reduce_usage([batch_of(past)], ACCOUNTS, Clock()), keys)
        for name, values in before.items():
            np.testing.assert_array_equal(found[name][position], values[position], err_msg=name)


@settings(max_examples=60, deadline=None)
@given(tables, dates, st.randoms(use_true_random=False), st.lists(st.integers(0, 40), max_size=4))
def test_order_and_batches_change_nothing(rows, keys, random, cuts):
    at_once = windows_of(reduce_usage([batch_of(rows)], ACCOUNTS, Clock()), keys)
    shuffled = random.sample(rows, len(rows))
    edges = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    batches = [batch_of(shuffled)] if len(edges) < 2 else [
        batch_of(shuffled[low:high]) for low, high in pairwise(edges)
    ]  # fmt: skip
    assert_equal(at_once, windows_of(reduce_usage(batches, ACCOUNTS, Clock()), keys))


@settings(max_examples=40, deadline=None)
@given(tables, dates, st.integers(0, len(ACCOUNTS)))
def test_ranges_of_accounts_equal_the_whole(rows, keys, cut):
    state = reduce_usage([batch_of(rows)], ACCOUNTS, Clock())
    whole = windows_of(state, keys)
    for low, high in ((0, cut), (cut, len(ACCOUNTS))):
        inside = [position for position, (code, _) in enumerate(keys) if low <= code < high]
        part = state.accounts(low, high)
        assert part.n_rows == sum(
            low <= ACCOUNTS.index(row["account_id"]) < high for row in rows if row["account_id"] in ACCOUNTS
        )
        if inside:
            found = windows_of(part, [(keys[position][0] - low, keys[position][1]) for position in inside])
            assert_equal(found, {name: values[inside] for name, values in whole.items()})


def many(n: int = 3000, seed: int = 1) -> tuple[list[str], pa.RecordBatch]:
    rng = np.random.default_rng(seed)
    accounts = [f"account {number:03d}" for number in range(50)]
    at = (FIRST * 86400 + rng.integers(0, 300 * 86400, n)) * 10**6
    late = rng.choice([0, 0, 0, 1, 5], n) * 24 * HOUR
    columns = {
        "account_id": np.array(accounts)[rng.integers(0, 49, n)], "event_at": at.view("datetime64[us]"),
        "known_at": (at + late).view("datetime64[us]"),
        "user_id": [f"user-{number}" for number in rng.integers(0, 300, n)],
        "feature": [f"feature {number}" for number in rng.integers(0, 9, n)],
        "event": np.array(["login", "click"])[rng.integers(0, 2, n)], "quantity": rng.normal(size=n).round(4) * 100,
    }  # fmt: skip
    return accounts, pa.record_batch({name: pa.array(values) for name, values in columns.items()})


def measured(state: UsageState, threads: int = 1) -> dict[str, np.ndarray]:
    codes, days = np.divmod(np.arange(50 * 12), 12)
    return usage_windows(state, codes, FIRST + days * 30, WINDOWS, periods=2, threads=threads)


def test_threads_and_functions_change_nothing():
    accounts, batch = many()
    one = measured(reduce_usage([batch], accounts, Clock()))
    pieces = [batch.slice(start, 100) for start in range(0, 3000, 100)]
    readers = [lambda piece=piece: iter([piece]) for piece in pieces]
    assert one["users_distinct_30d"].sum() > 0
    assert_equal(one, measured(reduce_usage(iter(pieces), accounts, Clock(), threads=3), threads=2))
    assert_equal(one, measured(reduce_usage(readers, accounts, Clock(), threads=2)))


@pytest.mark.parametrize("cells", [1, 5000])
def test_blocks_of_accounts_change_nothing(monkeypatch, cells):
    accounts, batch = many()
    state = reduce_usage([batch], accounts, Clock())
    whole = measured(state)
    monkeypatch.setattr("cs_ml.engine.usage_windows.CELLS", cells)
    assert_equal(whole, measured(state, threads=2))


def test_merging_early_and_wide_keys_change_nothing(monkeypatch):
    accounts, batch = many()
    state = reduce_usage([batch], accounts, Clock())
    monkeypatch.setattr("cs_ml.engine.usage_pile.MERGE_AT", 50)
    monkeypatch.setattr("cs_ml.engine.usage_pile.WORD", 8)
    pieces = [batch.slice(start, 100) for start in range(0, 3000, 100)]
    assert_equal(measured(state), measured(reduce_usage(pieces, accounts, Clock())))


@pytest.mark.parametrize("kind", ["dictionary", "large_string", "string_view"])
def test_how_text_is_held_changes_nothing(kind):
    accounts, batch = many()
    table = pa.Table.from_batches([batch])
    for position, name in enumerate(table.schema.names):
        if name in ("account_id", "user_id", "feature", "event"):
            column = table[name].dictionary_encode() if kind == "dictionary" else table[name].cast(getattr(pa, kind)())
            table = table.set_column(position, name, column)
    held = [piece.slice(7) for piece in table.to_batches()] + [piece.slice(0, 7) for piece in table.to_batches()]
    assert_equal(measured(reduce_usage([batch], accounts, Clock())), measured(reduce_usage(held, accounts, Clock())))


@pytest.mark.parametrize("kind", [pa.int16(), pa.int64(), pa.uint8(), pa.dictionary(pa.int8(), pa.int32())])
def test_ids_may_be_integers(kind):
    at = pa.array(np.array([FIRST] * 4, dtype="datetime64[D]"))
    ids = pa.array([7, 30, 7, None], pa.int32())
    ids = ids.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else ids.cast(kind)
    state = reduce_usage(
        [pa.record_batch({"account_id": ids, "event_at": at, "user_id": ids})], ["30", "7", "x7"], Clock()
    )
    found = usage_windows(state, np.arange(3), np.full(3, FIRST + 1), [1])
    assert found["events_count_1d"].tolist() == [1, 2, 0]
    assert found["users_distinct_1d"].tolist() == [1, 1, 0]
    assert state.n_ignored == 1


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "Africa/Monrovia"])
def test_units_of_time_change_nothing(unit, zone):
    """Until January 1972 the clocks of Monrovia were 44 minutes and 30 seconds behind: no quarter of an hour."""
    moments = np.arange(np.datetime64("1971-12-20", "s"), np.datetime64("1972-01-20", "s"), np.timedelta64(1799, "s"))
    batch = pa.record_batch(
        {"account_id": ["a"] * len(moments), "event_at": pa.array(moments).cast(pa.timestamp(unit))}
    )
    state = reduce_usage([batch], ["a"], Clock(zone))
    days, counts = np.unique(Clock(zone).day(moments), return_counts=True)
    assert state.days.day.tolist() == days.tolist()
    assert state.days.values["rows"].tolist() == counts.tolist()


def test_a_user_of_two_accounts_counts_in_both():
    at = pa.array(np.array([FIRST] * 3, dtype="datetime64[D]"))
    batch = pa.record_batch({"account_id": ["a", "b", "a"], "event_at": at, "user_id": ["u", "u", "u"]})
    found = usage_windows(reduce_usage([batch], ["a", "b"], Clock()), np.arange(2), np.full(2, FIRST + 1), [1])
    assert found["users_distinct_1d"].tolist() == [1, 1]


def test_quantities_add_up_exactly_in_any_order():
    at = pa.array(np.array([FIRST] * 3, dtype="datetime64[D]"))
    for values in ([1e9, 0.1, -1e9], [0.1, 1e9, -1e9]):
        state = reduce_usage(
            [pa.record_batch({"account_id": ["a"] * 3, "event_at": at, "quantity": values})], ["a"], Clock()
        )
        assert usage_windows(state, np.array([0]), np.array([FIRST + 1]), [1])["quantity_sum_1d"].tolist() == [0.1]


def test_absent_columns_are_absent_not_zero():
    rows = [{"account_id": "a", "hour": 3, "lag_hours": 0}]
    state = reduce_usage([batch_of(rows, columns=())], ACCOUNTS, Clock())
    assert not any(state.has(part) for part in ("user", "feature", "login", "quantity"))
    assert set(windows_of(state, [(0, 1)])) == {
        *(f"{kind}_{window}d" for kind in ("events_count", "days_distinct") for window in WINDOWS),
        "events_recency", "events_age", *(f"events_period_{period}" for period in range(3)),
    }  # fmt: skip


def test_a_state_can_be_pickled():
    accounts, batch = many()
    state = reduce_usage([batch], accounts, Clock())
    copy = pickle.loads(pickle.dumps(state))  # noqa: S301  our own bytes
    assert_equal(measured(state), measured(copy))
    assert 0 < state.nbytes < 10**6


def refused(**columns) -> str:
    at = pa.array(np.array([FIRST], dtype="datetime64[D]"))
    with pytest.raises(TableError) as error:
        reduce_usage([pa.record_batch({"account_id": ["a"], "event_at": at} | columns)], ["a"], Clock(), threads=2)
    return str(error.value)


def test_errors_say_what_was_found():
    instants = pa.timestamp("us")
    assert "expected an instant in every row, found null (1 row)" in refused(event_at=pa.array([None], instants))
    assert "expected timestamps, found a column of string" in refused(event_at=["yesterday"])
    assert "9999-12-31" in refused(event_at=pa.array([np.datetime64("9999-12-31", "us")]))
    assert "usage.quantity: expected numbers up to 4.6e+12, found inf (1 row)" in refused(quantity=[np.inf])
    assert "usage.quantity: expected numbers, found a column of string" in refused(quantity=["x"])
    assert "NUL" in refused(user_id=["u\0"])
    assert "usage.user_id: expected integers below 2**63" in refused(user_id=pa.array([2**63], pa.uint64()))
    with pytest.raises(TableError, match=r"usage\.event_at: expected this column"):
        reduce_usage([pa.record_batch({"account_id": ["a"]})], ["a"], Clock())


def test_ids_are_integers_in_all_batches_or_in_none():
    """As words the text "7" is the number 55."""
    at = pa.array(np.array([FIRST], dtype="datetime64[D]"))
    one, other, none = (
        pa.record_batch({"account_id": ["a"], "event_at": at, "user_id": user, "feature": ["f"]})
        for user in (pa.array(["7"]), pa.array([55]), pa.nulls(1))
    )
    with pytest.raises(TableError, match=r"usage\.user_id: expected text or integers, found text in one file"):
        reduce_usage([one, other], ["a"], Clock())
    assert reduce_usage([one, none, one], ["a"], Clock()).n_rows == 3


def test_sums_that_would_overflow_are_refused():
    at = pa.array(np.array([FIRST] * 3, dtype="datetime64[D]"))
    batch = pa.record_batch({"account_id": ["a"] * 3, "event_at": at, "quantity": [4e12, -4e12, 4e12]})
    with pytest.raises(TableError, match=r"at most 9.2e\+12 in all"):
        reduce_usage([batch], ["a"], Clock())


def test_rows_asked_for_are_checked():
    accounts, batch = many()
    state = reduce_usage([batch], accounts, Clock())
    with pytest.raises(FrameError, match="codes from 0 to 49"):
        usage_windows(state, np.array([50]), np.array([0]))
    with pytest.raises(FrameError, match="windows of at least one day"):
        usage_windows(state, np.array([0]), np.array([0]), [7, 7])
    with pytest.raises(FrameError, match="sorted and each once"):
        reduce_usage([batch], ["b", "a"], Clock())
    assert usage_windows(state, np.array([], int), np.array([], int))["events_recency"].shape == (0,)

"""Changes of the future leave the past as it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import book
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.tables import SCHEMAS
from cs_ml.timeline.future import CHANGES, revealed_later, unseen

ROWS = book(
    contracts="""
        account_id contract_line_id start_at   cancelled_at cancel_reason voluntary mrr
        a          1                2026-01-01 -            -             -         10
        b          2                2026-02-01 2026-02-20   price         true      20
        c          3                2026-03-01 2026-06-01   gone          false     30"""
).frame("contracts")
SURVEYS = book(
    surveys="""
        response_id account_id kind sent_at    answered_at score text
        1           a          nps  2026-01-01 2026-01-05  9     good
        2           b          csat 2026-01-03 2026-01-20  2     bad
        3           b          nps  2026-01-20 -           -     -
        4           a          nps  2026-01-21 2026-01-22  5     -""",
    usage="""
        account_id event_at
        a          2026-01-01""",
).frame("surveys")
USAGE = book(
    usage="""
        account_id event_at   feature quantity known_at
        a          2026-01-01 f       1        2026-01-01
        b          2026-01-02 g       2        2026-01-09
        a          2026-01-20 f       3        2026-01-20
        c          2026-01-21 h       -        2026-01-21"""
).frame("usage")
BOOK = {"contracts": ROWS, "surveys": SURVEYS, "usage": USAGE}


def changed(kind, date, table="contracts", seed=0):
    return CHANGES[kind](BOOK[table], SCHEMAS[table], pd.Timestamp(date), np.random.default_rng(seed))


@pytest.mark.parametrize("kind", list(CHANGES))
def test_with_no_future_there_is_nothing_to_change(kind):
    found = changed(kind, "2027-01-01")
    assert found.rows["mrr"].sum() >= ROWS["mrr"].sum()
    assert found.touched == (0 if kind != "filled" else 3)


def test_deleting_takes_rows_and_values_that_were_not_known_yet():
    found = changed("deleted", "2026-02-15")
    assert found.rows["account_id"].tolist() == ["a", "b"]
    assert found.rows[["cancelled_at", "cancel_reason", "voluntary"]].isna().all(axis=None)
    assert found.touched == 4  # one row, and three values of another


def test_altering_leaves_what_was_known_and_changes_every_other_value():
    found = changed("altered", "2026-02-15").rows
    pd.testing.assert_frame_equal(found.iloc[:1], ROWS.iloc[:1])
    assert found["mrr"].tolist() == [10.0, 20.0, 91.0]
    assert (found["cancelled_at"].iloc[1:] > ROWS["cancelled_at"].iloc[1:]).all()
    assert found["cancel_reason"].iloc[1:].tolist() == ["price~", "gone~"]
    assert found["voluntary"].iloc[1:].tolist() == [False, True]
    assert found["contract_line_id"].tolist() == ["1", "2", "3"]


def test_an_answer_is_revealed_when_it_came():
    found = changed("deleted", "2026-01-20", "surveys")
    assert found.rows["response_id"].tolist() == ["1", "2"]
    assert found.rows["score"].fillna(-1).tolist() == [9, -1]
    assert found.rows["answered_at"].isna().tolist() == [False, True]
    assert found.touched == 2 + 3
    hidden = revealed_later(SURVEYS, SCHEMAS["surveys"], pd.Timestamp("2026-01-20"))
    assert {name: mask.tolist() for name, mask in hidden.items()}["text"] == [False, False, True, False]


def test_rows_of_the_past_come_late_with_other_values():
    found = changed("filled", "2026-01-15", "usage")
    pd.testing.assert_frame_equal(found.rows.iloc[:4], USAGE)
    late = found.rows.iloc[4:].sort_values("quantity")
    assert late["account_id"].tolist() == ["a", "b"]
    assert late["quantity"].tolist() == [4, 7]
    assert late["feature"].tolist() == ["f~", "g~"]
    assert late["event_at"].max() < pd.Timestamp("2026-01-15")
    assert (late["known_at"] == pd.Timestamp("2026-01-16")).all()


def test_late_rows_have_keys_of_their_own():
    assert changed("filled", "2026-02-15").rows["contract_line_id"].is_unique


def test_late_rows_of_a_table_that_names_none_have_no_keys():
    nameless = ROWS.drop(columns="contract_line_id")
    found = CHANGES["filled"](nameless, SCHEMAS["contracts"], pd.Timestamp("2026-02-15"), np.random.default_rng(0))
    assert (len(found.rows), sorted(found.rows)) == (5, sorted(ROWS.columns.drop("contract_line_id")))


def test_flags_that_are_all_known_are_deleted_and_turned_over():
    deals = book(
        deals="""
            account_id deal_id kind   opened_at  closed_at  won
            a          1       upsell 2026-01-01 2026-01-05 true
            a          2       upsell 2026-01-01 2026-02-05 true""",
        usage="""
            account_id event_at
            a          2026-01-01""",
    ).frame("deals")
    date, rng = pd.Timestamp("2026-02-01"), np.random.default_rng(0)
    found = {kind: change(deals, SCHEMAS["deals"], date, rng).rows["won"].tolist() for kind, change in CHANGES.items()}
    assert (found["deleted"], found["altered"]) == ([True, None], [True, False])


def test_a_table_without_moments_has_no_future():
    accounts = pd.DataFrame({"account_id": ["a", "b"], "segment": ["x", "y"]})
    for kind, change in CHANGES.items():
        found = change(accounts, SCHEMAS["accounts"], pd.Timestamp("2020-01-01"), np.random.default_rng(0))
        assert found.touched == 0
        assert sorted(found.rows["account_id"]) == ["a", "b"], kind


def test_a_version_that_has_not_begun_is_the_future():
    accounts = pd.DataFrame({"account_id": ["a", "a"], "valid_from": pd.to_datetime(["2026-01-01", "2026-03-01"])})
    assert unseen(accounts, SCHEMAS["accounts"], pd.Timestamp("2026-03-01")).tolist() == [False, True]


def test_future_rows_go_to_other_accounts_and_all_rows_to_other_places():
    drawn = [changed("shuffled", "2026-01-10", "usage", seed).rows for seed in range(20)]
    owners = {tuple(rows.set_index("event_at")["account_id"].sort_index()) for rows in drawn}
    assert owners == {("a", "b", "a", "c"), ("a", "b", "c", "a")}
    assert len({tuple(rows["event_at"]) for rows in drawn}) > 5
    assert changed("shuffled", "2026-01-10", "usage").touched == 2


@pytest.mark.parametrize("kind", list(CHANGES))
@pytest.mark.parametrize("table", list(BOOK))
@settings(max_examples=10, deadline=None)
@given(date=st.dates(pd.Timestamp("2025-12-30").date(), pd.Timestamp("2026-06-05").date()), seed=st.integers(0, 9))
def test_what_was_known_stays_to_the_value(kind, table, date, seed):
    moment, schema = pd.Timestamp(date), SCHEMAS[table]
    hidden = revealed_later(BOOK[table], schema, moment)
    rows = changed(kind, date, table, seed).rows
    assert known(rows, schema, moment).equals(known(BOOK[table], schema, moment))
    assert set(hidden) == {column.name for column in schema.columns if column.reveals and column.name in BOOK[table]}


def known(rows, schema, moment):
    """Return what was known before a moment as sorted text."""
    rows = rows.copy()
    for name, mask in revealed_later(rows, schema, moment).items():
        rows[name] = rows[name].where(~mask, None)
    rows = rows[~unseen(rows, schema, moment)].astype(object)
    return rows.where(rows.notna(), None).astype(str).sort_values(list(rows)).reset_index(drop=True)

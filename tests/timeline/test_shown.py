import numpy as np
import pandas as pd
import pytest

from cs_ml.tables import SCHEMAS, TableMapping, open_tables
from cs_ml.timeline import Clock
from cs_ml.timeline.future import CHANGES
from cs_ml.timeline.shown import shown_rows, shown_versions, week_of

DATE = pd.Timestamp("2026-02-01")
UTC = Clock()


def rows(**columns):
    return pd.DataFrame({name: pd.Series(values, dtype="datetime64[us]") for name, values in columns.items()})


def test_an_event_of_the_date_is_not_shown_though_it_was_known_before():
    usage = rows(event_at=["2026-01-31T23:59", "2026-02-01", "2026-02-01"], known_at=["2026-01-31", "2026-01-20", None])
    assert shown_rows(usage, SCHEMAS["usage"], DATE, UTC)["event_at"].tolist() == [pd.Timestamp("2026-01-31T23:59")]


def test_an_event_that_became_known_late_is_not_shown():
    usage = rows(event_at=["2026-01-05", "2026-01-05"], known_at=["2026-01-05", "2026-02-01"])
    assert len(shown_rows(usage, SCHEMAS["usage"], DATE, UTC)) == 1


def test_a_renewal_is_shown_when_it_was_agreed_before_the_date_only():
    terms = rows(
        start_at=["2026-01-01", "2026-03-01", "2026-03-01"], known_at=["2026-01-01", "2026-01-15", "2026-03-01"]
    )
    assert len(shown_rows(terms, SCHEMAS["contracts"], DATE, UTC)) == 2


@pytest.mark.parametrize(("notice", "hidden"), [("2026-01-31", False), ("2026-02-01", True)])
def test_a_cancellation_is_hidden_until_notice_was_given(notice, hidden):
    terms = rows(start_at=["2026-01-01"], known_at=["2026-01-01"], cancelled_at=["2026-03-01"],
                 cancel_requested_at=[notice]).assign(cancel_reason="price")  # fmt: skip
    shown = shown_rows(terms, SCHEMAS["contracts"], DATE, UTC)
    assert shown[["cancelled_at", "cancel_requested_at", "cancel_reason"]].isna().to_numpy().tolist() == [[hidden] * 3]


def test_an_answer_is_hidden_until_it_was_given_and_where_nobody_knows_when():
    surveys = rows(sent_at=["2026-01-10"] * 3, answered_at=["2026-01-31", "2026-02-01", None]).assign(
        score=[9.0, 2.0, 1.0]
    )
    shown = shown_rows(surveys.assign(known_at=surveys["sent_at"]), SCHEMAS["surveys"], DATE, UTC)
    assert shown["score"].tolist()[0] == 9.0
    assert shown["score"].isna().tolist() == shown["answered_at"].isna().tolist() == [False, True, True]


def test_what_reaches_us_late_is_hidden_until_it_does():
    line = {"contract_line_id": ["c"], "account_id": ["a"], "start_at": ["2026-01-01"], "mrr": [1.0],
            "cancelled_at": ["2026-01-20"]}  # fmt: skip
    frames = {"accounts": pd.DataFrame({"account_id": ["a"]}), "contracts": pd.DataFrame(line)}
    tables = open_tables(frames, {"contracts": TableMapping(known_lag_days=12)})
    schema, terms = tables.loaded["contracts"].schema, tables.frame("contracts")
    assert shown_rows(terms, schema, DATE, UTC)["cancelled_at"].isna().tolist() == [True]
    assert shown_rows(terms, schema, pd.Timestamp("2026-02-02"), UTC)["cancelled_at"].notna().tolist() == [True]


def test_the_date_begins_at_midnight_of_the_book_and_moments_are_told_by_its_clocks():
    said = rows(said_at=["2026-01-31T14:59", "2026-01-31T15:00"])
    shown = shown_rows(said, SCHEMAS["voc"], DATE, Clock("Asia/Tokyo"))
    assert shown["said_at"].tolist() == [pd.Timestamp("2026-01-31T23:59")]


def test_the_version_of_the_date_is_shown_whatever_the_order():
    begun = pd.to_datetime(["2026-01-01", "2025-01-01", "2026-02-01", "2026-03-01", "2026-04-01"])
    accounts = pd.DataFrame({"account_id": [*"aaabb"], "csm": ["now", "before", "later", "first", "second"]})
    for order in np.random.default_rng(0).permuted(np.tile(np.arange(5), (6, 1)), axis=1):
        shown = shown_versions(accounts.assign(valid_from=begun).iloc[order], DATE, UTC)
        assert shown["csm"].tolist() == ["now", "first"]


@pytest.mark.parametrize(
    ("day", "week"), [("01-31", "01-25"), ("01-25", "01-25"), ("01-24", "01-18"), ("01-04", "01-04")]
)
def test_weeks_are_whole_and_end_at_the_date(day, week):
    assert week_of(pd.Series([pd.Timestamp(f"2026-{day}T12:00")]), DATE).tolist() == [pd.Timestamp(f"2026-{week}")]


@pytest.fixture(scope="module")
def whole(sample):
    return open_tables(sample)


def written(rows):
    return sorted(map(str, rows.to_numpy().tolist()))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["contracts", "surveys", "voc", "usage", "tickets", "deals", "invoices"])
def test_what_is_shown_of_a_date_does_not_hang_on_its_future(whole, name, change):
    found, schema = whole.frame(name, [f"A{number:06d}" for number in range(40)]), SCHEMAS[name]
    moved = CHANGES[change](found, schema, DATE, np.random.default_rng(0))
    before, after = (shown_rows(told, schema, DATE, UTC) for told in (found, moved.rows))
    assert moved.touched > 0
    assert 0 < len(before) < len(found)
    assert written(before) == written(after[before.columns])

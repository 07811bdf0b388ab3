from __future__ import annotations

import pandas as pd
import pytest
from builders import book, keys

from cs_ml.errors import ConfigError, FrameError, NotEnoughData
from cs_ml.timeline import Clock, calendar_grid, make_spine, spine_index, terms_known


def dates(spine: pd.DataFrame) -> list[str]:
    return [f"{account} {date:%m-%d}" for account, date in spine.index]


def test_an_account_is_on_the_spine_while_a_line_ran_up_to_the_instant_before():
    tables = book(
        contracts="""
        account_id start_at   end_at
        a          2026-01-01 2026-03-01
        b          2026-02-15 2026-12-01"""
    )
    spine = make_spine(tables, start="2026-01-01", end="2026-04-01")
    assert dates(spine) == ["a 02-01", "a 03-01", "b 03-01", "b 04-01"]


def test_a_cancellation_counts_from_when_it_was_known():
    tables = book(
        contracts="""
        account_id start_at   end_at     cancel_requested_at cancelled_at
        a          2026-01-01 2027-01-01 2026-02-10          2026-03-15
        b          2026-01-01 2027-01-01 -                   2026-03-15"""
    )
    spine = make_spine(tables, start="2026-02-01", end="2026-04-01")
    assert dates(spine[spine["notice_given"]]) == ["a 03-01"]
    assert dates(spine) == ["a 02-01", "a 03-01", "b 02-01", "b 03-01"]


def test_notice_for_one_of_two_lines_is_no_notice():
    tables = book(
        contracts="""
        account_id start_at   end_at     cancel_requested_at cancelled_at
        a          2026-01-01 2027-01-01 2026-02-10          2026-06-01
        a          2026-01-01 2027-01-01 -                   -"""
    )
    assert not make_spine(tables, start="2026-03-01", end="2026-03-01")["notice_given"].any()


def test_a_row_known_late_is_not_used_early():
    tables = book(
        contracts="""
        account_id start_at   end_at     known_at
        a          2026-01-01 2027-01-01 2026-02-10"""
    )
    assert dates(make_spine(tables, start="2026-02-01", end="2026-03-01")) == ["a 03-01"]


def test_the_planned_end_is_known_and_the_later_cancellation_is_not():
    tables = book(
        contracts="""
        account_id start_at   end_at     cancelled_at
        a          2026-01-01 2027-01-01 2026-03-15"""
    )
    terms = terms_known(tables.frame("contracts"), keys(("a", "2026-02-01"), ("a", "2026-04-01")), Clock())
    ends = terms.end.astype("datetime64[D]").astype(str).tolist()
    assert ends == ["2027-01-01", "2026-03-15"]


def test_without_contracts_an_account_is_on_the_spine_from_its_first_usage():
    tables = book(
        usage="""
        account_id event_at   known_at
        a          2026-01-15 2026-01-15
        b          2026-01-15 2026-02-20"""
    )
    assert dates(make_spine(tables, start="2026-02-01", end="2026-03-01")) == ["a 02-01", "a 03-01", "b 03-01"]


def test_renewal_dates_lie_before_each_term_end_that_was_known():
    tables = book(
        contracts="""
        account_id start_at   end_at
        a          2026-01-01 2026-07-01
        a          2026-07-01 2026-08-01"""
    )
    spine = make_spine(tables, start="2026-01-01", end="2026-12-01", before_renewal=[60, 30])
    assert dates(spine) == ["a 05-02", "a 06-01", "a 07-02"]


def test_dates_are_days_of_the_books_zone():
    text = """
        account_id event_at
        a          2026-01-31T15:30:00"""
    assert dates(make_spine(book(zone="UTC", usage=text), start="2026-02-01", end="2026-02-01")) == ["a 02-01"]
    with pytest.raises(NotEnoughData, match="expected customers between"):
        make_spine(book(zone="Asia/Tokyo", usage=text), start="2026-02-01", end="2026-02-01")


def test_grids():
    assert calendar_grid("2026-01-01", "2026-01-20", "week").strftime("%m-%d").tolist() == ["01-05", "01-12", "01-19"]
    assert calendar_grid("2026-01-01", "2026-02-01", ["2026-01-09", "2026-03-01"]).strftime("%m-%d").tolist() == [
        "01-09"
    ]
    with pytest.raises(ConfigError, match="one of day, week, month, quarter"):
        calendar_grid("2026-01-01", "2026-02-01", "fortnight")
    with pytest.raises(ConfigError, match="a date between 2026-01-02 and 2026-01-20"):
        calendar_grid("2026-01-02", "2026-01-20")


def test_two_rows_for_one_date_are_refused():
    with pytest.raises(FrameError, match="1 repeated"):
        spine_index(["a", "a"], ["2026-01-01", "2026-01-01"])

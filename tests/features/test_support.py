"""Features of support, worked out by hand on small tables, and compared with plain SQL."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from builders import book, bucket_of, keys
from hypothesis import given
from hypothesis import strategies as st
from oracle import HOUR, KEYS, LATE, LAWFUL, WAIT, assert_same, columns, held, in_sql, instants, later

from cs_ml.engine.bucket import Bucket
from cs_ml.features.support import SupportBuilder

TICKETS = """
    ticket_id account_id opened_at  first_response_at   resolved_at reopened_at contacts severity category
    1         a          2026-01-01 2026-01-01T02:00:00 2026-01-02  -           1        low      bug
    2         a          2026-03-01 2026-03-01T04:00:00 2026-03-03  2026-03-08  1        high     bug
    3         a          2026-05-30 2026-05-30T06:00:00 2026-06-10  -           3        critical billing
    4         a          2026-06-20 -                   -           -           -        low      -
    5         b          2026-06-01 -                   -           -           -        -        -"""
CONTRACTS = """
    account_id start_at
    a          2020-01-01
    b          2020-01-01
    z          2020-01-01"""


def built(text: str, *pairs: tuple[str, str], zone: str = "UTC") -> pd.DataFrame:
    X = SupportBuilder().build(bucket_of(book(tickets=text, contracts=CONTRACTS, zone=zone)), keys(*pairs))
    return X.rename(columns=lambda name: name.removeprefix("tickets_"))


def of(as_of: str, account: str = "a", text: str = TICKETS, **options: str) -> dict[str, float]:
    return built(text, (account, as_of), **options).iloc[0].to_dict()


def test_every_feature_of_four_tickets():
    """On 30 June the first ticket is 180 days old; the third is solved, the fourth is not."""
    assert of("2026-06-30") == {
        "opened_count_30d": 1, "opened_count_90d": 2, "opened_count_180d": 4,
        "opened_change_30d": pytest.approx(math.log(2 / 1.6)), "opened_recency": 10,
        "open_count": 1, "open_age_mean": 10, "open_age_max": 10, "severe_open_count": 0,
        "severe_count_90d": 1, "severe_share_180d": 2 / 4,
        "response_hours_180d": (2 + 4 + 6) / 3, "resolution_hours_180d": 24 * (1 + 2 + 11) / 3,
        "first_contact_share_180d": 1 / 3, "reopened_share_180d": 1 / 3, "category_share_180d": 2 / 3,
    }  # fmt: skip


def test_an_account_without_tickets_has_no_load_and_nothing_else():
    found = of("2026-06-30", "z")
    assert {name for name, value in found.items() if value == 0} == {
        "opened_count_30d", "opened_count_90d", "opened_count_180d", "open_count", "severe_open_count",
        "severe_count_90d",
    }  # fmt: skip
    assert all(math.isnan(value) for value in found.values() if value != 0)


def test_a_ticket_is_open_until_the_day_after_its_solution():
    found = built(TICKETS, *[("a", date) for date in ("2026-05-30", "2026-05-31", "2026-06-10", "2026-06-11")])
    assert found["open_count"].tolist() == [0, 1, 1, 0]
    assert found["severe_open_count"].tolist() == [0, 1, 1, 0]
    np.testing.assert_array_equal(found["open_age_max"], [np.nan, 1, 11, np.nan])


def test_a_ticket_counts_from_the_day_after_it_was_opened():
    assert [of(date)["opened_count_30d"] for date in ("2026-06-20", "2026-06-21", "2026-07-20", "2026-07-21")] == [
        1, 2, 1, 0,
    ]  # fmt: skip
    assert [of(date)["opened_recency"] for date in ("2026-06-20", "2026-06-21")] == [21, 1]


def test_contacts_and_a_reopening_are_known_with_time():
    """The second ticket, solved on 3 March, came back on the 8th: solved at first contact until that was known."""
    found = built(TICKETS, *[("a", date) for date in ("2026-03-03", "2026-03-04", "2026-03-08", "2026-03-09")])
    assert found["first_contact_share_180d"].tolist() == [1, 1, 1, 1 / 2]
    assert found["reopened_share_180d"].tolist() == [0, 0, 0, 1 / 2]
    assert found["resolution_hours_180d"].tolist() == [24, 36, 36, 36]


@pytest.mark.parametrize(("back", "share"), [("2026-01-09T23:59:00", 0), ("2026-01-10", 1)])
def test_a_ticket_reopened_after_more_than_seven_days_was_solved_at_first_contact(back, share):
    text = f"""
        ticket_id account_id opened_at  resolved_at reopened_at contacts
        1         a          2026-01-01 2026-01-02  {back}      1"""
    found = of("2026-02-01", text=text)
    assert (found["first_contact_share_180d"], found["reopened_share_180d"]) == (share, 1)


def test_change_is_missing_without_a_past():
    assert math.isnan(of("2026-06-29")["opened_change_30d"])
    assert of("2026-07-01")["opened_change_30d"] == pytest.approx(math.log(2 / 1.4))


def test_a_ticket_known_late_is_not_used_early():
    text = """
        ticket_id account_id opened_at  resolved_at contacts known_at
        1         a          2026-01-01 2026-01-02  1        2026-02-15"""
    early, late = of("2026-02-15", text=text), of("2026-02-16", text=text)
    assert (early["opened_count_90d"], late["opened_count_90d"]) == (0, 1)
    assert math.isnan(early["first_contact_share_180d"])
    assert late["first_contact_share_180d"] == 1


def test_the_zone_decides_on_the_day():
    text = """
        ticket_id account_id opened_at
        1         a          2026-01-31T15:00:00"""
    assert [of("2026-02-01", text=text, zone=zone)["opened_count_30d"] for zone in ("UTC", "Asia/Tokyo")] == [1, 0]


def test_what_counts_as_severe_is_a_choice():
    X = SupportBuilder(severe=("P1",)).build(
        bucket_of(book(tickets=TICKETS.replace("low ", "P1  "), contracts=CONTRACTS)), keys(("a", "2026-06-30"))
    )
    assert X["tickets_severe_open_count"].item() == 1


OPTIONAL = {
    "resolved_at": {"open_count", "open_age_mean", "open_age_max", "severe_open_count", "resolution_hours_180d",
                    "first_contact_share_180d", "reopened_share_180d"},
    "first_response_at": {"response_hours_180d"},
    "reopened_at": {"reopened_share_180d"},
    "contacts": {"first_contact_share_180d"},
    "severity": {"severe_open_count", "severe_count_90d", "severe_share_180d"},
    "category": {"category_share_180d"},
}  # fmt: skip


@pytest.mark.parametrize("column", OPTIONAL)
def test_a_column_that_is_absent_makes_no_features(column):
    rows = book(tickets=TICKETS, contracts=CONTRACTS).frame("tickets").drop(columns=column)
    X = SupportBuilder().build(Bucket(np.array(["a", "b"]), {"tickets": rows}), keys(("a", "2026-06-30")))
    assert {name for name in of("2026-06-30") if f"tickets_{name}" not in X} == OPTIONAL[column]
    assert list(X) == [feature.name for feature in SupportBuilder().features(rows.columns)]


def test_without_reopenings_one_contact_is_enough():
    rows = book(tickets=TICKETS, contracts=CONTRACTS).frame("tickets").drop(columns="reopened_at")
    X = SupportBuilder().build(Bucket(np.array(["a", "b"]), {"tickets": rows}), keys(("a", "2026-06-30")))
    assert X["tickets_first_contact_share_180d"].item() == 2 / 3


def test_a_bucket_without_rows():
    X = SupportBuilder().build(
        bucket_of(book(tickets=TICKETS, contracts=CONTRACTS), ["z"]), keys(("z", "2026-06-01"), ("z", "2026-07-01"))
    )
    assert X["tickets_opened_count_180d"].tolist() == [0, 0]
    assert X["tickets_category_share_180d"].isna().all()


TICKET = st.tuples(
    st.sampled_from("ab"), HOUR, LATE, st.none() | WAIT, st.none() | WAIT, st.none() | WAIT,
    st.none() | st.integers(0, 3), st.sampled_from([None, "low", "high", "critical"]),
    st.sampled_from([None, "x", "y"]),
)  # fmt: skip
SQL = """
    WITH seen AS (
        SELECT at, as_of, tickets.*, julianday(as_of) - julianday(date(opened_at)) AS age,
               coalesce(resolved_at < as_of, 0) AS solved, severity IN ('high', 'critical') AS severe,
               coalesce(reopened_at < as_of, 0) AS back, datetime(as_of, '-180 days') AS since,
               julianday(date(reopened_at)) - julianday(date(resolved_at)) <= 7 AS soon
        FROM keys JOIN tickets USING (account_id) WHERE opened_at < as_of AND known_at < as_of),
    timed AS (
        SELECT *, solved AND resolved_at >= since AS recent,
               (strftime('%s', first_response_at) - strftime('%s', opened_at)) / 3600.0 AS respond,
               (strftime('%s', resolved_at) - strftime('%s', opened_at)) / 3600.0 AS solve FROM seen)
    SELECT keys.at AS at,
        count(*) FILTER (WHERE age <= 30) AS tickets_opened_count_30d,
        count(*) FILTER (WHERE age <= 90) AS tickets_opened_count_90d,
        count(*) FILTER (WHERE age <= 180) AS tickets_opened_count_180d,
        CASE WHEN max(age) >= 180 THEN ln(1.0 + count(*) FILTER (WHERE age <= 30))
            - ln(1.0 + count(*) FILTER (WHERE age > 30 AND age <= 180) / 5.0) END AS tickets_opened_change_30d,
        min(age) AS tickets_opened_recency,
        count(*) FILTER (WHERE NOT solved) AS tickets_open_count,
        avg(age) FILTER (WHERE NOT solved) AS tickets_open_age_mean,
        max(age) FILTER (WHERE NOT solved) AS tickets_open_age_max,
        count(*) FILTER (WHERE NOT solved AND severe) AS tickets_severe_open_count,
        count(*) FILTER (WHERE age <= 90 AND severe) AS tickets_severe_count_90d,
        avg(severe) FILTER (WHERE age <= 180) AS tickets_severe_share_180d,
        avg(respond) FILTER (WHERE first_response_at >= since AND first_response_at < timed.as_of)
            AS tickets_response_hours_180d,
        avg(solve) FILTER (WHERE recent) AS tickets_resolution_hours_180d,
        avg(contacts <= 1 AND NOT (back AND coalesce(soon, 0))) FILTER (WHERE recent AND contacts IS NOT NULL)
            AS tickets_first_contact_share_180d,
        avg(back) FILTER (WHERE recent) AS tickets_reopened_share_180d,
        (SELECT max(n) * 1.0 / sum(n) FROM (SELECT count(*) AS n FROM timed WHERE timed.at = keys.at
            AND timed.age <= 180 AND category IS NOT NULL GROUP BY category)) AS tickets_category_share_180d
    FROM keys LEFT JOIN timed ON timed.at = keys.at GROUP BY keys.at"""


@LAWFUL
@given(st.lists(TICKET, max_size=14))
def test_oracle_tickets_equal_plain_sql(drawn):
    account, opened, late, respond, solve, back, contacts, severity, category = columns(drawn, 9)
    resolved = later(opened, solve)
    words = {"account_id": account, "severity": severity, "category": category}
    rows = pd.DataFrame(words, dtype=object).assign(
        opened_at=instants(opened), first_response_at=instants(later(opened, respond)), resolved_at=instants(resolved),
        reopened_at=instants(later(resolved, back)), known_at=instants(later(opened, late)),
        contacts=np.array(contacts, dtype=float),
    )  # fmt: skip
    assert_same(SupportBuilder().build(held(tickets=rows), KEYS), in_sql(SQL, tickets=rows))

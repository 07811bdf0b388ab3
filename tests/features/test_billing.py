"""Features of billing, worked out by hand on small tables, and compared with plain SQL."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from builders import book, bucket_of, keys
from hypothesis import given
from hypothesis import strategies as st
from oracle import HOUR, KEYS, LATE, LAWFUL, WAIT, assert_same, columns, held, in_sql, instants, later

from cs_ml.features.billing import BillingBuilder

INVOICES = """
    invoice_id account_id due_at     amount paid_at
    1          a          2025-03-01 100    2025-02-20
    2          a          2026-01-01 200    2026-01-01T12:00:00
    3          a          2026-02-01 300    2026-02-11
    4          a          2026-03-01 400    -
    5          a          2026-04-01 500    -
    6          b          2026-05-01 600    -"""
CONTRACTS = """
    account_id start_at
    a          2020-01-01
    b          2020-01-01
    z          2020-01-01"""


def built(text: str, *pairs: tuple[str, str], zone: str = "UTC", **options: int) -> pd.DataFrame:
    tables = book(invoices=text, contracts=CONTRACTS, zone=zone, data_end="2027-01-01")
    X = BillingBuilder(**options).build(bucket_of(tables), keys(*pairs))
    return X.rename(columns=lambda name: name.removeprefix("invoices_"))


def of(as_of: str, account: str = "a", text: str = INVOICES, **options) -> dict[str, float]:
    return built(text, (account, as_of), **options).iloc[0].to_dict()


def test_every_feature_of_five_invoices():
    """On 11 April the first is out of the window; the second is in time, the third ten days late, two are unpaid."""
    assert of("2026-04-11") == {
        "late_days_mean_365d": (0 + 10 + 41 + 10) / 4, "late_share_365d": 3 / 4, "overdue_count": 2,
        "overdue_amount": 900, "overdue_age_max": 41, "failed_count": 1,
    }  # fmt: skip


def test_the_window_counts_its_first_day():
    assert [of(date)["late_share_365d"] for date in ("2026-03-01", "2026-03-02")] == [1 / 3, 2 / 3]


def test_an_invoice_is_overdue_from_the_day_after_it_was_due_until_the_day_after_it_was_paid():
    found = built(INVOICES, *[("a", f"2026-02-{day:02d}") for day in (1, 2, 11, 12)])
    assert found["overdue_count"].tolist() == [0, 1, 1, 0]
    assert found["overdue_amount"].tolist() == [0, 300, 300, 0]
    np.testing.assert_array_equal(found["overdue_age_max"], [np.nan, 1, 10, np.nan])
    np.testing.assert_allclose(found["late_days_mean_365d"], [0, 1 / 3, 10 / 3, 10 / 3])


@pytest.mark.parametrize(("as_of", "after", "failed"), [
    ("2026-03-31", 30, 0), ("2026-04-01", 30, 1), ("2026-05-02", 30, 2), ("2026-03-31", 29, 1),
])  # fmt: skip
def test_an_invoice_failed_when_it_is_unpaid_for_too_long(as_of, after, failed):
    assert of(as_of, failed_after=after)["failed_count"] == failed


def test_an_account_without_invoices_due_owes_nothing():
    for found in (of("2026-04-11", "z"), of("2026-05-01", "b")):
        assert [found[name] for name in ("overdue_count", "overdue_amount", "failed_count")] == [0, 0, 0]
        assert all(math.isnan(found[name]) for name in ("late_days_mean_365d", "late_share_365d", "overdue_age_max"))


def test_an_invoice_known_late_is_not_used_early():
    text = """
        invoice_id account_id due_at     amount paid_at known_at
        1          a          2026-01-01 100    -       2026-02-15"""
    assert [of(date, text=text)["overdue_count"] for date in ("2026-02-15", "2026-02-16")] == [0, 1]


def test_an_invoice_due_in_the_future_is_not_overdue():
    text = """
        invoice_id account_id due_at     amount paid_at known_at
        1          a          2026-06-01 100    -       2026-01-01"""
    assert [of(date, text=text)["overdue_count"] for date in ("2026-06-01", "2026-06-02")] == [0, 1]


def test_the_zone_decides_on_the_day():
    text = """
        invoice_id account_id due_at              amount paid_at
        1          a          2026-01-31T15:00:00 100    2026-02-01T14:00:00"""
    assert of("2026-02-03", text=text, zone="UTC")["late_days_mean_365d"] == 1
    assert of("2026-02-03", text=text, zone="Asia/Tokyo")["late_days_mean_365d"] == 0


def test_without_payments_nothing_is_said():
    rows = book(invoices=INVOICES, contracts=CONTRACTS).frame("invoices").drop(columns="paid_at")
    X = BillingBuilder().build(held(invoices=rows), KEYS)
    assert X.shape == (len(KEYS), 0)
    assert BillingBuilder().features(rows.columns) == []


def test_a_bucket_without_rows():
    X = BillingBuilder().build(
        bucket_of(book(invoices=INVOICES, contracts=CONTRACTS), ["z"]), keys(("z", "2026-06-01"))
    )
    assert X["invoices_overdue_count"].tolist() == [0]


INVOICE = st.tuples(
    st.sampled_from("ab"), HOUR, st.none() | WAIT | st.sampled_from([-24 * 3, -1]), st.integers(-2, 9), LATE
)
SQL = """
    WITH seen AS (
        SELECT at, as_of, invoices.*, julianday(as_of) - julianday(date(due_at)) AS age,
               coalesce(paid_at < as_of, 0) AS paid, julianday(date(paid_at)) - julianday(date(due_at)) AS waited
        FROM keys JOIN invoices USING (account_id) WHERE due_at < as_of AND known_at < as_of),
    judged AS (SELECT *, CASE WHEN paid THEN max(waited, 0) ELSE age END AS late FROM seen)
    SELECT keys.at AS at, avg(late) FILTER (WHERE age <= 365) AS invoices_late_days_mean_365d,
        avg(late > 0) FILTER (WHERE age <= 365) AS invoices_late_share_365d,
        count(*) FILTER (WHERE NOT paid) AS invoices_overdue_count,
        coalesce(sum(amount) FILTER (WHERE NOT paid), 0) AS invoices_overdue_amount,
        max(age) FILTER (WHERE NOT paid) AS invoices_overdue_age_max,
        count(*) FILTER (WHERE NOT paid AND age > 30) AS invoices_failed_count
    FROM keys LEFT JOIN judged ON judged.at = keys.at GROUP BY keys.at"""


@LAWFUL
@given(st.lists(INVOICE, max_size=14))
def test_oracle_invoices_equal_plain_sql(drawn):
    account, due, wait, amount, late = columns(drawn, 5)
    rows = pd.DataFrame({"account_id": account}, dtype=object).assign(
        due_at=instants(due), paid_at=instants(later(due, wait)), amount=np.array(amount, dtype=float),
        known_at=instants(later(due, late)),
    )  # fmt: skip
    assert_same(BillingBuilder().build(held(invoices=rows), KEYS), in_sql(SQL, invoices=rows))

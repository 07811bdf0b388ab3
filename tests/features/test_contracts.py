"""Features of the contract, worked out by hand on small tables."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from builders import book, bucket_of, keys

from cs_ml.features.contracts import ContractsBuilder

TWO_LINES = """
account_id product start_at   end_at     signed_at  mrr seats plan  tier billing_months auto_renew notice_days discount
a          core    2025-01-01 2026-01-01 2024-12-01 100 10    basic 1    12             true       30          0.1
a          core    2026-01-01 2027-01-01 2025-12-01 150 20    pro   2    1              false      60          -
a          extra   2026-03-01 2026-07-01 -          50  -     lite  0    12             true       30          0.2"""


def built(text: str, *pairs: tuple[str, str], zone: str = "UTC") -> pd.DataFrame:
    tables = book(zone=zone, contracts=text)
    X = ContractsBuilder().build(bucket_of(tables), keys(*pairs))
    return X.rename(columns=lambda name: name.removeprefix("contracts_"))


def of(text: str, as_of: str, zone: str = "UTC") -> pd.Series:
    return built(text, ("a", as_of), zone=zone).iloc[0]


def test_every_feature_of_two_running_lines():
    """On 1 June 2026 the second core line and the extra line run; the first core line had ended in January."""
    found = of(TWO_LINES, "2026-06-01")
    assert found["plan_current"] == "pro"
    assert math.isnan(found["discount_current"])
    assert found.drop(["plan_current", "discount_current"]).to_dict() == {
        "tenure_days": 516, "term_days_to_end": 214, "term_months": 12.0, "renewals_due_90d": 0,
        "billing_months": 1,
        "mrr_current": 200, "mrr_change_90d": 0, "mrr_change_365d": math.log(200) - math.log(100),
        "mrr_rises_count": 1, "mrr_falls_count": 0, "mrr_rise_recency": 151, "mrr_change_recency": 151,
        "mrr_share_of_peak": 1, "seats_current": 20, "seats_change_365d": math.log(20) - math.log(10),
        "lines_count": 2, "products_count": 2, "tier_current": 2, "auto_renew_current": 0, "notice_days_current": 60,
        "renewals_count": 1,
    }  # fmt: skip


def test_before_the_renewal_the_first_line_counts():
    found = of(TWO_LINES, "2026-01-01")
    assert found[["mrr_current", "plan_current", "discount_current"]].tolist() == [100, "basic", 0.1]
    assert found[["term_days_to_end", "renewals_count", "lines_count", "tenure_days"]].tolist() == [0, 0, 1, 365]
    assert found["auto_renew_current"] == 1
    assert of(TWO_LINES, "2026-01-02")[["mrr_current", "renewals_count", "term_days_to_end"]].tolist() == [150, 1, 364]


def test_mrr_against_the_past():
    """MRR 50 until April, 200 until June, then 100; looked at on 1 July, 90 days after 2 April."""
    text = """
        account_id start_at   end_at     mrr
        a          2026-01-01 2026-04-02 50
        a          2026-04-02 2026-06-01 200
        a          2026-06-01 -          100"""
    found = of(text, "2026-07-01")
    assert found["mrr_change_90d"] == math.log(100) - math.log(50)
    assert found["mrr_share_of_peak"] == 0.5
    assert math.isnan(found["mrr_change_365d"])


@pytest.mark.parametrize(("as_of", "share"), [("2026-06-01", 0.25), ("2027-01-27", 0.25), ("2027-01-28", 1)])
def test_the_peak_is_that_of_the_last_360_days(as_of, share):
    text = """
        account_id start_at   end_at     mrr
        a          2026-01-01 2026-02-01 400
        a          2026-02-01 -          100"""
    assert of(text, as_of)["mrr_share_of_peak"] == share


def test_the_condition_is_that_of_the_line_with_the_highest_mrr_and_the_newest_among_equals():
    text = """
        account_id contract_line_id start_at   end_at     mrr plan
        a          1                2026-01-01 2027-01-01 70  old
        a          2                2026-02-01 2027-01-01 70  new
        a          3                2026-03-01 2027-01-01 60  small"""
    found = built(text, ("a", "2026-02-01"), ("a", "2026-06-01"))
    assert found["plan_current"].tolist() == ["old", "new"]


def test_an_open_ended_line_has_no_days_to_its_end():
    text = """
        account_id start_at   end_at     cancel_requested_at cancelled_at
        a          2026-01-01 -          2026-05-10          2026-08-01
        b          2026-01-01 2027-01-01 -                   -"""
    found = built(text, ("a", "2026-05-10"), ("a", "2026-05-11"), ("b", "2026-05-11"))
    np.testing.assert_array_equal(found["term_days_to_end"], [np.nan, 82, 235])
    np.testing.assert_allclose(found["term_months"], [np.nan, 7.0, 12.0])
    assert found["lines_count"].tolist() == [1, 1, 1]


def test_a_cancellation_shows_from_when_it_was_known():
    text = """
        account_id start_at   end_at     cancel_requested_at cancelled_at
        a          2026-01-01 2027-01-01 -                   2026-03-15"""
    found = built(text, ("a", "2026-03-15"), ("a", "2026-03-16"))
    np.testing.assert_array_equal(found["mrr_current"], [100, np.nan])
    np.testing.assert_array_equal(found["term_days_to_end"], [292, np.nan])
    assert found["lines_count"].tolist() == [1, 0]


def test_a_line_known_late_is_not_used_early():
    text = """
        account_id start_at   end_at     mrr known_at
        a          2026-01-01 2027-01-01 100 2026-01-01
        a          2026-01-01 2027-01-01 900 2026-03-10"""
    found = built(text, ("a", "2026-03-10"), ("a", "2026-03-11"))
    assert found["mrr_current"].tolist() == [100, 1000]
    assert found["lines_count"].tolist() == [1, 2]


def test_a_line_agreed_but_not_begun_is_not_running():
    text = """
        account_id start_at   signed_at  mrr
        a          2026-05-01 2026-01-05 100"""
    found = built(text, ("a", "2026-02-01"), ("a", "2026-05-02"))
    np.testing.assert_array_equal(found["mrr_current"], [np.nan, 100])
    np.testing.assert_array_equal(found["tenure_days"], [np.nan, 1])
    assert found["renewals_count"].tolist() == [0, 0]


def test_an_account_without_lines_counts_zero_and_has_no_conditions():
    found = built(TWO_LINES, ("a", "2024-01-01"), ("z", "2026-06-01"))
    counts = ["lines_count", "products_count", "renewals_count"]
    assert found[counts].to_numpy().tolist() == [[0, 0, 0]] * 2
    assert found.drop(columns=counts).isna().all(axis=None)


def test_tables_without_rows_of_the_bucket():
    tables = book(contracts=TWO_LINES)
    X = ContractsBuilder().build(bucket_of(tables, []), keys(("z", "2026-06-01")))
    assert X["contracts_lines_count"].tolist() == [0]
    assert X.drop(columns=X.filter(like="count").columns).isna().all(axis=None)


def test_seats_and_flags_that_are_missing_stay_missing():
    text = """
        account_id start_at   seats auto_renew mrr
        a          2026-01-01 -     -          0
        b          2026-01-01 5     true       10"""
    found = built(text, ("a", "2026-06-01"), ("b", "2026-06-01"))
    np.testing.assert_array_equal(found["seats_current"], [np.nan, 5])
    np.testing.assert_array_equal(found["auto_renew_current"], [np.nan, 1])
    np.testing.assert_array_equal(found["mrr_share_of_peak"], [np.nan, 1])


@pytest.mark.parametrize("only", ["a", "b"])
def test_dtypes_do_not_depend_on_which_accounts_are_in_the_bucket(only):
    text = """
        account_id start_at   auto_renew plan
        a          2026-01-01 -          -
        b          2026-01-01 true       pro"""
    X = ContractsBuilder().build(bucket_of(book(contracts=text), [only]), keys((only, "2026-06-01")))
    assert X.dtypes["contracts_auto_renew_current"] == "float64"


def test_days_are_those_of_the_books_zone():
    text = """
        account_id start_at            end_at
        a          2026-01-31T15:00:00 2026-12-31T15:00:00"""
    assert of(text, "2026-06-01", zone="Asia/Tokyo")[["tenure_days", "term_days_to_end"]].tolist() == [120, 214]
    assert of(text, "2026-06-01", zone="UTC")[["tenure_days", "term_days_to_end"]].tolist() == [121, 213]


def test_columns_that_are_absent_make_no_features():
    counts = ["lines_count", "products_count", "renewals_count"]
    path = ["mrr_rises_count", "mrr_falls_count", "mrr_rise_recency", "mrr_change_recency"]
    always = ["tenure_days", "mrr_current", "mrr_change_90d", "mrr_change_365d", "mrr_share_of_peak", *path, *counts]
    names = [feature.name for feature in ContractsBuilder().features(["account_id", "start_at", "mrr"])]
    assert names == [f"contracts_{name}" for name in always]
    text = """
        account_id start_at
        a          2026-01-01"""
    X = built(text, ("a", "2026-06-01"))
    assert list(X) == always
    assert X[counts].to_numpy().tolist() == [[1, 1, 0]]


@pytest.mark.parametrize(
    ("start", "end", "due"),
    [
        ("2026-05-02", "2026-06-01", 3),  # ends on the day itself, and every 30 days after
        ("2026-05-15", "2026-06-14", 3),
        ("2025-08-30", "2026-08-30", 0),  # day 90 lies outside
        ("2025-08-29", "2026-08-29", 1),
        ("2026-05-01", "-", 0),  # open-ended
    ],
)
def test_renewals_that_fall_due(start, end, due):
    text = f"account_id start_at end_at mrr\na {start} {end} 10\nz 2025-01-01 2027-01-01 10"
    assert of(text, "2026-06-01")["renewals_due_90d"] == due


def test_a_price_is_compared_with_that_of_the_same_product_before():
    """Core rises in March and falls in May; extra begins in April, which is no rise."""
    text = """
        account_id product start_at   end_at     mrr known_at
        a          core    2026-01-01 2026-03-01 100 2026-01-01
        a          core    2026-03-01 2026-05-01 150 2026-03-01
        a          extra   2026-04-01 2027-04-01 90  2026-04-01
        a          core    2026-05-01 2027-01-01 120 2026-05-20"""
    names = ["mrr_rises_count", "mrr_falls_count", "mrr_rise_recency", "mrr_change_recency"]
    found = built(text, ("a", "2026-02-01"), ("a", "2026-05-20"), ("a", "2026-06-01"))[names]
    np.testing.assert_equal(found.to_numpy(), [[0, 0, np.nan, 31], [1, 0, 80, 80], [1, 1, 92, 31]])

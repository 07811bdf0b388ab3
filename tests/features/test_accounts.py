"""Features of the account itself, worked out by hand on small tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import book, bucket_of, keys

from cs_ml.features.accounts import AccountsBuilder

USAGE = """
    account_id event_at
    a          2026-01-05"""
VERSIONS = """
    account_id valid_from created_at segment region employees channel
    a          2026-03-01 2025-12-01 large   Kanto  90        direct
    a          2026-01-01 2025-12-01 small   Kanto  -         partner
    b          -          -          small   -      5         -"""


def built(text: str, *pairs: tuple[str, str], attributes: tuple[str, ...] = (), zone: str = "UTC") -> pd.DataFrame:
    tables = book(accounts=text, usage=USAGE, zone=zone)
    X = AccountsBuilder(attributes).build(bucket_of(tables), keys(*pairs))
    return X.rename(columns=lambda name: name.removeprefix("accounts_"))


def test_attributes_are_those_of_the_version_valid_before_the_date():
    found = built(VERSIONS, ("a", "2026-03-01"), ("a", "2026-03-02"), ("b", "2026-03-02"), attributes=("channel",))
    assert found["segment_current"].tolist() == ["small", "large", "small"]
    assert found["channel_current"].fillna("-").tolist() == ["partner", "direct", "-"]
    assert found["region_current"].fillna("-").tolist() == ["Kanto", "Kanto", "-"]
    np.testing.assert_array_equal(found["employees_current"], [np.nan, 90, 5])


def test_a_version_that_is_not_valid_yet_says_nothing():
    found = built(VERSIONS, ("a", "2026-01-01"), ("a", "2026-01-02"), ("z", "2026-01-02"))
    assert found["segment_current"].fillna("-").tolist() == ["-", "small", "-"]
    assert found.iloc[[0, 2]].isna().all(axis=None)


def test_attributes_without_versions_are_those_of_today():
    text = """
        account_id created_at segment
        a          2026-02-01 small
        b          -          large"""
    found = built(text, ("a", "2026-01-01"), ("a", "2026-02-01"), ("a", "2026-02-11"), ("b", "2026-01-01"))
    assert found["segment_current"].tolist() == ["small", "small", "small", "large"]
    np.testing.assert_array_equal(found["age_days"], [np.nan, np.nan, 10, np.nan])


def test_age_is_counted_in_days_of_the_books_zone():
    text = """
        account_id created_at
        a          2026-01-31T15:00:00"""
    assert built(text, ("a", "2026-02-11"), zone="Asia/Tokyo")["age_days"].tolist() == [10]
    assert built(text, ("a", "2026-02-11"), zone="UTC")["age_days"].tolist() == [11]


def test_a_bucket_without_rows():
    X = AccountsBuilder().build(bucket_of(book(accounts=VERSIONS, usage=USAGE), []), keys(("z", "2026-01-01")))
    assert list(X) == [
        f"accounts_{name}" for name in ("segment_current", "region_current", "employees_current", "age_days")
    ]
    assert X.isna().all(axis=None)


@pytest.mark.parametrize("attributes", [(), ("segment",), ("employees", "segment"), ("segment", "segment")])
def test_an_attribute_that_is_known_already_is_described_once(attributes):
    names = [feature.name for feature in AccountsBuilder(attributes).features(["segment", "employees"])]
    assert names == ["accounts_segment_current", "accounts_employees_current"]
    assert list(built(VERSIONS, ("a", "2026-03-02"), attributes=attributes).filter(["segment_current"])) == [
        "segment_current"
    ]


def test_columns_that_are_absent_make_no_features():
    assert AccountsBuilder(("channel",)).features(["account_id", "name", "csm"]) == []
    names = [feature.name for feature in AccountsBuilder(("sales_team",)).features(["sales_team", "created_at"])]
    assert names == ["accounts_sales_team_current", "accounts_age_days"]


def test_an_attribute_of_the_user_is_named_after_its_column():
    feature = AccountsBuilder(("sales_team",)).features(["sales_team"])[0]
    assert (feature.kind, feature.role, feature.label_en, feature.label_ja) == (
        "category",
        "context",
        "Sales team",
        "sales_team",
    )

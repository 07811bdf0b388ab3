from __future__ import annotations

import pandas as pd
import pytest
from builders import book, keys

from cs_ml.labels import UpsellLabeler


def state(contracts: str, as_of: str = "2026-03-01", **options):
    tables = book(data_end="2026-12-01", contracts=contracts)
    return UpsellLabeler(**options).label(tables, pd.DataFrame(index=keys(("a", as_of))))["state"].iloc[0]


HEADER = "account_id product start_at end_at mrr seats plan cancelled_at tier\n"
BEFORE = HEADER + "a core 2026-01-01 2027-01-01 100 10 basic 2026-04-01 1\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a core 2026-04-01 2027-01-01 150 15 basic - 1", "1"),  # more seats
        ("a core 2026-04-01 2027-01-01 150 10 pro - 2", "1"),  # a better plan
        ("a core 2026-04-01 2027-01-01 150 10 basic - 1", "0"),  # only a higher price
        ("a core 2026-04-01 2027-01-01 104 11 basic - 1", "0"),  # below five per cent
        ("a core 2026-04-01 2027-01-01 50 5 basic - 1", "0"),  # less
        ("a extra 2026-04-01 2027-01-01 150 15 basic - 1", "0"),  # another product is cross-sell
        ("a core 2026-06-01 2027-01-01 150 15 basic - 1", "censored"),  # left before it came back with more
    ],
)
def test_what_counts_as_more(line, expected):
    assert state(BEFORE + line) == expected


def test_seats_added_by_a_second_line_of_the_same_product():
    contracts = HEADER + "a core 2026-01-01 2027-01-01 100 10 basic - 1\na core 2026-04-01 2027-01-01 30 3 basic - 1"
    assert state(contracts) == "1"


def test_a_line_that_started_before_the_date_does_not_count():
    contracts = HEADER + "a core 2026-01-01 2026-02-15 100 10 basic - 1\na core 2026-02-15 2027-01-01 150 15 basic - 1"
    assert state(contracts) == "0"


def test_by_tier_only_the_rank_counts():
    contracts = BEFORE + "a extra 2026-04-01 2027-01-01 10 1 pro - 2"
    assert state(contracts, by="tier") == "1"
    assert state(BEFORE + "a core 2026-04-01 2027-01-01 999 99 basic - 1", by="tier") == "0"


def test_leaving_without_buying_more_is_censored():
    assert state(BEFORE) == "censored"


def test_without_seats_and_plan_the_revenue_alone_decides():
    contracts = "account_id start_at end_at mrr\na 2026-01-01 2026-04-01 100\na 2026-04-01 2027-01-01 150"
    assert state(contracts) == "1"
    assert state(contracts, min_increase=0.6) == "0"


def test_the_horizon_must_have_passed():
    contracts = BEFORE + "a core 2026-04-01 2027-01-01 150 15 basic - 1"
    assert state(contracts, as_of="2026-09-01") == "immature"

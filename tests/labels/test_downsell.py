from __future__ import annotations

import pandas as pd
import pytest
from builders import book, keys

from cs_ml.labels import DownsellLabeler

HEADER = "account_id product start_at end_at mrr cancelled_at\n"
TERM = "a core 2026-01-01 2026-05-01 100 -\n"


def label(contracts: str, as_of: str = "2026-03-01", **options) -> pd.Series:
    tables = book(data_end="2026-12-01", contracts=HEADER + contracts)
    return DownsellLabeler(**options).label(tables, pd.DataFrame(index=keys(("a", as_of)))).iloc[0]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("a core 2026-05-01 2027-05-01 94 -", "1"),
        ("a core 2026-05-01 2027-05-01 95 -", "1"),  # five per cent less is enough
        ("a core 2026-05-01 2027-05-01 96 -", "0"),
        ("a core 2026-05-31 2027-05-01 100 -", "0"),  # renewed within grace
        ("a core 2026-06-01 2027-05-01 50 -", "censored"),  # away for longer than grace: it left
        ("", "censored"),
    ],
)
def test_renewing_for_less(more, expected):
    assert label(TERM + more)["state"] == expected


def test_giving_up_one_of_two_products():
    found = label("a core 2026-01-01 2027-01-01 100 -\na extra 2026-01-01 2027-01-01 30 2026-04-15")
    assert (found["state"], str(found["effective_at"].date())) == ("1", "2026-04-15")


def test_what_is_bought_elsewhere_makes_up_for_it():
    lines = "a core 2026-01-01 2027-01-01 100 -\na extra 2026-01-01 2026-04-15 30 -\na other 2026-04-01 2027-04-01 30 -"
    assert label(lines)["state"] == "0"


def test_a_fall_after_the_horizon_or_before_the_date_does_not_count():
    assert label(TERM + "a core 2026-05-01 2027-05-01 50 -", horizon_days=30)["state"] == "0"
    assert label(TERM + "a core 2026-05-01 2027-05-01 50 -", as_of="2026-06-01")["state"] == "0"


def test_an_account_that_falls_and_then_leaves_fell_first():
    lines = TERM + "a extra 2026-01-01 2026-04-01 50 -"
    assert label(lines)["state"] == "1"

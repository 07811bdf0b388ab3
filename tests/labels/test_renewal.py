from __future__ import annotations

import pandas as pd
import pytest
from builders import book, keys

from cs_ml.labels import NonRenewalLabeler

HEADER = "account_id product start_at end_at mrr cancel_requested_at cancelled_at\n"
TERM = "a core 2026-01-01 2026-05-01 100 - -\n"


def label(contracts: str, as_of: str = "2026-03-01", **options) -> pd.Series:
    tables = book(data_end="2026-12-01", contracts=HEADER + contracts)
    return NonRenewalLabeler(**options).label(tables, pd.DataFrame(index=keys(("a", as_of)))).iloc[0]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", "1"),
        ("a core 2026-05-01 2027-05-01 80 - -", "0"),  # renewed, if for less
        ("a core 2026-05-31 2027-05-01 80 - -", "0"),  # on the last day of grace
        ("a core 2026-06-01 2027-05-01 80 - -", "1"),  # a day too late
        ("a other 2026-05-01 2027-05-01 80 - -", "1"),  # another product renews nothing
        ("a core 2026-04-01 2027-04-01 80 - -", "0"),  # renewed early
    ],
)
def test_a_term_is_renewed_by_a_line_of_its_product(more, expected):
    assert label(TERM + more)["state"] == expected


def test_only_terms_that_end_inside_the_horizon_are_asked():
    assert label(TERM, as_of="2026-01-15")["state"] == "censored"
    assert label(TERM, as_of="2026-01-31", gap_days=0)["state"] == "censored"  # 90 days on is outside
    assert label(TERM, as_of="2026-02-01")["state"] == "1"


def test_a_term_cancelled_early_was_not_renewed_and_was_decided_with_the_notice():
    found = label("a core 2026-01-01 2026-05-01 100 2026-03-20 2026-04-10")
    assert (found["state"], str(found["effective_at"].date()), str(found["decided_at"].date())) == (
        "1", "2026-04-10", "2026-03-20",
    )  # fmt: skip


def test_a_term_that_ends_in_the_gap_is_out():
    assert label("a core 2026-01-01 2026-05-01 100 2026-03-05 2026-03-10", gap_days=30)["state"] == "censored"


def test_a_term_that_had_ended_before_anybody_was_told_is_out():
    assert label("a core 2026-01-01 2026-05-01 100 2026-03-05 2026-02-20")["state"] == "censored"


def test_whoever_cannot_be_known_yet_is_immature():
    assert label("a core 2026-01-01 2026-11-15 100 - -", as_of="2026-10-01")["state"] == "immature"

from __future__ import annotations

import pandas as pd
import pytest
from builders import book, keys

from cs_ml.errors import ConfigError
from cs_ml.labels import CrossSellLabeler

HEADER = "account_id product start_at end_at mrr\n"
CORE = "a core 2026-01-01 2026-09-01 100\nz extra 2026-01-01 2026-02-01 1\n"


def state(contracts: str, as_of: str = "2026-03-01", product: str = "extra", **options) -> str:
    tables = book(data_end="2026-12-01", contracts=HEADER + contracts)
    spine = pd.DataFrame(index=keys(("a", as_of)))
    return CrossSellLabeler(product=product, **options).label(tables, spine)["state"].iloc[0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "0"),
        ("a extra 2026-03-01 2027-01-01 10", "1"),  # the first day of the horizon
        ("a extra 2026-05-29 2027-01-01 10", "1"),  # and the last
        ("a extra 2026-05-30 2027-01-01 10", "0"),
        ("a extra 2026-02-28 2027-01-01 10", "censored"),  # owned already
        ("a extra 2026-01-01 2026-02-20 10", "censored"),  # given up a moment ago
        ("a extra 2025-01-01 2025-02-20 10\na extra 2026-04-01 2027-01-01 10", "1"),  # back after a year
    ],
)
def test_taking_up_a_product(line, expected):
    assert state(CORE + line) == expected


def test_who_leaves_first_is_out():
    assert state("a core 2026-01-01 2026-04-01 100\nz extra 2026-01-01 2026-02-01 1") == "censored"


def test_a_product_that_nobody_has_is_refused():
    with pytest.raises(ConfigError, match=r"contracts.product.*core, extra"):
        state(CORE, product="Extra")

import re

import numpy as np
import pandas as pd
import pytest

from cs_ml.report import LANGUAGES, PortfolioReport
from cs_ml.report.priority import priority_rows
from cs_ml.report.words import Words

FIRST = pd.DataFrame(
    {
        "rank": [1, 2],
        "account_id": ["a00001", "a00002"],
        "p_leave": [0.5, 0.25],
        "mrr": [1000.0, 500.0],
        "term_months": [6.25, 12.0],
        "at_stake": [3125.0, 1500.0],
        "at_stake_low": [2000.0, np.nan],
        "at_stake_high": [4000.0, np.nan],
        "covered": [0.6, 0.8881],
    }
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_portfolio_lists_whom_to_work_on_first_and_links_to_them(scores, lang):
    links = {"a00001": "accounts/002.html"}
    page = PortfolioReport(scores, priority=FIRST, capacity=2, currency="EUR", links=links, lang=lang).html()
    (section,) = re.findall(r'<section id="first">.*?</section>', page, flags=re.DOTALL)
    for shown in ("EUR", "3,125", "2,000 - 4,000", "6.2", "accounts/002.html"):
        assert shown in section
    assert not re.search("saved|prevent|avoid", section)  # what is at stake is not what work would keep


def test_an_account_of_hostile_name_stays_text(scores):
    page = PortfolioReport(scores, priority=FIRST.assign(account_id=["a00000", "gone"])).html()
    assert "<script>alert(1)" not in page
    assert "gone" in page


def test_rows_keep_their_order_and_a_missing_interval_is_a_dash():
    rows = priority_rows(FIRST, pd.DataFrame(index=pd.Index([], name="account_id")), Words("en"))
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert [row["interval"] for row in rows] == ["2,000 - 4,000", "–"]
    assert rows[0]["name"] == "a00001"
    assert priority_rows(None, pd.DataFrame(), Words("en")) == []

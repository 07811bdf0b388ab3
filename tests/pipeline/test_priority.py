from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import keys

from cs_ml.config import Config
from cs_ml.pipeline.priority import describe_priority, priority_of, with_stake

CONFIG = Config(tables={"folder": "d"}, priority={"capacity": 2})
INDEX = keys(*[(account, "2026-01-01") for account in "abcd"])


@pytest.fixture
def scores():
    """Return four accounts; the largest stake has given notice, the smallest is not known."""
    found = pd.DataFrame({"p_churn": [0.1, 0.2, 0.5, 0.3], "mrr": [100.0, 100.0, 100.0, np.nan]}, index=INDEX)
    return with_stake(CONFIG, found, pd.DataFrame({"contracts_term_months": [12.0, 1.0, 24.0, 12.0]}, index=INDEX))


def spine(*noticed):
    return pd.DataFrame({"notice_given": INDEX.get_level_values("account_id").isin(noticed)}, index=INDEX)


def test_without_stays_the_term_is_that_of_the_contract_up_to_a_year(scores):
    year = 365 / (365.25 / 12)
    np.testing.assert_allclose(scores["at_stake"], [0.1 * 100 * year, 0.2 * 100 * 1, 0.5 * 100 * year, np.nan])


def test_as_many_as_the_team_can_work_on_most_at_stake_first(scores):
    first = priority_of(CONFIG, scores, spine())
    assert first["account_id"].tolist() == ["c", "a"]
    assert first["rank"].tolist() == [1, 2]
    np.testing.assert_allclose(
        first["covered"].iloc[-1], scores["at_stake"].iloc[[0, 2]].sum() / scores["at_stake"].sum()
    )


def test_who_gave_notice_is_not_listed_and_not_covered(scores):
    first = priority_of(CONFIG, scores, spine("c"))
    assert first["account_id"].tolist() == ["a", "b"]
    assert first["covered"].iloc[-1] == pytest.approx(1.0)


def test_covered_is_a_share_of_the_accounts_that_could_be_listed(scores):
    stake = scores["at_stake"].to_numpy()
    one = Config(tables={"folder": "d"}, priority={"capacity": 1})
    first = priority_of(one, scores, spine("c"))
    assert first["covered"].item() == pytest.approx(stake[0] / (stake[0] + stake[1]))
    assert "86% of what is at stake at accounts that gave no notice" in describe_priority(first, None)[0]


def test_equal_stakes_are_ordered_by_account_whatever_the_order_of_rows(scores):
    same = scores.assign(at_stake=1.0).iloc[::-1]
    assert priority_of(CONFIG, same, spine())["account_id"].tolist() == ["a", "b"]


def test_where_nothing_is_known_to_be_at_stake_there_is_no_list(scores):
    assert priority_of(CONFIG, scores.drop(columns="at_stake"), spine()) is None
    assert priority_of(CONFIG, scores.assign(at_stake=0.0), spine()) is None
    assert describe_priority(None, "USD") == []
    unknown = scores[["p_churn"]]
    assert with_stake(CONFIG, unknown, pd.DataFrame(index=INDEX)) is unknown


def test_what_was_foreseen_is_kept(scores):
    known = scores.assign(at_stake=7.0)
    assert with_stake(CONFIG, known, pd.DataFrame({"contracts_term_months": 12.0}, index=INDEX)) is known


def test_the_currency_is_told(scores):
    (told,) = describe_priority(priority_of(CONFIG, scores, spine()), "JPY")
    assert told == (
        "first 2 accounts to work on: 720 JPY at stake (risk x MRR x remaining term), "
        "97% of what is at stake at accounts that gave no notice"
    )

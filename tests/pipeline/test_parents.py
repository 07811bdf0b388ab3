"""Who is the topmost parent on a date, as known then."""

import pandas as pd
from builders import book

from cs_ml.health.parents import roll_up
from cs_ml.pipeline.parents import family_table, parents_of, topmost

BOOK = {
    "accounts": """
        account_id parent_id valid_from
        a          m         -
        a          -         2026-03-01
        b          m         -
        m          holding   -
        x          y         -
        y          x         -
        alone      -         -""",
    "contracts": """
        account_id start_at   mrr
        a          2025-01-01 100
        b          2025-01-01 100""",
}


def tops(date):
    names = ["a", "b", "m", "x", "y", "alone"]
    index = pd.MultiIndex.from_product([names, [pd.Timestamp(date)]], names=["account_id", "as_of"])
    return topmost(book(**BOOK), index).tolist()


def test_parents_are_followed_to_the_top_as_known_on_the_date():
    assert tops("2026-02-01") == ["holding", "holding", "holding", "x", "x", None]
    assert tops("2026-04-01") == [None, "holding", "holding", "x", "x", None]


def test_without_parents_there_is_no_roll_up():
    index = pd.MultiIndex.from_product([["a"], [pd.Timestamp("2026-02-01")]], names=["account_id", "as_of"])
    scores = pd.DataFrame({"health": [50.0], "mrr": [1.0]}, index=index)
    assert parents_of(None, scores, None) is None
    assert topmost(book(contracts=BOOK["contracts"]), index).isna().all()


def test_children_stand_below_their_parent_and_the_most_money_comes_first():
    index = pd.MultiIndex.from_product([["a", "b", "c", "d"], [pd.Timestamp("2026-02-01")]])
    index.names = ["account_id", "as_of"]
    scores = pd.DataFrame({"health": 50.0, "band": "yellow", "p_stay": 0.9, "mrr": [1.0, 2.0, 30.0, 4.0]}, index=index)
    found = roll_up(scores, pd.Series(["small", "small", "big", "big"], index=index))
    shown = family_table(*found)
    assert shown["account_id"].tolist() == ["", "c", "d", "", "b", "a"]
    assert shown["parent_id"].tolist() == ["big"] * 3 + ["small"] * 3
    assert family_table(*found, most=1)["parent_id"].unique().tolist() == ["big"]

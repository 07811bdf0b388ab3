"""Parent accounts: weighted by money, children shown, nothing made up."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.health.parents import roll_up

DAY = pd.Timestamp("2026-01-01")


def scores(health, mrr, p_stay=None):
    index = pd.MultiIndex.from_product([[f"a{at}" for at in range(len(health))], [DAY]], names=["account_id", "as_of"])
    frame = pd.DataFrame({"health": health, "mrr": mrr}, index=index, dtype=float)
    band = pd.cut(frame["health"], [-1, 39.999, 59.999, 100], labels=["red", "yellow", "green"]).astype(object)
    return frame.assign(p_stay=frame["health"] / 100 if p_stay is None else p_stay, band=band)


def of(frame, *names):
    return roll_up(frame, pd.Series(names, index=frame.index, dtype=object))


def test_health_is_weighted_by_mrr_and_children_are_shown():
    parents, children = of(scores([80, 20, 70], [300, 100, 5]), "g", "g", None)
    assert parents.loc[("g", DAY), ["health", "p_stay", "mrr"]].tolist() == pytest.approx([65.0, 0.65, 400.0])
    assert parents.loc[("g", DAY), ["band", "children", "red", "worst", "worst_health"]].tolist() == [
        "green", 2, 1, "a1", 20.0,
    ]  # fmt: skip
    assert children.index.get_level_values("account_id").tolist() == ["a0", "a1"]
    assert children["share"].tolist() == [0.75, 0.25]


def test_a_child_without_a_score_is_shown_and_does_not_count():
    parents, children = of(scores([80, np.nan], [100, 900]), "g", "g")
    assert parents.loc[("g", DAY), ["health", "mrr", "mrr_scored"]].tolist() == [80.0, 1000.0, 100.0]
    assert children["health"].isna().tolist() == [True, False]


def test_where_no_money_is_scored_health_is_null_and_not_a_guess():
    parents, _ = of(scores([80, 20], [0, np.nan]), "g", "g")
    assert parents["health"].isna().all()
    assert parents["band"].isna().all()
    assert parents["children"].tolist() == [2]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 1e6)), min_size=1, max_size=6))
def test_a_parent_lies_between_its_children(members):
    health, mrr = zip(*members, strict=True)
    parents, _ = of(scores(health, mrr), *["g"] * len(members))
    assert min(health) - 1e-9 <= parents["health"].iloc[0] <= max(health) + 1e-9
    assert parents["p_stay"].iloc[0] == pytest.approx(parents["health"].iloc[0] / 100)


def test_the_order_of_rows_does_not_matter():
    frame = scores([80.3, 20.1, 55.7], [300.1, 100.2, 7.7])
    one, other = of(frame, "g", "g", "g"), of(frame.iloc[::-1], "g", "g", "g")
    assert one[0].equals(other[0])
    assert one[1].equals(other[1])

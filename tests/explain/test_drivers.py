import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import FrameError, InputError
from cs_ml.explain import TypicalValues, drivers
from cs_ml.explain.drivers import COLUMNS

DAY = pd.Timestamp("2026-01-01")
INDEX = pd.MultiIndex.from_tuples([("a", DAY), ("b", DAY)], names=["account_id", "as_of"])
CATALOG = pd.DataFrame(
    {
        "theme": ["usage", "sentiment", "contract"],
        "unit": ["users", "score", "category"],
        "role": ["lever", "signal", "context"],
        "label_en": ["Active users", "Latest NPS", "Plan"],
        "label_ja": ["アクティブユーザー数", "直近のNPS", "プラン"],
        "sentence_en": "",
        "sentence_ja": "",
    },
    index=["users", "nps", "plan"],
)
X = pd.DataFrame({"users": [3.0, 8.0], "nps": [np.nan, 9.0], "plan": pd.Categorical(["pro", "free"])}, index=INDEX)
TERMS = pd.DataFrame(
    {"users": [0.5, -0.1], "nps": [-0.7, 0.0], "plan": [0.2, np.nan], "margin": [0.3, 2.0]}, index=INDEX
)


def found(**changes):
    given = {"typical": TypicalValues().fit(X), "target": "churn", "top": 2} | changes
    return drivers(TERMS, X, CATALOG, **given)


def test_the_largest_terms_come_first():
    frame = found(top=3)
    assert tuple(frame.columns) == COLUMNS
    assert frame[["account_id", "rank", "feature", "points"]].to_numpy().tolist() == [
        ["a", 1, "nps", -0.7],
        ["a", 2, "users", 0.5],
        ["a", 3, "margin", 0.3],
        ["b", 1, "margin", 2.0],
        ["b", 2, "users", -0.1],
    ]


def test_a_value_stands_beside_what_is_typical():
    frame = found(top=4).set_index(["account_id", "feature"])
    assert frame.loc[("a", "users"), ["value", "typical", "theme", "role"]].tolist() == [3.0, 5.5, "usage", "lever"]
    assert frame.loc[("a", "nps"), "value"] is None
    assert frame.loc[("a", "plan"), "value"] == "pro"
    assert frame.loc[("b", "margin"), ["value", "typical", "theme"]].tolist() == [None, None, "other"]
    assert frame.loc[("b", "margin"), "sentence_en"] == "Margin; this goes with a higher risk of leaving."
    assert frame.loc[("a", "users"), "sentence_en"] == (
        "Active users: 3 (typical: 5.5); this goes with a higher risk of leaving."
    )
    assert frame.loc[("a", "nps"), "sentence_ja"].startswith("直近のNPS: 不明")


@pytest.mark.parametrize("top", [1, 2, 9])
def test_ranks_agree_with_a_plain_loop(top):
    rng = np.random.default_rng(top)
    index = pd.MultiIndex.from_product([[f"a{i}" for i in range(40)], [DAY]], names=["account_id", "as_of"])
    terms = pd.DataFrame(rng.integers(-3, 4, (40, 6)).astype(float), index=index, columns=list("abcdef"))
    frame = drivers(terms, terms, CATALOG, typical=TypicalValues().fit(terms), target="upsell", top=top)
    for account, rows in frame.groupby("account_id"):
        row = terms.loc[account].iloc[0]
        names = sorted((name for name in row.index if row[name]), key=lambda name: -abs(row[name]))[:top]
        assert rows["feature"].tolist() == names
        assert rows["points"].tolist() == row[names].tolist()


def test_only_a_confirmed_sign_is_stable():
    by_feature = pd.Series({"users": 0.8, "nps": 0.79, "plan": 1.0, "margin": np.nan})
    frame = found(stability=by_feature, top=4).set_index(["account_id", "feature"])["stable"]
    assert frame["a"].to_dict() == {"nps": False, "users": True, "margin": False, "plan": True}
    by_row = pd.DataFrame(1.0, index=INDEX, columns=TERMS.columns)
    by_row.loc[("b", DAY), "users"] = 0.1
    frame = found(stability=by_row).set_index(["account_id", "feature"])["stable"]
    assert frame[("a", "users")]
    assert not frame[("b", "users")]
    assert found()["stable"].all()


def test_all_terms_together_keep_the_sum():
    sums = found(top=99).groupby("account_id")["points"].sum()
    np.testing.assert_allclose(sums, TERMS.sum(axis=1).to_numpy())


def test_nothing_to_say_is_an_empty_frame():
    frame = drivers(TERMS * 0.0, X, CATALOG, typical=TypicalValues().fit(X), target="churn")
    assert frame.empty
    assert tuple(frame.columns) == COLUMNS


def test_frames_that_do_not_belong_together_are_refused():
    typical = TypicalValues().fit(X)
    with pytest.raises(FrameError, match="the rows of the contributions"):
        drivers(TERMS, X.iloc[::-1], CATALOG, typical=typical, target="churn")
    with pytest.raises(FrameError, match="no \\['margin'\\]"):
        found(stability=pd.Series({"users": 1.0, "nps": 1.0, "plan": 1.0}))
    with pytest.raises(FrameError, match="other rows"):
        found(stability=TERMS.iloc[::-1].abs())
    with pytest.raises(InputError, match=r"(?s)2 faults.*target.*top"):
        found(target="weather", top=0)


def test_free_text_is_not_carried_along():
    X_text = X.assign(text=["Taro says no", None])
    catalog = pd.DataFrame({"unit": ["text"], "label_en": ["Comments"]}, index=["text"])
    frame = drivers(
        X[["users"]].set_axis(["text"], axis=1), X_text, catalog, typical=TypicalValues().fit(X), target="churn"
    )
    assert frame["value"].tolist() == [None, None]
    assert not frame.astype(str).apply(lambda column: column.str.contains("Taro")).any(axis=None)


def test_a_target_of_another_name_says_what_it_is_about():
    frame = found(target="leaves_in_spring", about="churn")
    assert set(frame["target"]) == {"leaves_in_spring"}
    assert frame["sentence_en"].equals(found()["sentence_en"])

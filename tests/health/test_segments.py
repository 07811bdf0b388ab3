"""Scorecards of segments: declared order, the book's weights as prior, and one score that adds up."""

import json

import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import ConfigError
from cs_ml.health import HealthScore, Measure, load_scorecard
from cs_ml.health.pooled import Pooled
from cs_ml.health.segment_card import SegmentCard
from cs_ml.health.segments import segment_rows

BIG = SegmentCard(name="big", when={"size": ("L",)}, weights={"nps": 0}, without=("noise",))


@pytest.fixture(name="two", scope="module")
def two_fixture(make_world):
    """A book of two kinds of accounts: in the large ones the third measure decides, in the small ones the first."""
    parts = []
    for size, true in (("S", (5, 1, 0, 0)), ("L", (0, 1, 5, 0))):
        X, y = make_world(ord(size), n_accounts=200, n_dates=14, base=-3.2, true=np.array(true, float))
        index = X.index.set_levels([f"{size}{name}" for name in X.index.levels[0]], level=0)
        parts.append((X.set_axis(index).assign(size=size), y.set_axis(index)))
    return tuple(pd.concat(part).sort_index() for part in zip(*parts, strict=True))


@pytest.fixture(name="health", scope="module")
def health_fixture(two, make_card):
    card = make_card((3, 1, 3, 0.5), segments=(SegmentCard(name="big", when={"size": ("L",)}),))
    return HealthScore(card).fit(*two, segment="size")


def test_a_row_takes_the_first_segment_that_fits(make_card):
    second = SegmentCard(name="all", when={"size": ("L", "S")})
    card = make_card(segments=(BIG, second))
    rows = segment_rows(card, pd.DataFrame({"size": ["L", "S", None]}))
    assert {name: list(at) for name, at in rows.items()} == {"big": [1, 0, 0], "all": [0, 1, 0]}
    other = segment_rows(make_card(segments=(second, BIG)), pd.DataFrame({"size": ["L", "S", None]}))
    assert list(other["big"]) == [0, 0, 0]


def test_a_segment_changes_weights_and_leaves_out_measures(make_card):
    extra = Measure(name="calls", feature="f_calls", dimension="support", relative="higher", weight=2)
    card = make_card(segments=(BIG.model_copy(update={"measures": (extra,)}),))
    own = card.for_segment(card.segments[0])
    assert [(measure.name, measure.weight) for measure in own.measures] == [
        ("days", 4), ("seats", 2), ("nps", 0), ("calls", 2),
    ]  # fmt: skip
    assert own.version.startswith("test/big-")


def test_a_segment_that_is_another_learns_weights_of_its_own(health, two):
    own, whole = health.segment_weights_.loc["big"], health.weights_
    assert np.isfinite(health.segments_["big"].strength)
    assert own.loc["nps", "posterior"] > whole.loc["nps", "posterior"] + 0.5
    assert own.loc["days", "posterior"] < whole.loc["days", "posterior"] - 0.5
    assert own["prior"].to_numpy() == pytest.approx(whole["posterior"].to_numpy(), abs=1.0)


def test_the_whole_adds_up_in_the_order_of_the_rows(health, two):
    X = two[0].sample(300, random_state=0)
    scores, (parts, base) = health.score(X), health.contributions(X)
    assert scores.index.equals(X.index)
    assert parts.index.equals(X.index)
    np.testing.assert_allclose(base + parts.sum(axis=1), scores["health"], rtol=0, atol=1e-9)
    small = X["size"] == "S"
    assert scores["scorecard_version"][small].nunique() == scores["scorecard_version"][~small].nunique() == 1
    alone = health.score(X[small])
    assert alone.equals(scores[small])


def test_an_expected_segment_without_rows_is_no_fault(health, two):
    X = two[0][two[0]["size"] == "L"]
    assert health.score(X)["health"].notna().all()


def test_a_saved_score_gives_the_same_bits(health, two):
    again = HealthScore.from_state(json.loads(json.dumps(health.to_state())))
    assert again.score(two[0]).equals(health.score(two[0]))


def test_a_segment_with_few_churns_takes_the_weights_of_the_book(two, make_card):
    X, y = two
    large = y.index[(X["size"] == "L") & (y["label"] == 1)].get_level_values("account_id").unique()
    few = ~X.index.get_level_values("account_id").isin(large[8:])
    card = make_card((3, 1, 3, 0.5), segments=(SegmentCard(name="big", when={"size": ("L",)}),))
    health = HealthScore(card, segment_offset=False).fit(X[few], y[few])
    assert health.segment_weights_["posterior"].to_numpy() == pytest.approx(health.weights_["posterior"].to_numpy())
    assert "8 churn events" in " ".join(health.notes_)


def test_a_strong_prior_keeps_the_weights_and_a_weak_one_lets_them_go(health, two):
    from cs_ml.health.book import Book
    from cs_ml.health.inputs import segment_of

    X, y = two
    book = Book.make(X[X["size"] == "L"], y[X["size"] == "L"], segment_of(X[X["size"] == "L"], None), None)
    z = book.columns(health.segments_["big"].typical)
    prior, strengths = np.array([4.0, 1, 0, 0]), (0.1, 1.0, 10.0, 1e3, float("inf"))
    fits = [Pooled(prior, 2.0, strength).fit(book, z)[1:] for strength in strengths]
    gaps = [np.abs(fit - prior).sum() for fit in fits]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] == 0


def test_segments_are_read_from_yaml_and_faults_have_a_place(tmp_path):
    text = """\
measures:
  days: {feature: d, dimension: adoption, relative: higher}
  nps: {feature: n, dimension: sentiment, relative: higher}
segments:
  big:
    when: {size: [L, XL]}
    weights: {days: 3}
    without: [nps]
    measures:
      calls: {feature: c, dimension: support, relative: lower}
"""
    path = tmp_path / "card.yaml"
    path.write_text(text, encoding="utf-8")
    card = load_scorecard(path)
    assert card.for_segment(card.segments[0]).names == ("days", "calls")
    path.write_text(text.replace("when:", "wen:"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"card.yaml:6:5: big: .*found 'wen'; did you mean 'when'"):
        load_scorecard(path)
    path.write_text(text.replace("[nps]", "[npz]"), encoding="utf-8")
    with pytest.raises(ConfigError, match="segment 'big': measures of the scorecard, such as nps"):
        load_scorecard(path)


def test_a_column_that_does_not_exist_is_named(two, make_card):
    with pytest.raises(ConfigError, match="segment 'big': when"):
        HealthScore(make_card(segments=(BIG,))).fit(two[0].drop(columns="size"), two[1])


def test_without_outcomes_segments_rest_on_the_experts_weights(two, make_card):
    X = two[0]
    card = make_card(segments=(BIG, SegmentCard(name="none", when={"size": ("XXL",)})))
    health = HealthScore.expert_only(0.1, X, card)
    scores, (parts, base) = health.score(X), health.contributions(X)
    np.testing.assert_allclose(base + parts.sum(axis=1), scores["health"], rtol=0, atol=1e-9)
    large = (X["size"] == "L").to_numpy()
    assert (parts.loc[large, "noise"] == 0).all()
    assert (parts.loc[~large, "noise"] != 0).any()


def test_what_a_segment_promises_is_measured_on_its_own_refits(health, two):
    own = health.segments_["big"]
    big = (two[0]["size"] == "L").to_numpy()
    assert big[own.unseen.index].all()
    assert own.tables["reliability"]["rows"].sum() == len(own.unseen) == own.facts["rows_out_of_time"]
    ranking = health.segment_ranking_.loc["big"]
    assert ranking.loc["health", "auc"] > ranking.loc["weights of the whole book", "auc"] + 0.02
    assert list(health.segment_checks_.loc["big"].index) == list(health.checks_.index)


def test_the_promises_of_the_whole_are_those_of_the_weights_that_each_row_gets(health, two, make_card):
    plain = HealthScore(make_card((3, 1, 3, 0.5))).fit(*two, segment="size")
    big = (two[0]["size"] == "L").to_numpy()[health.learned_.unseen.index]
    own, without = health.learned_.unseen["published"], plain.learned_.unseen["published"]
    assert own[~big].tolist() == without[~big].tolist()
    assert own[big].tolist() == health.segments_["big"].unseen["published"].tolist()
    assert health.reliability_["rows"].sum() == plain.reliability_["rows"].sum()
    assert health.ranking_.loc["health", "auc"] > plain.ranking_.loc["health", "auc"]


def test_a_segment_with_too_few_churns_takes_the_calibration_of_the_book(two, make_card):
    some = SegmentCard(name="some", when={"account": ("La00001", "La00002", "La00003")})
    X = two[0].assign(account=two[0].index.get_level_values("account_id"))
    health = HealthScore(make_card(segments=(some,))).fit(X, two[1])
    assert health.segments_["some"].affine == health.calibration_
    assert health.segments_["some"].strength == np.inf

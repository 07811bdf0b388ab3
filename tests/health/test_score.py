import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.base import clone

from cs_ml.errors import BundleError, ConfigError, FrameError, NotEnoughData
from cs_ml.health import Bands, HealthScore
from cs_ml.health.book import Book
from cs_ml.health.calibrate import Affine, slope_of
from cs_ml.health.drift import Spaced
from cs_ml.health.inputs import segment_of
from cs_ml.health.typical import Typical
from cs_ml.health.weights import Recipe, event_tempo, out_of_time
from cs_ml.timeline.split import TimeSplit, as_of_dates

POLICIES = ("segment_mean", "renormalise", "neutral", "worst")


@pytest.fixture(name="segmented", scope="module")
def segmented_fixture(world, card):
    X, y = world
    account = X.index.get_level_values("account_id")
    segment = pd.Series(np.where(account < "a00070", "large", "small"), index=X.index, name="segment")
    margin = pd.Series(-(X.sum(axis=1) - 200) / 60, index=X.index)
    return HealthScore(card).fit(X, y, margin, segment), X, margin, segment


def test_the_formula_is_that_of_the_docstring(world, fitted):
    X, _ = world
    points = X.to_numpy()
    x = np.nan_to_num((points - np.nanmean(points, axis=0)) / 100)
    alpha, weights = fitted.learned_.mode[0], fitted.weights_["posterior"].to_numpy()
    eta = fitted.calibration_.shift + fitted.calibration_.slope * (alpha + x @ weights)
    expected = np.clip(50 + 10 / np.log(2) * (eta - fitted.eta_ref_), 0, 100)
    scores = fitted.score(X)
    assert scores["health"].to_numpy() == pytest.approx(expected)
    assert scores["p_stay"].to_numpy() == pytest.approx(expit(eta))


def test_fifty_is_the_base_rate_of_the_labelled_rows(world, fitted):
    _, y = world
    assert fitted.eta_ref_ == pytest.approx(logit(1 - y["label"].mean()))
    assert f"eta_ref {fitted.eta_ref_:.4f}" in fitted.meaning_


def test_ten_points_more_are_twice_the_odds(world, fitted):
    scores = fitted.score(world[0]).query("0 < health < 100")
    odds = scores["p_stay"] / (1 - scores["p_stay"])
    ten = np.log2(odds / odds.iloc[0]) * 10
    assert (scores["health"] - scores["health"].iloc[0]).to_numpy() == pytest.approx(ten.to_numpy())


def test_the_published_columns_are_all_there(world, fitted):
    scores = fitted.score(world[0])
    assert list(scores) == [
        *("health", "health_low", "health_high", "p_stay", "band", "coverage", "health_reason"),
        *("scorecard_version", "points_adoption"),
    ]
    assert (scores["health_low"] <= scores["health"]).all()
    assert (scores["health"] <= scores["health_high"]).all()
    assert set(scores["band"]) <= {"red", "yellow", "green"}
    assert scores["scorecard_version"].unique() == [fitted.scorecard_version_]


@pytest.mark.parametrize("scale", ["odds", "probability"])
@pytest.mark.parametrize("missing", POLICIES)
def test_parts_add_up_to_the_published_number(world, make_card, scale, missing):
    X, y = world
    health = HealthScore(make_card(missing=missing, pdo=30), scale=scale, n_origins=2).fit(X, y)
    ends = X.copy()
    ends.iloc[-2:] = [[0.0] * 4, [100.0] * 4]
    parts, base = health.contributions(ends)
    scores = health.score(ends)
    assert np.abs(base + parts.sum(axis=1) - scores["health"]).max() < 1e-9
    if scale == "odds":
        assert scores["health"].iloc[-2:].tolist() == [0.0, 100.0]
        assert parts["clipped"].iloc[-2] > 1
        assert parts["clipped"].iloc[-1] < -1


def test_parts_add_up_with_segments_and_model_too(segmented):
    health, X, margin, segment = segmented
    parts, base = health.contributions(X, margin, segment)
    assert list(parts) == ["segment", "days", "seats", "nps", "noise", "model", "clipped"]
    assert np.abs(base + parts.sum(axis=1) - health.score(X, margin, segment)["health"]).max() < 1e-9


def test_without_the_cut_parts_are_log_odds_in_points(world, fitted):
    X, _ = world
    parts, base = fitted.contributions(X)
    unclipped = base + parts.drop(columns="clipped").sum(axis=1)
    expected = 50 + 10 / np.log(2) * (logit(fitted.score(X)["p_stay"]) - fitted.eta_ref_)
    assert unclipped.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-9)


def test_probability_scale_is_the_probability_in_percent(world, card):
    X, y = world
    scores = HealthScore(card, scale="probability", n_origins=2).fit(X, y).score(X)
    assert scores["health"].to_numpy() == pytest.approx(100 * scores["p_stay"].to_numpy())
    odds = HealthScore(card, n_origins=2).fit(X, y).score(X)
    assert scores["band"].equals(odds["band"])


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_raising_a_measure_never_lowers_health(world, make_card, data):
    X, _ = world
    health = _fitted(world, make_card, data.draw(st.sampled_from(POLICIES)))
    row = X.dropna().iloc[[data.draw(st.integers(0, 200))]]
    name = data.draw(st.sampled_from(list(X)))
    raised = row.assign(**{name: row[name] + data.draw(st.floats(0, 100))})
    assert health.score(raised)["health"].iloc[0] >= health.score(row)["health"].iloc[0] - 1e-12


_CACHE = {}


def _fitted(world, make_card, missing):
    if missing not in _CACHE:
        _CACHE[missing] = HealthScore(make_card(missing=missing), n_origins=2).fit(*world)
    return _CACHE[missing]


def test_a_higher_risk_by_the_model_never_raises_health(segmented):
    health, X, margin, segment = segmented
    safe, risky = (health.score(X, margin + more, segment)["health"] for more in (0, 1))
    assert (risky <= safe + 1e-12).all()


def test_missing_policies_do_what_they_say(world, make_card):
    X, _ = world
    row = X.dropna().iloc[[0]].assign(f_days=np.nan)
    got = {}
    for policy in POLICIES:
        health = _fitted(world, make_card, policy)
        parts, _ = health.contributions(row)
        typical = health.learned_.typical.means["*"][0]
        unit = 10 / np.log(2) * health.calibration_.slope * health.weights_.loc["days", "posterior"] / 100
        got[policy] = parts["days"].iloc[0] / unit if unit else 0.0
        if policy == "neutral":
            assert got[policy] == pytest.approx(50 - typical)
        if policy == "worst":
            assert got[policy] == pytest.approx(-typical)
    assert got["segment_mean"] == got["renormalise"] == 0.0


def test_renormalise_lets_the_present_measures_count_more(world, make_card):
    X, _ = world
    health = _fitted(world, make_card, "renormalise")
    row = X.dropna().iloc[[0]]
    whole, part = (health.contributions(frame)[0].iloc[0] for frame in (row, row.assign(f_days=np.nan)))
    share = health.learned_.typical.scorecard.prior[1:].sum()
    assert part["seats"] == pytest.approx(whole["seats"] / share)


def test_below_the_coverage_floor_health_is_null_and_says_why(world, make_card):
    X, y = world
    card = make_card().model_copy(update={"coverage_floor": 0.5})
    health = HealthScore(card, n_origins=2).fit(X, y)
    thin = X.iloc[:2].assign(f_days=[np.nan, 50.0], f_seats=[50.0, np.nan], f_nps=[50.0, 50.0], f_noise=50.0)
    scores = health.score(thin)
    assert scores["coverage"].tolist() == pytest.approx([3.5 / 7.5, 5.5 / 7.5])
    assert scores.iloc[0][["health", "health_low", "health_high", "p_stay", "band"]].isna().all()
    assert scores["health_reason"].iloc[0] == (
        "only 47% of the scorecard's weight is present (at least 50% is needed); missing: days"
    )
    assert scores["health_reason"].iloc[1] is None
    assert scores["health"].notna().tolist() == [False, True]
    assert health.contributions(thin)[0].iloc[0].isna().all()


def test_dimension_points_are_the_experts_mean_of_what_is_present(world, fitted):
    thin = world[0].iloc[:1].assign(f_days=100.0, f_seats=40.0, f_nps=np.nan, f_noise=np.nan)
    assert fitted.score(thin)["points_adoption"].iloc[0] == pytest.approx((4 * 100 + 2 * 40) / 6)


@pytest.mark.parametrize("scale", ["odds", "probability"])
def test_a_saved_score_gives_the_same_bits(segmented, card, world, scale):
    _, X, margin, segment = segmented
    health = HealthScore(card, scale=scale, n_origins=2).fit(X, world[1], margin, segment)
    text = json.dumps(health.to_state(), allow_nan=False)
    again = HealthScore.from_state(json.loads(text))
    pd.testing.assert_frame_equal(again.score(X, margin, segment), health.score(X, margin, segment), check_exact=True)
    pd.testing.assert_frame_equal(again.reliability_, health.reliability_, check_exact=True)
    assert json.dumps(again.to_state(), allow_nan=False) == text
    assert (again.notes_, again.verdict_, again.meaning_) == (health.notes_, health.verdict_, health.meaning_)


def test_a_state_of_another_format_is_refused():
    with pytest.raises(BundleError, match="fit it again"):
        HealthScore.from_state({"state": 99})


def test_the_same_data_give_the_same_bytes_in_any_order_of_labels(world, card):
    X, y = world
    once, again = (HealthScore(card, n_origins=3).fit(X, labels).to_state() for labels in (y, y.sample(frac=1)))
    assert json.dumps(once) == json.dumps(again)


def test_rows_without_a_label_are_left_out(world, card):
    X, y = world
    unknown = np.random.default_rng(1).uniform(size=len(y)) < 0.2
    masked = HealthScore(card, n_origins=2).fit(X, y.assign(label=y["label"].mask(unknown)))
    dropped = HealthScore(card, n_origins=2).fit(X[~unknown], y[~unknown])
    assert masked.to_state() == dropped.to_state()


def test_a_series_of_labels_is_as_good_as_a_frame(world, card):
    X, y = world
    assert HealthScore(card, n_origins=2).fit(X, y["label"]).facts_["events"] > 15


def test_few_events_leave_the_expert_with_a_shrunk_size(world, card):
    X, y = world
    ends = y.index.get_level_values("account_id")
    churned = ends[y["label"] == 1].unique()
    few = y["label"].where(~ends.isin(churned[6:]), 0.0)
    health = HealthScore(card).fit(X, few, margin=pd.Series(0.0, index=X.index))
    weights = health.weights_["posterior"]
    assert (weights / weights.sum()).tolist() == pytest.approx(card.prior)
    assert "6 churn events are fewer than 15" in health.notes_[0]
    assert health.learned_.typical.margin_centre is None
    assert health.score(X)["health"].notna().all()


def test_a_short_history_leaves_the_expert_unchallenged(world, card):
    X, y = world
    early = X.index.get_level_values("as_of") < "2024-04-01"
    health = HealthScore(card).fit(X[early], y[early])
    assert np.isinf(health.lambda_)
    assert health.verdict_.startswith("Not measured")
    assert any("only 0 churn events lie out of time" in note for note in health.notes_)
    assert len(health.reliability_) == 0


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_outcome_alone_teaches_nothing(world, card, label):
    X, y = world
    with pytest.raises(NotEnoughData, match=rf"found {len(X) if label else 0:,} that left .* \(150 accounts\)"):
        HealthScore(card).fit(X, y["label"] * 0 + label)


def test_expert_only_scores_a_book_without_outcomes(world, card):
    X, _ = world
    health = HealthScore.expert_only(0.1, X, card)
    typical = pd.DataFrame([health.learned_.typical.means["*"]], columns=list(X))
    assert health.score(typical)["health"].tolist() == pytest.approx([50.0])
    assert health.score(typical)["p_stay"].tolist() == pytest.approx([0.9])
    assert health.score(typical + 20)["p_stay"].iloc[0] == pytest.approx(expit(logit(0.9) + 0.2 * 3.5))
    assert "no outcome was used" in health.notes_[0]
    again = HealthScore.from_state(json.loads(json.dumps(health.to_state(), allow_nan=False)))
    pd.testing.assert_frame_equal(again.score(X), health.score(X), check_exact=True)


def test_expert_only_refuses_an_impossible_base_rate(world, card):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        HealthScore.expert_only(0.0, world[0], card)


def test_a_model_that_knows_more_earns_weight_and_one_that_knows_nothing_none(world, card):
    X, y = world
    rng = np.random.default_rng(0)
    oracle = pd.Series(2 * (2 * y["label"] - 1) + rng.normal(0, 1, len(y)), index=X.index)
    nothing = pd.Series(rng.normal(0, 1, len(y)), index=X.index)
    known, unknown = (HealthScore(card, n_origins=2).fit(X, y, margin) for margin in (oracle, nothing))
    assert known.weights_.loc["model", "low"] > 1
    assert unknown.weights_.loc["model", "posterior"] < 0.3
    assert "taken as given" in known.notes_[-1]


def test_out_of_time_margins_are_used_and_rows_without_one_left_out(world, card):
    X, y = world
    margin = pd.Series(np.random.default_rng(0).normal(size=len(X)), index=X.index)
    late = X.index.get_level_values("as_of") >= "2024-04-01"
    health = HealthScore(card, n_origins=2).fit(X, y, out_of_time_margin=margin.where(late))
    only = HealthScore(card, n_origins=2).fit(X[late], y[late], margin[late])
    assert health.weights_.equals(only.weights_)
    assert health.notes_[-1] == f"{(~late).sum()} rows without an out-of-time margin were left out"


def last_churns(world, wanted):
    """Rows of the last date whose account stayed, and of so many that left."""
    X, y = world
    last = X.index.get_level_values("as_of") == X.index.get_level_values("as_of").max()
    left = last & (y["label"] == 1).to_numpy()
    return last & ~(left & (left.cumsum() > wanted))


def test_a_margin_known_for_too_few_churns_is_not_used_and_leaves_no_row_out(world, card):
    X, y = world
    margin = pd.Series(np.random.default_rng(0).normal(size=len(X)), index=X.index)
    health = HealthScore(card, n_origins=2).fit(X, y, out_of_time_margin=margin.where(last_churns(world, 4)))
    assert health.weights_.equals(HealthScore(card, n_origins=2).fit(X, y).weights_)
    assert health.notes_[-1].startswith("the model's margin is not used: fewer than 5 churns")


@pytest.mark.parametrize("knows", [True, False])
def test_a_margin_known_for_some_churns_is_believed_by_what_it_tells(world, card, knows):
    X, y = world
    rng = np.random.default_rng(0)
    margin = pd.Series(rng.normal(size=len(X)) + (4 * y["label"] - 4 if knows else 0), index=X.index)
    health = HealthScore(card, n_origins=2).fit(X, y, out_of_time_margin=margin.where(last_churns(world, 12)))
    assert health.facts_["rows"] == len(X)
    assert (health.weights_.loc["model", "posterior"] > 0.5) == knows
    assert health.notes_[-1].startswith("the model's margin is known for 12 churns only")
    parts, base = health.contributions(X, margin)
    assert np.abs(base + parts.sum(axis=1) - health.score(X, margin)["health"]).max() < 1e-9


def test_what_was_learned_with_must_be_given_again(segmented):
    health, X, margin, segment = segmented
    with pytest.raises(FrameError, match="margin"):
        health.score(X, segment=segment)
    with pytest.raises(FrameError, match="segment"):
        health.score(X, margin)


def test_segments_have_their_own_typical_points_and_base_rate(segmented):
    health, X, _, segment = segmented
    large = X[(segment == "large").to_numpy()]
    assert health.learned_.typical.means["large"] == pytest.approx(np.nanmean(large.to_numpy(), axis=0))
    assert health.learned_.typical.segments == ("large", "small")
    assert health.learned_.mode.shape == (1 + 2 + 4 + 1,)


def test_a_segment_column_is_found_by_its_name(world, card):
    X, y = world
    account = X.index.get_level_values("account_id")
    named = X.assign(accounts_segment_current=pd.Categorical(np.where(account < "a00070", "large", "small")))
    health = HealthScore(card, n_origins=2).fit(named, y)
    assert set(health.learned_.typical.means) == {"*", "large", "small"}
    new = named.assign(accounts_segment_current="never seen")
    assert health.score(new)["health"].notna().all()


def test_segments_without_offset_add_no_columns(world, card):
    X, y = world
    segment = pd.Series(np.where(X.index.get_level_values("account_id") < "a00070", "l", "s"), index=X.index)
    health = HealthScore(card, n_origins=2, segment_offset=False).fit(X, y, segment=segment)
    assert health.learned_.mode.shape == (5,)
    assert "segment" not in health.contributions(X, segment=segment)[0]


def test_capacity_bands_take_mrr_from_the_features(world, make_card):
    X, y = world
    card = make_card(bands=Bands(capacity=5))
    rich = X.assign(contracts_mrr_current=np.random.default_rng(0).uniform(1, 100, len(X)))
    scores = HealthScore(card, n_origins=2).fit(rich, y).score(rich)
    red = (scores["band"] == "red").groupby(level="as_of").sum()
    assert (red == 5).all()
    worth = ((1 - scores["p_stay"]) * rich["contracts_mrr_current"]).xs("2024-06-01", level="as_of")
    assert set(worth.nlargest(5).index) == set(scores.query("band == 'red'").xs("2024-06-01", level="as_of").index)


def test_an_unknown_feature_stops_the_fit_with_the_nearest_name(world, card):
    X, y = world
    with pytest.raises(ConfigError, match="did you mean 'f_day'"):
        HealthScore(card).fit(X.rename(columns={"f_days": "f_day"}), y)


def test_a_scale_that_does_not_exist_is_refused(world, card):
    with pytest.raises(ConfigError, match="odds or probability"):
        HealthScore(card, scale="percent").fit(*world)


def test_it_can_be_cloned_and_asks_to_be_fitted(card, world):
    from sklearn.exceptions import NotFittedError

    fresh = clone(HealthScore(card, purge_days=30))
    assert fresh.purge_days == 30
    with pytest.raises(NotFittedError):
        fresh.score(world[0])


def test_without_a_scorecard_the_default_is_cut_down_to_what_exists(world):
    X, y = world
    renamed = X.rename(columns={"f_days": "contracts_tenure_days", "f_nps": "nps_score_latest"})
    health = HealthScore(n_origins=2).fit(renamed, y)
    assert list(health.weights_.index) == ["nps_score", "tenure"]


def test_reliability_and_checks_rest_on_rows_not_seen(world, fitted):
    facts = fitted.facts_
    assert fitted.reliability_["rows"].sum() == facts["rows_out_of_time"] < facts["rows"]
    assert fitted.reliability_["stayed"].sum() < facts["rows_out_of_time"]
    assert list(fitted.checks_.index) == ["red_churn_lift", "churners_caught", "share_green"]


def test_probabilities_hold_out_of_time(make_world, make_card):
    X, y = make_world(11, n_accounts=600)
    table = HealthScore(make_card()).fit(X, y).reliability_
    large = table[table["rows"] >= 100]
    assert len(large) >= 4
    assert ((large["low"] <= large["expected"]) & (large["expected"] <= large["high"])).mean() >= 0.8
    assert large["health_from"].corr(large["share"], method="spearman") > 0.8


def test_the_slope_is_that_of_log_odds_out_of_time_and_the_level_that_of_the_learning_rows(world, card, fitted):
    book = Book.make(*world, segment_of(world[0], None), None)
    split, recipe = TimeSplit(purge_days=90, n_origins=12), Recipe(card.prior, fitted.lambda_)
    etas = out_of_time(book, {"it": recipe}, split, lambda rows: Typical.learn(card, rows.X, rows.segment, None))
    seen, learned = book.rows(etas.index.to_numpy()), fitted.learned_
    slope = slope_of(etas["it"].to_numpy(), seen.stayed, event_tempo(seen))
    own = book.columns(learned.typical) @ learned.mode
    expected = Affine.fit(slope, Spaced.of(own, book.stayed, as_of_dates(book.X), 90))
    found = fitted.calibration_
    assert slope != 1
    assert (found.shift, found.slope) == pytest.approx((expected.shift, expected.slope), abs=1e-5)


def test_bins_of_the_reliability_table_hold_the_probabilities_their_points_mean(fitted):
    table = fitted.reliability_
    for side, compare in (("health_from", np.greater_equal), ("health_to", np.less_equal)):
        meant = expit(fitted.eta_ref_ + (table[side] - 50) * np.log(2) / 10)
        inner = table[side].between(1, 99)
        assert compare(table["expected"], meant)[inner].all()


def test_a_row_given_twice_is_scored_twice_and_no_more(world, fitted):
    X, _ = world
    twice = pd.concat([X.iloc[:3], X.iloc[:3]])
    scores = fitted.score(twice)
    assert scores["health"].tolist() == [*fitted.score(X.iloc[:3])["health"]] * 2
    assert np.allclose(fitted.contributions(twice)[0].sum(axis=1) + fitted.contributions(twice)[1], scores["health"])


def test_choosing_and_comparing_on_the_same_rows_is_admitted(world, make_card):
    wrong = HealthScore(make_card((0.2, 0.2, 1, 4))).fit(*world)
    assert np.isfinite(wrong.lambda_)
    assert any("chosen on the same out-of-time rows" in note for note in wrong.notes_)


def test_the_auc_of_the_score_stands_beside_the_others_and_the_models(fitted, world, card):
    found = fitted.ranking_
    assert found.index.tolist() == ["health", "equal weights", "expert's weights"]
    assert (found["rows"] == fitted.facts_["rows_out_of_time"]).all()
    assert found["low"].lt(found["auc"]).all()
    margin = pd.Series(np.where(world[1]["label"] == 1, 1.0, -1.0), index=world[0].index)
    with_model = HealthScore(card).fit(*world, out_of_time_margin=margin).ranking_
    assert with_model.loc["model", "auc"] == 1.0

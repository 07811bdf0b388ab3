import json

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from cs_ml.errors import FrameError, InputError, NotEnoughData
from cs_ml.models import PropensityClassifier
from cs_ml.models.learners import TrainingRows
from cs_ml.models.logistic import LogisticLearner
from cs_ml.models.metrics import roc_auc
from cs_ml.models.tree import TreeLearner
from cs_ml.timeline.split import TimeSplit

from .conftest import make_book


@parametrize_with_checks([PropensityClassifier()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_contributions_by_source_feature_add_up(book, fitted):
    X, _ = book
    parts, bias = fitted.contributions(X)
    assert parts.columns.tolist() == X.columns.tolist()
    assert parts.index.equals(X.index)
    np.testing.assert_allclose(parts.sum(axis=1) + bias, fitted.margin(X), atol=1e-9)


def test_state_round_trip_is_bit_for_bit(book, fitted):
    X, _ = book
    again = PropensityClassifier.from_state(json.loads(json.dumps(fitted.to_state())))
    assert again.predict_proba(X).tobytes() == fitted.predict_proba(X).tobytes()
    assert again.contributions(X)[0].to_numpy().tobytes() == fitted.contributions(X)[0].to_numpy().tobytes()
    assert again.report_ == fitted.report_


def test_row_order_changes_nothing(book, fitted):
    X, y = book
    order = np.random.default_rng(0).permutation(len(X))
    other = PropensityClassifier(n_origins=3).fit(X.iloc[order], y)
    assert other.predict_proba(X).tobytes() == fitted.predict_proba(X).tobytes()


@pytest.mark.slow
def test_threads_change_nothing(book, fitted):
    X, y = book
    other = PropensityClassifier(n_origins=3, n_jobs=2).fit(X, y)
    assert other.predict_proba(X).tobytes() == fitted.predict_proba(X).tobytes()


def test_columns_are_found_by_name(book, fitted):
    X, _ = book
    shuffled = X[X.columns[::-1]].assign(more=1.0)
    np.testing.assert_array_equal(fitted.margin(shuffled), fitted.margin(X))
    with pytest.raises(FrameError, match="contracts_seats_current"):
        fitted.predict_proba(X.drop(columns="contracts_seats_current"))


def test_new_levels_and_missing_values_are_scored(book, fitted):
    X, _ = book
    odd = X.assign(plan="enterprise", usage_logins_count_30d=np.nan)
    assert np.isfinite(fitted.margin(odd)).all()


def test_out_of_time_rows_rank_and_are_calibrated(book):
    model = PropensityClassifier(learners="logistic", n_origins=3, calibrate="sigmoid").fit(*book)
    found = model.out_of_time_
    assert model.report_["folds"]["kind"] == "time"
    assert roc_auc(found["label"].to_numpy(), found["margin"].to_numpy()) > 0.7
    p = 1 / (1 + np.exp(-found["margin"]))
    assert p.mean() == pytest.approx(found["label"].mean(), abs=0.005)


@pytest.mark.parametrize("learner", [LogisticLearner(), TreeLearner(leaf_rows=20, leaf_weight=1.0)])
def test_later_labels_do_not_change_what_an_origin_predicts(book, learner):
    X, y = book
    dates = X.index.get_level_values("as_of")
    train, test = next(iter(TimeSplit(purge_days=90, n_origins=3).split(X)))
    later = np.flatnonzero(dates + pd.Timedelta(days=90) > dates[test].min())
    assert not set(later) & set(train)
    changed = y.to_numpy().copy()
    changed[later] = 1 - changed[later]
    before, after = (
        learner.path(TrainingRows(X, labels, np.ones(len(X)), np.arange(len(X))), train, test)
        for labels in (y.to_numpy(), changed)
    )
    np.testing.assert_array_equal(after, before)


def test_immature_and_censored_rows_are_left_out_and_counted(book):
    X, y = book
    state = pd.Series("0", index=y.index).mask(y == 1, "1")
    state.iloc[:5], state.iloc[5:8] = "immature", "censored"
    labels = pd.DataFrame({"label": y.where(state.isin(["0", "1"])), "state": state})
    model = PropensityClassifier(learners="logistic").fit(X, labels)
    assert model.report_["left_out"] == {"censored": 3, "immature": 5}
    assert model.report_["rows"] == len(X) - 8


def test_one_class_is_not_enough_data(book):
    X, y = book
    with pytest.raises(NotEnoughData, match="one class"):
        PropensityClassifier().fit(X, y * 0.0)


@pytest.mark.parametrize(("n_events", "names"), [(3, {"base_rate"}), (8, {"logistic", "base_rate"})])
def test_few_events_fall_back_and_say_so(book, n_events, names):
    X, _ = book
    accounts = X.index.get_level_values("account_id")
    y = pd.Series(accounts.isin(accounts.unique()[:n_events]).astype(float), index=X.index)
    model = PropensityClassifier(n_origins=3).fit(X, y)
    assert model.n_events_ == n_events
    assert set(model.learner_weights_) == names
    assert f"{n_events} events" in model.report_["notes"][0]


def test_short_history_is_said(book):
    X, y = book
    early = X.index.get_level_values("as_of") < "2025-04-01"
    model = PropensityClassifier(learners="logistic").fit(X[early], y[early])
    assert model.report_["folds"]["kind"] == "accounts"
    assert "fewer than three origins" in " ".join(model.report_["notes"])


def test_text_becomes_one_feature(book):
    X, y = book
    rng = np.random.default_rng(0)
    said = np.where(y == 1, "解約を検討しています", "便利に使っています")
    noisy = [f"{text} {n}" for text, n in zip(said, rng.integers(0, 99, len(y)), strict=True)]
    worded = X.assign(voc_comments_text_180d=pd.Series(noisy, index=X.index, dtype=object))
    texted = PropensityClassifier(text=("voc_comments_text_180d",), n_origins=3).fit(worded, y)
    plain = PropensityClassifier(n_origins=3).fit(X, y)
    parts, bias = texted.contributions(worded)
    np.testing.assert_allclose(parts.sum(axis=1) + bias, texted.margin(worded), atol=1e-9)
    areas = [roc_auc(m.out_of_time_["label"].to_numpy(), m.out_of_time_["margin"].to_numpy()) for m in (texted, plain)]
    assert areas[0] > areas[1] + 0.05


def test_text_that_is_noise_does_no_harm():
    X, y = make_book()
    rng = np.random.default_rng(1)
    noise = pd.Series(["".join(rng.choice(list("あいうえお"), 6)) for _ in range(len(X))], index=X.index, dtype=object)
    model = PropensityClassifier(text=("noise",), n_origins=3).fit(X.assign(noise=noise), y)
    parts, _ = model.contributions(X.assign(noise=noise))
    assert parts["noise"].abs().mean() < 0.2 * parts["usage_logins_count_30d"].abs().mean()


def test_given_weights_and_calibration_are_obeyed(book):
    X, y = book
    model = PropensityClassifier(blend={"logistic": 0.5, "tree": 0.25}, calibrate="none").fit(X, y)
    assert {name: weight for name, weight in model.learner_weights_.items() if weight} == {
        "logistic": 0.5, "tree": 0.25, "base_rate": 0.25,
    }  # fmt: skip
    assert (model.calibration_.a, model.calibration_.b) == (0.0, 1.0)


@pytest.mark.parametrize(
    "wrong", [{"learners": ("forest",)}, {"blend": {"logistic": 2.0}}, {"blend": "best"}, {"calibrate": "isotonic"}]
)
def test_unknown_choices_are_refused(book, wrong):
    with pytest.raises(InputError, match="expected"):
        PropensityClassifier(**wrong).fit(*book)


def test_monotone_is_kept_by_the_trees(book):
    X, y = book
    model = PropensityClassifier(learners=("tree",), monotone={"usage_logins_count_30d": -1}).fit(X, y)
    grid = pd.concat([X.iloc[[0]]] * 30).assign(usage_logins_count_30d=np.linspace(-3, 3, 30))
    assert (np.diff(model.margin(grid)) <= 1e-12).all()


def test_half_life_follows_a_drifting_rate():
    X, y = make_book(n_accounts=120)
    dates = X.index.get_level_values("as_of")
    late = dates >= dates.unique()[8]
    y = y.where(late, 0.0).mask(~late & (np.arange(len(y)) % 20 == 0), 1.0)
    old, new = (
        PropensityClassifier(learners="logistic", weights_half_life_days=h, calibrate="none")
        .fit(X, y)
        .predict_proba(X)[:, 1]
        for h in (None, 60)
    )
    assert new.mean() > old.mean() + 0.03


def aging_book(*, steady):
    """Accounts of one cohort fall silent for good; unless ``steady``, the longest silence grows with the book."""
    rng = np.random.default_rng(3)
    dates, n = pd.date_range("2025-01-01", periods=12, freq="MS"), 300
    index = pd.MultiIndex.from_product([[f"a{i:03d}" for i in range(n)], dates], names=["account_id", "as_of"])
    age = 30.0 * np.arange(1, 13)
    silent = rng.random((n, 12)) * (360.0 if steady else age)
    p = 1 / (1 + np.exp(2.0 - silent / 60.0))
    X = pd.DataFrame({"usage_events_recency": silent.ravel(), "noise": rng.normal(size=n * 12)}, index=index)
    return X, pd.Series((rng.random((n, 12)) < p).ravel().astype(float), index=index)


@pytest.mark.parametrize("steady", [False, True])
def test_where_the_book_moves_on_the_line_goes_on(steady):
    X, y = aging_book(steady=steady)
    model = PropensityClassifier(("logistic",), n_origins=3).fit(X, y)
    averaged = model.report_["settings"]["logistic"]["averaged"]
    assert {setting["reads"] for setting in averaged} == {"linear" if steady else "wide"}
    later = X.iloc[:3].assign(usage_events_recency=[360.0, 500.0, 640.0])
    assert (np.diff(model.margin(later)) > 0.1).all() != steady
    parts, bias = model.contributions(X)
    np.testing.assert_allclose(parts.sum(axis=1) + bias, model.margin(X), atol=1e-9)
    assert float(parts.mean().abs().max()) < 1e-9  # drivers are distances from the average row
    again = PropensityClassifier.from_state(json.loads(json.dumps(model.to_state())))
    assert again.margin(later).tobytes() == model.margin(later).tobytes()
    assert again.contributions(later)[0].to_numpy().tobytes() == model.contributions(later)[0].to_numpy().tobytes()

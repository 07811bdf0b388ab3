import json

import numpy as np
import pandas as pd
import pytest

from cs_ml.models.metrics import roc_auc
from cs_ml.models.text import TextSignal

SAD = ["解約したいです", "高いのでやめます", "support is slow, we cancel", "乗り換えを検討"]
GLAD = ["とても便利です", "we love the dashboard", "活用が進んでいます", "great support"]


def make_texts(n_accounts=120, n_dates=8, seed=0):
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2025-01-01", periods=n_dates, freq="MS")
    index = pd.MultiIndex.from_product([range(n_accounts), dates], names=["account_id", "as_of"])
    y = (rng.random(n_accounts) < 0.4).astype(float).repeat(n_dates)
    said = [rng.choice(SAD if (v and rng.random() < 0.8) else GLAD) + f" {rng.integers(99)}" for v in y]
    texts = pd.Series(said, index=index, dtype=object)
    texts[rng.random(len(texts)) < 0.3] = None
    return texts, y


def test_out_of_fold_signal_ranks_later_rows():
    texts, y = make_texts()
    signal = TextSignal().out_of_fold(texts, y, purge_days=90)
    known = ~np.isnan(signal)
    assert roc_auc(y[known], signal[known]) > 0.8


def test_no_outcome_of_the_purged_time_reaches_the_signal():
    texts, y = make_texts()
    dates = texts.index.get_level_values("as_of")
    signal = TextSignal().out_of_fold(texts, y, purge_days=90, origins=99)
    at = dates == dates.unique()[5]
    changed = np.where(dates + pd.Timedelta(days=90) > dates.unique()[5], 1 - y, y)
    np.testing.assert_array_equal(TextSignal().out_of_fold(texts, changed, purge_days=90, origins=99)[at], signal[at])
    older = np.where(dates == dates.unique()[0], 1 - y, y)
    assert (TextSignal().out_of_fold(texts, older, purge_days=90, origins=99)[at] != signal[at]).any()


def test_rows_without_text_or_without_past_are_missing():
    texts, y = make_texts()
    signal = TextSignal().out_of_fold(texts, y, purge_days=90)
    dates = texts.index.get_level_values("as_of")
    assert np.isnan(signal[texts.isna().to_numpy()]).all()
    assert np.isnan(signal[dates < dates.unique()[3]]).all()


def test_too_few_positive_accounts_are_not_learned_from():
    texts, _ = make_texts()
    few = np.where(texts.index.get_level_values("account_id") < 10, 1.0, 0.0)
    signal = TextSignal(min_positive=20).fit(texts, few)
    assert not signal.usable_
    assert np.isnan(signal.transform(texts)).all()


def test_vocabulary_is_bounded_and_state_round_trips():
    texts, y = make_texts()
    signal = TextSignal(max_ngrams=30).fit(texts, y)
    state = json.loads(json.dumps(signal.to_state()))
    assert len(state["ngrams"]) <= 30
    assert TextSignal.from_state(state).transform(texts).tobytes() == signal.transform(texts).tobytes()


def test_folds_without_time_leave_the_row_itself_out():
    texts, y = make_texts(n_dates=1)
    plain = pd.Series(texts.to_numpy(), dtype=object)
    signal = TextSignal(min_texts=1).out_of_fold(plain, y, purge_days=90)
    assert np.isfinite(signal[plain.notna()]).all()


def test_a_row_that_is_scored_alone_scores_the_same():
    texts, y = make_texts()
    signal = TextSignal().fit(texts, y)
    row = int(np.flatnonzero(texts.notna())[0])
    assert signal.transform(texts.iloc[[row]])[0] == pytest.approx(signal.transform(texts)[row], abs=1e-12)

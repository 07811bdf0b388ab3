import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from cs_ml.models import PropensityClassifier
from cs_ml.models.folds import training_folds
from cs_ml.models.recency import choose_half_life, rate_shift
from cs_ml.models.target import Target


def drifting(rates, n_accounts=200, seed=0):
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2024-01-01", periods=len(rates), freq="MS")
    index = pd.MultiIndex.from_product([range(n_accounts), dates], names=["account_id", "as_of"])
    return pd.Series((rng.random(len(index)) < np.tile(rates, n_accounts)).astype(float), index=index)


def chosen(y):
    target = Target.read(y.index, y)
    folds = training_folds(target.dates, target.y, target.clusters, purge_days=90, n_origins=6)
    margin = np.concatenate([np.full(len(test), logit(target.y[train].mean())) for train, test in folds.pairs])
    return choose_half_life(target, folds, margin, target.clusters[folds.test])


def test_a_steady_rate_counts_all_rows_alike():
    half_life, shifts = chosen(drifting(np.full(18, 0.2)))
    assert half_life is None
    assert (shifts == 0).all()


def test_a_rising_rate_shortens_the_memory():
    half_life, shifts = chosen(drifting(np.linspace(0.05, 0.6, 18)))
    assert half_life == 90
    assert (shifts > 0).all()


def test_chance_moves_the_level_of_few_books():
    """Thirty books of some 25 events whose level stands still: nearly all count every row alike."""
    moved = [chosen(drifting(np.full(12, 0.05), n_accounts=40, seed=seed))[0] for seed in range(30)]
    assert sum(one is not None for one in moved) <= 3


def test_shift_by_hand():
    y = drifting([0.5, 0.5], n_accounts=2)
    y[:] = [0.0, 1.0, 0.0, 1.0]  # the older date has no event, the newer one only events
    target = Target.read(y.index, y)
    weights = np.array([0.5 ** (31 / 31), 1.0])  # January is 31 days older than February
    ones = 4 * weights[1] / weights.sum() * 1.0
    assert rate_shift(target, np.arange(4), 31) == pytest.approx(logit((ones + 0.5) / 5.0))


def test_the_final_model_is_lifted_too():
    y = drifting(np.linspace(0.05, 0.6, 18))
    X = pd.DataFrame({"noise": np.random.default_rng(1).normal(size=len(y))}, index=y.index)
    model = PropensityClassifier(learners="logistic").fit(X, y)
    assert model.report_["base_rate_half_life_days"] == 90
    assert model.predict_proba(X)[:, 1].mean() > y.mean() + 0.05

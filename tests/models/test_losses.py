import numpy as np
import pytest
from sklearn.metrics import log_loss

from cs_ml.models.losses import clustered_error, log_loss_rows, simplest_within_error


def test_log_loss_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    y, margin = rng.integers(0, 2, 50).astype(float), rng.normal(size=50)
    assert log_loss_rows(y, margin).mean() == pytest.approx(log_loss(y, 1 / (1 + np.exp(-margin))))


def test_log_loss_survives_extreme_margins():
    assert log_loss_rows(np.array([0.0, 1.0]), np.array([800.0, 800.0])).tolist() == [800.0, 0.0]


def test_repeating_rows_of_an_account_adds_no_certainty():
    values, codes = np.random.default_rng(0).normal(size=30), np.arange(30)
    repeated = clustered_error(np.repeat(values, 5), np.repeat(codes, 5))
    assert repeated == pytest.approx(clustered_error(values, codes))


def test_unclustered_error_is_the_textbook_one():
    values = np.random.default_rng(1).normal(size=40)
    assert clustered_error(values, np.arange(40)) == pytest.approx(values.std(ddof=1) / np.sqrt(40))


def test_a_clear_gain_beats_simplicity():
    losses = np.column_stack([np.full(100, 0.7), np.full(100, 0.5) + 0.01 * np.arange(100) / 100])
    assert simplest_within_error(losses, np.arange(100)) == 1


def test_more_errors_ahead_are_asked_of_the_setting_that_says_so():
    rng = np.random.default_rng(0)
    gain = rng.normal(0.15, 1.0, 100)  # 1.5 standard errors ahead
    gain += 0.15 - gain.mean()
    losses = np.column_stack([gain, np.zeros(100)])
    assert [simplest_within_error(losses, np.arange(100), (2.0, ahead)) for ahead in (1.0, 2.0)] == [1, 0]

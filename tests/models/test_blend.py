import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from cs_ml.models.blend import best_weights, blend_margin, choose_weights
from cs_ml.models.losses import log_loss_rows


def sample(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    y = (rng.random(n) < expit(truth)).astype(float)
    return rng, truth, y


def test_noise_gets_no_weight():
    rng, truth, y = sample()
    weights = best_weights(np.zeros(len(y)), np.column_stack([truth, rng.normal(size=len(y))]), y)
    assert weights[0] > 0.85
    assert weights[1] < 0.05


def test_weights_agree_with_a_grid_search():
    rng, truth, y = sample(300)
    margins = np.column_stack([truth + rng.normal(size=300), truth + rng.normal(size=300)])
    base = np.full(300, 0.1)
    grid = [np.array([a, b]) for a in np.linspace(0, 1, 51) for b in np.linspace(0, 1, 51) if a + b <= 1]
    losses = [log_loss_rows(y, blend_margin(base, margins, w)).mean() for w in grid]
    found = best_weights(base, margins, y)
    assert log_loss_rows(y, blend_margin(base, margins, found)).mean() <= min(losses) + 1e-6


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_weights_are_a_mixture(seed):
    rng, truth, y = sample(60, seed)
    margins = np.column_stack([truth, -truth, rng.normal(size=60)])
    assert (best_weights(np.zeros(60), margins, y) >= 0).all()
    assert best_weights(np.zeros(60), margins, y).sum() <= 1 + 1e-9
    assert choose_weights(np.zeros(60), margins, y).sum() == pytest.approx(1)


def test_of_two_equals_each_has_half():
    _, truth, y = sample(500)
    assert choose_weights(np.zeros(500), np.column_stack([truth, truth]), y).tolist() == [0.5, 0.5]


def test_one_that_knows_nothing_has_a_quarter():
    rng, truth, y = sample(5000)
    weights = choose_weights(np.zeros(5000), np.column_stack([rng.normal(size=5000) / 3, truth]), y)
    assert weights[0] == pytest.approx(0.25, abs=0.05)


def test_two_learners_that_know_different_things_are_blended():
    rng = np.random.default_rng(3)
    parts = rng.normal(size=(3000, 2))
    y = (rng.random(3000) < expit(2 * parts.sum(axis=1))).astype(float)
    weights = choose_weights(np.zeros(3000), 2 * parts, y)
    assert weights.min() > 0.3


def test_without_any_signal_the_weights_are_equal():
    _, _, y = sample(200, 5)
    assert choose_weights(np.zeros(200), -np.column_stack([y, y]) * 5, y).tolist() == [0.5, 0.5]

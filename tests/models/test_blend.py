import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from cs_ml.models.blend import blend_margin, choose_weights
from cs_ml.models.losses import log_loss_rows


def sample(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    y = (rng.random(n) < expit(truth)).astype(float)
    return rng, truth, y


def test_noise_gets_little_weight():
    rng, truth, y = sample()
    weights = choose_weights(np.zeros(len(y)), np.column_stack([truth, rng.normal(size=len(y))]), y)
    assert weights[0] > 0.85


@pytest.mark.parametrize(("n_independent", "pull"), [(None, 0.0), (300, 5.0), (40, 5.0)])
def test_weights_agree_with_a_grid_search(n_independent, pull):
    rng, truth, y = sample(300)
    margins = np.column_stack([truth + rng.normal(size=300), rng.normal(size=300)])
    base = np.full(300, 0.1)

    def lost(weights):
        loss = log_loss_rows(y, blend_margin(base, margins, weights)).mean() * (n_independent or 300)
        return loss + pull / 2 * ((weights - 0.5) ** 2).sum()

    grid = [np.array([share, 1 - share]) for share in np.linspace(0, 1, 201)]
    found = choose_weights(base, margins, y, n_independent=n_independent, pull=pull)
    assert lost(found) <= min(map(lost, grid)) + 1e-4


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 100))
def test_weights_are_a_mixture(seed, pull):
    rng, truth, y = sample(60, seed)
    weights = choose_weights(np.zeros(60), np.column_stack([truth, -truth, rng.normal(size=60)]), y, pull=pull)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)


def test_little_evidence_leaves_the_weights_equal():
    rng, truth, y = sample()
    margins = np.column_stack([truth, rng.normal(size=len(y))])
    found = [choose_weights(np.zeros(len(y)), margins, y, n_independent=n)[0] for n in (2000, 200, 20, 1)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(0.5, abs=0.05)


def test_a_row_of_weight_two_is_two_rows():
    _, truth, y = sample(200)
    margins, twice = np.column_stack([truth, -truth / 2]), np.arange(200) % 3 == 0
    repeated = np.repeat(np.arange(200), 1 + twice)
    found = choose_weights(np.zeros(200), margins, y, 1.0 + twice, n_independent=len(repeated))
    again = choose_weights(np.zeros(len(repeated)), margins[repeated], y[repeated])
    np.testing.assert_allclose(found, again, atol=2e-4)


def test_of_two_equals_each_has_half():
    _, truth, y = sample(500)
    assert choose_weights(np.zeros(500), np.column_stack([truth, truth]), y).tolist() == [0.5, 0.5]


def test_two_learners_that_know_different_things_are_blended():
    rng = np.random.default_rng(3)
    parts = rng.normal(size=(3000, 2))
    y = (rng.random(3000) < expit(2 * parts.sum(axis=1))).astype(float)
    weights = choose_weights(np.zeros(3000), 2 * parts, y)
    assert weights.min() > 0.3


def test_without_any_signal_the_weights_are_equal():
    _, _, y = sample(200, 5)
    assert choose_weights(np.zeros(200), -np.column_stack([y, y]) * 5, y).tolist() == [0.5, 0.5]

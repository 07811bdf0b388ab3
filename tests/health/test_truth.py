"""In worlds with known truth, learned weights do about as well as the better of equal and expert weights."""

import numpy as np
import pandas as pd
import pytest

from cs_ml.health import HealthScore
from cs_ml.health.book import Book
from cs_ml.health.inputs import segment_of
from cs_ml.health.posterior import log_losses
from cs_ml.health.typical import Typical
from cs_ml.health.weights import Recipe, weight_table

GOOD, WRONG = (4, 2, 1, 0.5), (0.2, 0.2, 1, 4)


def book_of(X, y):
    return Book.make(X, y, segment_of(X, None), None)


@pytest.fixture(name="future", scope="module")
def future_fixture(make_world):
    return book_of(*make_world(999, n_accounts=3000, n_dates=6))


def losses(world, card, future):
    """Log loss on a large unseen book of what is published, and of equal and expert weights fitted to the same rows."""
    health, book = HealthScore(card).fit(*world), book_of(*world)
    typical, learned = health.learned_.typical, health.learned_
    z = future.columns(typical)
    fits = {"equal": Recipe(np.full(4, 0.25), float("inf")), "expert": Recipe(card.prior, float("inf"))}
    etas = {name: z @ recipe.fit(book, typical) for name, recipe in fits.items()}
    etas["learned"] = learned.affine(z @ learned.mode)
    etas["base"] = np.full(len(z), learned.eta_ref)
    return {name: log_losses(eta, future.stayed).mean() for name, eta in etas.items()}


def mean_losses(make_world, card, future, n_accounts, seeds):
    rows = [losses(make_world(seed, n_accounts=n_accounts, n_dates=16), card, future) for seed in range(seeds)]
    return pd.DataFrame(rows).mean()


@pytest.mark.parametrize("weights", [GOOD, WRONG], ids=["good expert", "wrong expert"])
def test_learned_weights_keep_up_with_the_better_of_the_two(make_world, make_card, future, weights):
    got = mean_losses(make_world, make_card(weights), future, n_accounts=110, seeds=4)
    assert got["learned"] <= min(got["equal"], got["expert"]) + 0.004
    assert got["learned"] < got["base"] - 0.02


@pytest.mark.slow
@pytest.mark.parametrize("n_accounts", [40, 110, 550], ids=["20 events", "60 events", "300 events"])
@pytest.mark.parametrize("weights", [GOOD, WRONG], ids=["good expert", "wrong expert"])
def test_learned_weights_keep_up_at_every_size(make_world, make_card, future, weights, n_accounts):
    got = mean_losses(make_world, make_card(weights), future, n_accounts, seeds=20)
    assert got["learned"] <= min(got["equal"], got["expert"]) + 0.004


def test_planted_drivers_rank_first_and_noise_gets_nothing(make_world, make_card):
    card = make_card((1, 1, 1, 1))
    weights = HealthScore(card).fit(*make_world(5, n_accounts=550, n_dates=16)).weights_["posterior"]
    assert list(weights.sort_values(ascending=False).index) == ["days", "seats", "nps", "noise"]
    assert weights["noise"] < 0.3


@pytest.mark.parametrize("weights", [GOOD, WRONG], ids=["good expert", "wrong expert"])
def test_intervals_hold_the_truth_as_often_as_they_say(make_world, make_card, weights):
    """Whatever strength of the expert predicts best: a good guess is no knowledge."""
    card, equal = make_card(weights), Recipe(np.full(4, 0.25), float("inf"))
    large = book_of(*make_world(77, n_accounts=8000, n_dates=16))
    truth = Recipe(card.prior, 0.0).fit(large, Typical.learn(card, large.X, large.segment, None))[1:]
    inside = []
    for seed in range(100):
        book = book_of(*make_world(1000 + seed, n_accounts=110, n_dates=16))
        typical = Typical.learn(card, book.X, book.segment, None)
        table, _ = weight_table(book, typical, Recipe(card.prior, float("inf")), equal)
        inside.append(((table["low"] <= truth) & (truth <= table["high"])).to_numpy())
    assert np.mean(inside) == pytest.approx(0.9, abs=0.04)

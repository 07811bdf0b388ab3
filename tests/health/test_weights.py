from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from cs_ml.health.book import Book
from cs_ml.health.inputs import segment_of
from cs_ml.health.posterior import log_losses
from cs_ml.health.typical import Typical
from cs_ml.health.weights import LAMBDAS, Recipe, choose_lambda, compare, event_tempo, out_of_time, weight_table
from cs_ml.timeline.split import TimeSplit

INF = float("inf")


@pytest.fixture(name="book", scope="module")
def book_fixture(world):
    X, y = world
    return Book.make(X, y, segment_of(X, None), None)


@pytest.fixture(name="typical", scope="module")
def typical_fixture(book, card):
    return Typical.learn(card, book.X, book.segment, None)


def weights(recipe, book, typical):
    return recipe.fit(book, typical)[typical.weights_at]


def test_the_expert_end_is_proportional_to_the_prior(book, typical, card):
    got = weights(Recipe(card.prior, INF), book, typical)
    assert got / got.sum() == pytest.approx(card.prior)


def test_the_expert_end_is_the_limit_of_a_growing_lambda(book, typical, card):
    limit, near = (weights(Recipe(card.prior, strength), book, typical) for strength in (INF, 1e7))
    assert near == pytest.approx(limit, abs=1e-3)


def test_the_data_end_is_plain_logistic_regression(book, typical, card):
    z = book.columns(typical)
    plain = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(z[:, 1:], book.stayed)
    positive = plain.coef_[0] > 0
    assert positive.sum() >= 3
    if not positive.all():
        plain.fit(z[:, 1:][:, positive], book.stayed)
    got = weights(Recipe(card.prior, 0.0), book, typical)
    assert got[positive] == pytest.approx(plain.coef_[0], abs=2e-3)
    assert (got[~positive] == 0).all()


@pytest.mark.parametrize("strength", [0.3, 30.0, INF])
def test_the_unit_of_the_prior_does_not_matter(book, typical, card, strength):
    once, thousand = (weights(Recipe(scale * card.prior, strength), book, typical) for scale in (1, 1000))
    assert thousand == pytest.approx(once, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("strength", [0.3, 3.0, 30.0])
def test_kappa_minimised_out_is_kappa_minimised(book, typical, card, strength):
    """The same optimum as the design's objective with kappa as a variable of its own."""
    from scipy.optimize import minimize

    z, tempo, prior = book.columns(typical), event_tempo(book), card.prior

    def objective(t):
        w, kappa = t[1:-1], t[-1]
        loss = tempo * log_losses(z @ t[:-1], book.stayed).sum()
        return loss + strength / 2 * ((w - kappa * prior) ** 2).sum() + 1e-4 / 2 * (w**2).sum()

    start = np.array([2.0, 1, 1, 1, 1, 4])
    found = minimize(
        objective, start, method="L-BFGS-B", bounds=[(None, None), *[(0, None)] * 5], options={"ftol": 1e-14}
    )
    assert weights(Recipe(prior, strength), book, typical) == pytest.approx(found.x[1:-1], abs=5e-3)


@pytest.mark.parametrize("strength", LAMBDAS)
def test_weights_are_never_negative(book, typical, strength):
    wrong = np.array([0.05, 0.05, 0.1, 0.8])
    assert (weights(Recipe(wrong, strength), book, typical) >= 0).all()


def test_a_prior_of_size_zero_shrinks_the_common_size(book, typical, card):
    sizes = [weights(Recipe(card.prior, INF, precision), book, typical).sum() for precision in (0, 0.1, 10, 1e6)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == pytest.approx(0, abs=1e-3)


def test_events_are_counted_once_however_many_dates_saw_them(book):
    churned = book.X.index.get_level_values("account_id")[book.stayed == 0]
    assert book.n_events == churned.nunique()
    assert event_tempo(book) == churned.nunique() / len(churned)


def test_no_row_is_predicted_by_a_fit_that_knew_its_outcome(book, card):
    seen = []

    def learn(past):
        seen.append(past.X.index.get_level_values("as_of").max())
        return Typical.learn(card, past.X, past.segment, None)

    etas = out_of_time(book, {INF: Recipe(card.prior, INF)}, TimeSplit(purge_days=90, n_origins=3), learn)
    tested = book.X.index.get_level_values("as_of")[etas.index].unique().sort_values()
    assert len(tested) == len(seen) == 3
    assert all(newest + pd.Timedelta(days=90) <= date for newest, date in zip(seen, tested, strict=True))


def test_out_of_time_log_odds_equal_a_fit_by_hand(book, card):
    split = TimeSplit(purge_days=90, n_origins=1)
    etas = out_of_time(book, {1.0: Recipe(card.prior, 1.0)}, split, lambda b: Typical.learn(card, b.X, b.segment, None))
    ((train, test),) = split.split(book.X)
    past, recent = book.rows(train), book.rows(test)
    typical = Typical.learn(card, past.X, past.segment, None)
    expected = recent.columns(typical) @ Recipe(card.prior, 1.0).fit(past, typical)
    assert etas[1.0].to_numpy() == pytest.approx(expected)
    assert etas["base"].to_numpy() == pytest.approx(np.log(past.stayed.mean() / (1 - past.stayed.mean())))


def made_up(book, quality):
    """Out-of-time log-odds whose quality depends on lambda as told."""
    sign = 2 * book.stayed - 1
    noise = np.random.default_rng(0).normal(size=len(sign))
    return pd.DataFrame({strength: quality(strength) * sign + noise for strength in LAMBDAS})


def test_the_data_win_when_they_are_clearly_better(book):
    assert choose_lambda(made_up(book, lambda strength: 2.0 if strength <= 1 else 0.0), book) == 1.0


def test_the_expert_wins_a_draw(book):
    assert choose_lambda(made_up(book, lambda _: 1.0), book) == INF


def test_compare_reports_mean_losses_and_paired_differences(book):
    etas = made_up(book, lambda strength: 1.0 if strength == 0 else 0.5)
    table = compare(etas, book, {"expert": INF, "learned": 0.0})
    expected = [log_losses(etas[strength].to_numpy(), book.stayed).mean() for strength in (INF, 0.0)]
    assert table["log_loss"].tolist() == pytest.approx(expected)
    assert table.loc["expert", "difference"] == pytest.approx(expected[1] - expected[0])
    assert table.loc["expert", "difference_high"] < 0
    assert (table["events"] == book.n_events).all()


def test_the_table_shows_prior_equal_posterior_and_evidence(book, typical, card):
    equal = Recipe(np.full(4, 0.25), INF)
    table, _ = weight_table(book, typical, Recipe(card.prior, 1.0), equal, 1.0)
    assert list(table) == ["expert", "prior", "equal", "posterior", "low", "high", "events"]
    assert table["expert"].tolist() == pytest.approx(card.prior)
    assert np.ptp(table["equal"]) == 0
    assert ((table["low"] <= table["posterior"]) & (table["posterior"] <= table["high"])).all()
    present = book.X["f_nps"].notna() & (book.stayed == 0)
    assert table.loc["nps", "events"] == book.X.index[present].get_level_values("account_id").nunique()


def test_a_weight_at_its_bound_is_reported_from_zero_up(book, typical, card):
    against = replace(book, X=book.X.assign(f_noise=100 * book.stayed * -1 + 100))
    table, _ = weight_table(against, typical, Recipe(card.prior, 0.0), Recipe(np.full(4, 0.25), INF), 0.1)
    assert table.loc["noise", ["posterior", "low"]].tolist() == [0.0, 0.0]
    assert table.loc["noise", "high"] > 0


def test_choosing_the_expert_does_not_make_intervals_certain(book, typical, card):
    equal = Recipe(np.full(4, 0.25), INF)
    tables = [weight_table(book, typical, Recipe(card.prior, INF), equal, loosest)[0] for loosest in (0.1, 100.0)]
    loose, tight = (table["high"] - table["low"] for table in tables)
    assert tables[0]["posterior"].equals(tables[1]["posterior"])
    assert (loose >= tight).all()


def test_a_gain_within_its_standard_error_does_not_beat_the_expert(book):
    noise = np.random.default_rng(1).normal(0, 0.5, len(book.stayed))
    etas = pd.DataFrame(dict.fromkeys(LAMBDAS, 2 * (2 * book.stayed - 1) + 0.0))
    etas[INF] = etas[INF] + noise
    gap = log_losses(etas[INF].to_numpy(), book.stayed) - log_losses(etas[0.0].to_numpy(), book.stayed)
    shift = gap.mean() - 0.5 * gap.std() / np.sqrt(len(gap))
    better = etas[INF] - shift * (1 - 2 * book.stayed) / (1 - 1 / (1 + np.exp(-2)))
    etas[INF] = better
    left = log_losses(better.to_numpy(), book.stayed) - log_losses(etas[0.0].to_numpy(), book.stayed)
    assert 0 < left.mean() < left.std() / np.sqrt(len(left))
    assert choose_lambda(etas, book) == INF


def test_origins_need_three_churns_before_them(book, card):
    split = TimeSplit(purge_days=90, n_origins=99)
    few = book.rows(np.flatnonzero((book.event < 0) | np.isin(book.event, np.unique(book.event[book.event >= 0])[:8])))
    etas = out_of_time(few, {INF: Recipe(card.prior, INF)}, split, lambda b: Typical.learn(card, b.X, b.segment, None))
    folds = [(few.rows(train).n_events, test) for train, test in split.split(few.X)]
    expected = np.concatenate([test for n_events, test in folds if n_events >= 3])
    assert min(n_events for n_events, _ in folds) < 3
    assert etas.index.tolist() == expected.tolist()

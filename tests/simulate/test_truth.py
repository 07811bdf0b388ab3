import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from cs_ml.simulate import WorldConfig
from cs_ml.simulate.cast import Cast
from cs_ml.simulate.truth import probabilities

DAYS = pd.Timedelta(days=1)


def test_outcomes_agree_with_their_probabilities(truth, surprise):
    open_rows = truth[~truth["noticed"]]
    assert abs(surprise(open_rows, "churned", "p_churn_90d")) < 3.5
    assert abs(surprise(open_rows, "upsold", "p_upsell_90d")) < 3.5
    assert abs(surprise(truth, "churned", "p_churn_90d_before_notice")) < 3.5


@pytest.mark.parametrize("annual", [False, True])
@pytest.mark.parametrize("part", range(4))
def test_they_agree_in_every_part_of_the_range(truth, surprise, annual, part):
    rows = truth[~truth["noticed"] & (truth["annual"] == annual)]
    rank = rows["p_churn_90d"].rank(pct=True, method="first")
    assert abs(surprise(rows[(rank * 4).clip(upper=3.99).astype(int) == part], "churned", "p_churn_90d")) < 3.8


def test_knowing_no_notice_lowers_the_probability(truth):
    open_rows = truth[~truth["noticed"]]
    assert (open_rows["p_churn_90d"] <= open_rows["p_churn_90d_before_notice"] + 1e-12).all()
    assert (open_rows["p_churn_90d"] < open_rows["p_churn_90d_before_notice"] - 0.01).any()


def test_noticed_accounts_leave_and_do_not_grow(truth):
    noticed = truth[truth["noticed"]]
    assert len(noticed) > 100
    assert noticed["churned"].all()
    assert not noticed["upsold"].any()
    assert (noticed["p_churn_90d"] == 1).all()
    assert (noticed["p_upsell_90d"] == 0).all()


def test_base_rates_and_separation_are_realistic(truth):
    open_rows = truth[~truth["noticed"]]
    assert 0.04 < truth["churned"].mean() < 0.07
    assert 0.05 < open_rows["upsold"].mean() < 0.08
    assert 0.80 < roc_auc_score(open_rows["churned"], open_rows["p_churn_90d"]) < 0.88


def test_noise_is_noise(truths, surprise):
    noise = truths.of(noise_only=True, seed=4)
    assert np.ptp(noise[["p_churn_90d", "p_upsell_90d"]].to_numpy(), axis=0) == pytest.approx([0, 0])
    assert noise["p_churn_90d"].iloc[0] == pytest.approx(1 - (1 - 0.018) ** 3)
    assert abs(surprise(noise, "churned", "p_churn_90d")) < 3.5
    assert abs(surprise(noise, "upsold", "p_upsell_90d")) < 3.5
    assert not noise["noticed"].any()


def test_probability_by_hand_for_monthly_terms():
    """Three chances to leave, days of notice 1 to 20: the one thing not in the closed form is this enumeration."""
    cast = Cast.of(WorldConfig(), 0)
    axis, life, month = cast.block.axis, cast.life, 40
    truth = probabilities(cast, month)
    account = int(np.flatnonzero(life.alive[:, month - 1] & ~cast.profile.annual & ~truth.noticed)[0])
    day, outcomes = int(cast.profile.day[account]), {True: 0.0, False: 0.0}
    stay = 1.0
    for at in range(month, month + 3):
        date = axis.dates(at, day)
        for notice in range(1, 21):
            if date - np.timedelta64(notice, "D") >= axis.dates(month):
                outcomes[True] += stay * (1 - 0.0012) * life.leave[account, at] / 20
        outcomes[True] += stay * 0.0012
        stay *= (1 - 0.0012) * (1 - life.leave[account, at])
    outcomes[False] = stay
    assert truth.churn[account] == pytest.approx(outcomes[True] / sum(outcomes.values()))


def test_labels_by_brute_force_equal_the_truth(world, tables):
    """Walk the contract lines as the definitions say and compare with what the simulation remembers."""
    contracts = tables["contracts"].assign(stop=lambda c: c[["end_at", "cancelled_at"]].min(axis=1))
    books = dict(iter(contracts.groupby("account_id")))
    mature = world.truth().query("as_of <= '2026-06-01'")
    for row in mature.sample(300, random_state=0).itertuples():
        book = books[row.account_id]
        active = book[(book["start_at"] <= row.as_of) & (book["stop"] > row.as_of)]
        found = (
            _last_end(book, active["stop"].max()) < row.as_of + 90 * DAYS,
            _grows(book, active, row.as_of),
            bool((active["cancel_requested_at"] < row.as_of).any()),
        )
        assert found == (row.churned, row.upsold, row.noticed), row


def _last_end(book, end):
    while not (following := book[(book["start_at"] <= end + 30 * DAYS) & (book["stop"] > end)]).empty:
        end = following["stop"].max()
    return end


def _grows(book, active, as_of):
    """More MRR at the list prices of as_of, on a product owned then, by at least 5 %."""
    core = active[active["product"] == "core"].iloc[0]
    prices = {"starter": 20.0, "growth": 40.0, "scale": 80.0}
    later = book[(book["product"] == "core") & (book["start_at"] >= as_of) & (book["start_at"] < as_of + 90 * DAYS)]
    return bool((later["seats"] * later["plan"].map(prices) >= 1.05 * core["seats"] * prices[core["plan"]]).any())

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from cs_ml.errors import FrameError
from cs_ml.models.bootstrap import draw_weights, interval, scaled_interval
from cs_ml.models.metric_table import metric_table, paired_differences
from cs_ml.models.reliability import reliability_table, wilson


def sample(n_accounts, repeats, seed):
    rng = np.random.default_rng(seed)
    margin = rng.normal(size=n_accounts)
    y = (rng.random(n_accounts) < expit(margin)).astype(float)
    return np.repeat(y, repeats), np.repeat(expit(margin), repeats), np.repeat(np.arange(n_accounts), repeats)


def width(table, metric="roc_auc"):
    row = table.set_index("metric").loc[metric]
    return row["high"] - row["low"]


def test_replicates_draw_whole_accounts():
    codes = np.array([0, 0, 1, 2, 2])
    weights = np.concatenate(list(draw_weights(codes, 50)))
    assert weights.shape == (50, 5)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_repeated_snapshots_do_not_narrow_the_interval():
    once, often = metric_table(*sample(200, 1, 0), n_boot=200), metric_table(*sample(200, 5, 0), n_boot=200)
    assert width(often) == pytest.approx(width(once), rel=0.02)
    assert often.set_index("metric").loc["roc_auc", "events"] == once.set_index("metric").loc["roc_auc", "events"]


def test_blocks_do_not_change_the_result(monkeypatch):
    y, p, clusters = sample(60, 2, 1)
    whole = metric_table(y, p, clusters, n_boot=50)
    monkeypatch.setattr("cs_ml.models.bootstrap.CELLS", 300)
    pd.testing.assert_frame_equal(metric_table(y, p, clusters, n_boot=50), whole)


@pytest.mark.slow
def test_intervals_cover_the_truth():
    truth = metric_table(*sample(200_000, 1, 99), n_boot=1).set_index("metric")["value"]
    hits = [0, 0, 0]
    for seed in range(100):
        table = metric_table(*sample(300, 3, seed), n_boot=200).set_index("metric")
        for i, name in enumerate(["roc_auc", "log_loss", "ece"]):
            hits[i] += table.loc[name, "low"] <= truth[name] <= table.loc[name, "high"]
    assert min(hits) >= 88


def test_a_calibrated_model_is_not_accused():
    table = metric_table(*sample(500, 1, 3), n_boot=200).set_index("metric")
    assert table.loc["ece", "value"] > 0.01
    assert table.loc["ece", "low"] < 0.005


def test_pairing_sharpens_a_small_difference():
    y, p, clusters = sample(400, 1, 2)
    q = expit(0.9 * np.log(p / (1 - p)))
    gap = paired_differences(y, p, q, clusters, n_boot=200)
    assert width(gap, "log_loss") < 0.3 * width(metric_table(y, p, clusters, n_boot=200), "log_loss")
    assert gap.set_index("metric").loc["roc_auc", ["value", "low", "high"]].tolist() == [0.0, 0.0, 0.0]


def test_unlabelled_rows_and_wild_probabilities_are_refused_together():
    with pytest.raises(FrameError, match="2 faults"):
        metric_table([0.0, np.nan], [0.5, 1.5])


def test_too_few_defined_replicates_give_no_interval():
    low, high = interval(np.array([0.7] + [np.nan] * 9), 0.7)
    assert np.isnan(low)
    assert np.isnan(high)


def test_scaled_interval_by_hand():
    """Standard error 0.1 around 0.8: 0.625 in log-odds, 2.132 of which at four degrees of freedom are 1.332."""
    low, high = scaled_interval(np.array([0.7, 0.9]), 0.8, scale="logit", events=5, level=0.9)
    assert (low, high) == pytest.approx(tuple(expit(np.log(4) + sign * 1.3324) for sign in (-1, 1)), abs=1e-4)
    low, high = scaled_interval(np.array([0.4, 0.6]), 0.5, scale="log", events=10**6, level=0.9)
    assert (low * high, high) == pytest.approx((0.25, 0.5 * np.exp(0.2 * 1.64485)), abs=1e-5)


def test_few_events_widen_and_bounds_hold():
    replicates = np.array([0.9, 0.95, 0.99])
    few, many = (scaled_interval(replicates, 0.95, scale="logit", events=events) for events in (3, 300))
    assert 0 < few[0] < many[0] < 0.95 < many[1] < few[1] < 1
    assert scaled_interval(np.ones(10), 1.0, scale="logit", events=3) == (1.0, 1.0)


def test_wilson_agrees_with_a_published_example():
    """Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263, score method without correction."""
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_reliability_counts_accounts_not_rows():
    once, often = reliability_table(*sample(100, 1, 0)), reliability_table(*sample(100, 4, 0))
    assert often["n"].sum() == 4 * once["n"].sum()
    np.testing.assert_allclose(often["high"] - often["low"], once["high"] - once["low"], rtol=0.1)

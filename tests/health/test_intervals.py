import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import truncnorm

from cs_ml.health.intervals import (
    clustered_mean,
    design_effect,
    highest_density,
    ratio_interval,
    truncated_square,
    wilson,
)


def test_wilson_agrees_with_a_published_example():
    # Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263 and 0 of 20
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_a_row_repeated_by_its_account_adds_nothing():
    values, groups = np.array([0.0, 1.0, 1.0, 0.0, 1.0]), np.arange(5)
    once, often = clustered_mean(values, groups), clustered_mean(np.repeat(values, 4), np.repeat(groups, 4))
    assert often == pytest.approx(once)


def test_independent_rows_have_the_usual_standard_error():
    values = np.random.default_rng(1).normal(size=50)
    assert clustered_mean(values, np.arange(50))[1] == pytest.approx(values.std(ddof=1) / np.sqrt(50))


def test_design_effect_is_the_number_of_copies():
    hits = np.random.default_rng(1).uniform(size=400) < 0.3
    single = design_effect(hits, np.arange(400))
    assert single == pytest.approx(1.0, abs=0.01)
    assert design_effect(np.repeat(hits, 3), np.repeat(np.arange(400), 3)) == pytest.approx(3 * single)


def test_a_share_without_spread_still_counts_accounts():
    assert design_effect(np.ones(6, bool), np.array([0, 0, 0, 1, 1, 1])) == 3.0


def test_ratio_of_rates_matches_the_log_ratio_formula():
    # 10 of 20 inside against 15 of 100 in all
    part, hits = np.arange(100) < 20, np.isin(np.arange(100), [*range(10), *range(20, 25)])
    ratio, low, high = ratio_interval(part, hits, np.arange(100))
    assert ratio == pytest.approx((10 / 20) / (15 / 100))
    assert low < ratio < high
    assert low * high == pytest.approx(ratio**2)


def test_ratio_without_hits_or_part_is_not_known():
    assert np.isnan(ratio_interval(np.zeros(4, bool), np.ones(4, bool), np.arange(4))).all()
    assert ratio_interval(np.arange(4) < 2, np.arange(4) > 2, np.arange(4))[0] == 0.0


@settings(deadline=None)
@given(st.floats(-6, 12), st.floats(0.05, 4))
def test_highest_density_holds_ninety_percent_of_the_cut_off_normal(mean, sd):
    low, high = highest_density(np.array([mean]), np.array([sd]))
    law = truncnorm(-mean / sd, np.inf, mean, sd)
    assert law.cdf(high[0]) - law.cdf(low[0]) == pytest.approx(0.9, abs=1e-6)
    assert low[0] >= 0
    if low[0] > 0:
        assert law.pdf(low[0]) == pytest.approx(law.pdf(high[0]))


@settings(deadline=None)
@given(st.floats(-9, 9), st.floats(0.1, 3))
def test_truncated_square_matches_scipy(mean, sd):
    law = truncnorm(-mean / sd, np.inf)
    expected = mean**2 + 2 * mean * sd * law.mean() + sd**2 * (law.var() + law.mean() ** 2)
    assert truncated_square(np.array([mean]), np.array([sd]))[0] == pytest.approx(expected, rel=0.06, abs=1e-9)

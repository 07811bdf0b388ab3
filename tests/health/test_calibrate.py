import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from cs_ml.health.calibrate import Affine, slope_of
from cs_ml.health.drift import Spaced


def rows(n, shift, slope, seed=0):
    rng = np.random.default_rng(seed)
    eta = rng.normal(2, 1.5, n)
    return eta, (rng.uniform(size=n) < expit(shift + slope * eta)).astype(float)


def spaced(eta, stayed, n_dates=4):
    return Spaced(eta, stayed, np.arange(len(eta)) % n_dates, np.arange(n_dates) / 4)


def test_many_events_find_the_slope():
    assert slope_of(*rows(200_000, 0.4, 0.6), tempo=1.0) == pytest.approx(0.6, abs=0.03)


def test_few_events_stay_near_one():
    near, far = slope_of(*rows(40, 0, 0.2), 1.0), slope_of(*rows(40_000, 0, 0.2), 1.0)
    assert 0.6 < near <= 1
    assert far == pytest.approx(0.2, abs=0.05)


@settings(deadline=None)
@given(st.integers(0, 50))
def test_the_order_of_accounts_is_never_turned_round(seed):
    eta = np.random.default_rng(seed).normal(size=60)
    assert slope_of(eta, (eta < 0).astype(float), 1.0) >= 0.05


def test_a_level_that_stands_still_is_left_alone():
    eta, stayed = rows(40_000, 0, 1)
    assert Affine.fit(1.0, spaced(eta, stayed)).shift == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("slope", [0.5, 1.0, 1.4])
def test_a_slope_leaves_as_many_expected_to_stay(slope):
    eta, stayed = rows(4_000, 0, 1)
    mapped, shift = spaced(eta, stayed).mapped(slope)
    assert expit(shift + slope * eta).sum() == pytest.approx(expit(eta).sum(), rel=1e-9)
    assert np.array_equal(mapped.eta, slope * eta + shift)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from cs_ml.health.calibrate import Affine


def rows(n, shift, slope, seed=0):
    rng = np.random.default_rng(seed)
    eta = rng.normal(2, 1.5, n)
    return eta, (rng.uniform(size=n) < expit(shift + slope * eta)).astype(float)


def test_many_events_find_the_map():
    found = Affine.fit(*rows(200_000, 0.4, 0.6), tempo=1.0)
    assert (found.shift, found.slope) == pytest.approx((0.4, 0.6), abs=0.03)


def test_without_rows_nothing_is_changed():
    assert Affine.fit(np.array([]), np.array([]), 1.0) == Affine(0.0, 1.0)


def test_few_events_stay_near_the_identity():
    near, far = Affine.fit(*rows(40, 0, 0.2), 1.0).slope, Affine.fit(*rows(40_000, 0, 0.2), 1.0).slope
    assert 0.6 < near <= 1
    assert far == pytest.approx(0.2, abs=0.05)


@settings(deadline=None)
@given(st.integers(0, 50))
def test_the_order_of_accounts_is_never_turned_round(seed):
    rng = np.random.default_rng(seed)
    eta = rng.normal(size=60)
    assert Affine.fit(eta, (eta < 0).astype(float), 1.0).slope >= 0.05

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.models.curve import Curve, reach

RISKS = st.lists(st.floats(1e-6, 0.6), min_size=6, max_size=6)


@given(RISKS, st.floats(0.001, 0.99), st.integers(1, 180))
def test_a_curve_led_through_a_probability_has_it_and_still_falls(risks, p, day):
    led = Curve.of_hazard(np.array([risks]), 30).through(day, np.array([p]))
    assert led.stays(day)[0] == pytest.approx(1 - p)
    assert (np.diff(led.log_s[0]) < 0).all()


@given(RISKS)
def test_later_risks_stay_as_they_are(risks):
    curve = Curve.of_hazard(np.array([risks]), 30)
    led = curve.through(90, np.array([0.4]))
    np.testing.assert_allclose(np.diff(led.log_s[:, 3:]), np.diff(curve.log_s[:, 3:]), atol=1e-12)


def test_certain_and_impossible_leaving_can_be_led_through():
    curve = Curve.of_hazard(np.zeros((2, 4)), 30)
    led = curve.through(60, np.array([0.0, 1.0]))
    np.testing.assert_allclose(led.stays(120), [1.0, 0.0], atol=1e-9)


def test_the_stay_between_two_days_is_the_area_between_them():
    curve = Curve.of_hazard(np.array([[0.5, 0.5]]), 30)  # 1, 1/2, 1/4
    assert curve.stayed(60).sum() * 30 == pytest.approx(30 * 0.75 + 30 * 0.375)
    assert curve.stayed(60, since=45).sum() * 30 == pytest.approx(15 * 0.375)
    assert Curve.flat(curve).stayed(40).sum() * 30 == pytest.approx(40)


def test_one_refit_tells_no_interval():
    assert np.isnan(reach([np.ones(3)]))
    assert reach([np.ones(3), np.ones(3)]).tolist() == [0, 0, 0]

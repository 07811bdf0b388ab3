from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.models.curve import Curve, reach, span

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


def test_worth_is_each_period_paid_at_its_middle():
    curve = Curve.of_hazard(np.array([[0.5, 0.5]]), 30)  # 3/4, then 3/8 of a period stayed
    month, year = 30 / (365.25 / 12), 365.25
    shares = [0.75 * 1.21 ** (-15 / year), 0.375 * 1.21 ** (-45 / year)]
    assert curve.worth(60, gross_margin=0.8, discount_rate=0.21)[0] == pytest.approx(0.8 * month * sum(shares))
    assert curve.worth(60)[0] == pytest.approx(curve.expected_months(60)[0])


def test_an_interval_lies_evenly_on_the_logarithmic_scale_below_the_most_there_can_be():
    refits = [np.array([8.0, 8.0]), np.array([10.0, 10.0]), np.array([12.5, 12.5])]
    low, high = span(np.array([10.0, 10.0]), refits, np.array([60.0, 11.0]))
    factor = np.exp(2.92 * np.log(1.25))  # Student's t of two degrees of freedom
    np.testing.assert_allclose(low, 10 / factor, rtol=1e-3)
    np.testing.assert_allclose(high, [10 * factor, 11.0], rtol=1e-3)
    assert np.isnan(span(np.ones(1), [], np.ones(1))[0])

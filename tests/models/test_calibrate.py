import json

import numpy as np
import pytest
from scipy.special import expit

from cs_ml.models.calibrate import AffineCalibrator, choose_calibrator


def sample(a, b, n=20000, seed=0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-2, 1, n)
    return margin, (rng.random(n) < expit(a + b * margin)).astype(float)


def test_sigmoid_finds_the_line():
    found = AffineCalibrator.learn(*sample(0.5, 0.6))
    assert found.a == pytest.approx(0.5, abs=0.15)
    assert found.b == pytest.approx(0.6, abs=0.08)


def test_average_probability_equals_the_rate_after_sigmoid():
    margin, y = sample(0.5, 0.6)
    assert expit(AffineCalibrator.learn(margin, y).apply(margin)).mean() == pytest.approx(y.mean(), abs=1e-4)


def test_few_rows_leave_the_slope_near_one():
    few = AffineCalibrator.learn(*sample(4.0, 3.0, n=12), prior=0.2)
    many = AffineCalibrator.learn(*sample(4.0, 3.0), prior=0.2)
    assert abs(np.log(few.b)) < 0.3
    assert np.log(many.b) > 1.0


def test_slope_stays_positive_even_against_the_data():
    margin, y = sample(0.0, -2.0)
    assert AffineCalibrator.learn(margin, y).b > 0


def test_well_calibrated_margins_are_left_alone():
    margin, y = sample(0.0, 1.0, n=3000)
    blocks = np.arange(3000) % 5
    assert choose_calibrator(margin, y, np.arange(3000), blocks, n_events=300) == AffineCalibrator()


def test_overconfident_margins_are_turned():
    margin, y = sample(0.0, 0.4, n=5000)
    found = choose_calibrator(margin, y, np.arange(5000), np.arange(5000) % 5, n_events=500)
    assert found.b == pytest.approx(0.4, abs=0.1)


@pytest.mark.parametrize(("n_events", "n_blocks"), [(10, 5), (500, 2)])
def test_no_free_shift_on_thin_evidence(n_events, n_blocks):
    margin, y = sample(1.5, 1.0, n=4000)
    found = choose_calibrator(margin, y, np.arange(4000), np.arange(4000) % n_blocks, n_events=n_events)
    assert found.method != "sigmoid"


def test_a_shift_that_chance_may_have_made_is_not_learned():
    """Thirty books whose level is off by 0.3: one error ahead would be learned in 13 of them."""
    blocks, accounts = np.arange(500) % 6, np.arange(500)
    found = [choose_calibrator(*sample(0.3, 1.0, n=500, seed=s), accounts, blocks, n_events=40) for s in range(30)]
    assert [one.method for one in found].count("sigmoid") <= 3


def test_update_of_the_intercept_meets_the_new_rate():
    margin, y = sample(1.0, 1.0)
    new = AffineCalibrator(a=0.0, b=1.0).update_intercept(margin, y)
    assert expit(new.apply(margin)).mean() == pytest.approx(y.mean(), abs=1e-3)
    assert new.b == 1.0


def test_few_newer_rows_hardly_move_the_level():
    """Five rows of even odds without an event: the shift d solves 5 / (1 + exp(-d)) + 4 d = 0, which is -0.478."""
    assert AffineCalibrator().update_intercept(np.zeros(5), np.zeros(5)).a == pytest.approx(-0.478, abs=1e-3)


def test_weights_count_rows():
    margin, y = sample(1.0, 1.0, n=300)
    once = AffineCalibrator().update_intercept(margin, y, weights=np.full(300, 2.0))
    twice = AffineCalibrator().update_intercept(np.tile(margin, 2), np.tile(y, 2))
    assert once.a == pytest.approx(twice.a, abs=1e-9)


def test_state_round_trip():
    found = AffineCalibrator(0.1, 0.9, "sigmoid")
    assert AffineCalibrator.from_state(json.loads(json.dumps(found.to_state()))) == found

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, brentq, minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from cs_ml.health.posterior import Problem

FREE = np.array([-np.inf, 0.0, 0.0, 0.0])


def problem(seed=0, n=400, truth=(1.0, 2.0, 0.5, 1.0), penalty=0.0, **more):
    rng = np.random.default_rng(seed)
    z = np.column_stack([np.ones(n), rng.normal(size=(n, 3))])
    stayed = (rng.uniform(size=n) < expit(z @ np.array(truth))).astype(float)
    return Problem(z, stayed, np.diag([0.0, *[penalty] * 3]), FREE, **more)


@settings(deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4))
def test_the_gradient_is_the_slope_of_the_objective(at):
    case, t = problem(n=50, penalty=0.7, centre=np.array([0.1, 0.2, 0.3, 0.4])), np.array(at)
    assert case.value(t)[1] == pytest.approx(approx_fprime(t, lambda u: case.value(u)[0], 1e-6), abs=1e-3)


@settings(deadline=None)
@given(st.integers(0, 20), st.floats(0, 1))
def test_the_objective_is_convex(seed, share):
    rng, case = np.random.default_rng(seed), problem(n=50, penalty=0.3)
    a, b = rng.normal(size=(2, 4)) * 3
    chord = share * case.value(a)[0] + (1 - share) * case.value(b)[0]
    assert case.value(share * a + (1 - share) * b)[0] <= chord + 1e-9
    assert np.linalg.eigvalsh(case.curvature(a)).min() >= -1e-9


def test_positive_optimum_is_that_of_plain_logistic_regression():
    case = problem()
    plain = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(case.z[:, 1:], case.stayed)
    assert (plain.coef_ > 0).all()
    assert case.mode() == pytest.approx([plain.intercept_[0], *plain.coef_[0]], abs=1e-5)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_the_bounded_optimum_beats_every_set_of_weights_switched_off(seed):
    case = problem(seed, n=120, truth=(0.5, 1.0, -0.7, 0.1), penalty=0.1)
    best = np.inf
    for on in np.ndindex(2, 2, 2):
        keep = np.array([True, *map(bool, on)])
        t = np.zeros(4)
        t[keep] = minimize(lambda u, k=keep: case.value(_spread(u, k))[0], np.zeros(keep.sum()), method="BFGS").x
        if (t[1:] >= 0).all():
            best = min(best, case.value(t)[0])
    assert case.value(case.mode())[0] == pytest.approx(best, abs=1e-4)
    assert (case.mode()[1:] >= 0).all()


def _spread(u, keep):
    t = np.zeros(len(keep))
    t[keep] = u
    return t


def test_the_slope_vanishes_at_the_mode_or_pushes_against_the_bound():
    case = problem(3, truth=(0.5, 1.0, -1.0, 0.2))
    t = case.mode()
    gradient = case.value(t)[1]
    assert t[2] == 0.0
    assert gradient[2] > 0
    assert gradient[[0, 1, 3]] == pytest.approx(0, abs=1e-6)


def test_laplace_interval_of_the_intercept_is_that_of_a_share():
    stayed = np.repeat([1.0, 0.0], [80, 20])
    found = Problem(np.ones((100, 1)), stayed, np.zeros((1, 1)), np.array([-np.inf])).posterior()
    assert found.mode == pytest.approx([np.log(4)])
    assert found.sd == pytest.approx([1 / np.sqrt(100 * 0.8 * 0.2)])


def test_a_weight_at_its_bound_has_a_cut_off_normal_with_the_slope_there():
    case = problem(3, truth=(0.5, 1.0, -1.0, 0.2))
    found = case.posterior()
    assert found.location[2] < 0 == found.mode[2]
    assert 0 < found.spread[2, 2] < found.sd[2] ** 2
    assert (found.spread[2, [0, 1, 3]] == 0).all()


def test_separable_data_stay_finite_under_the_ridge():
    z = np.column_stack([np.ones(6), [-1, -1, -1, 1, 1, 1.0]])
    case = Problem(z, (z[:, 1] > 0).astype(float), np.diag([0.0, 1e-4]), np.array([-np.inf, 0]))
    expected = brentq(lambda w: 6 * -expit(-w) + 1e-4 * w, 0, 50)
    assert case.mode()[1] == pytest.approx(expected, rel=1e-6)


def test_tempo_counts_rows_as_parts_of_events():
    case = problem(penalty=0.5)
    double = Problem(np.repeat(case.z, 2, axis=0), np.repeat(case.stayed, 2), case.penalty, case.lower, tempo=0.5)
    assert double.mode() == pytest.approx(case.mode(), abs=1e-8)
    assert double.posterior().spread == pytest.approx(case.posterior().spread)


def test_laplace_intervals_cover_the_truth_about_as_often_as_they_say():
    hits = []
    for seed in range(120):
        found = problem(seed, n=300).posterior()
        hits.append(np.abs(found.mode - [1.0, 2.0, 0.5, 1.0]) <= 1.645 * found.sd)
    assert np.mean(hits) == pytest.approx(0.9, abs=0.04)


def test_spread_about_another_mode_counts_the_distance():
    found = problem().posterior()
    moved = found.about(found.mode + np.array([0.0, 0.3, 0.0, 0.0]))
    assert moved.spread[1, 1] == pytest.approx(found.spread[1, 1] + 0.09)
    low, high = moved.interval()
    assert (low <= moved.mode).all()
    assert (moved.mode <= high).all()


def test_eta_sd_is_the_quadratic_form():
    found, z = problem().posterior(), np.random.default_rng(1).normal(size=(5, 4))
    assert found.eta_sd(z) ** 2 == pytest.approx([row @ found.spread @ row for row in z])


@pytest.mark.parametrize("start", [None, np.array([0.0, 5.0, 5.0, 5.0])])
def test_a_weight_that_only_looks_useful_alone_goes_back_to_its_bound(start):
    """The second column follows the first: alone it goes with staying, beside the first it goes against."""
    rng = np.random.default_rng(4)
    first = rng.normal(size=800)
    z = np.column_stack([np.ones(800), first, first + rng.normal(0, 0.5, 800), rng.normal(size=800)])
    stayed = (rng.uniform(size=800) < expit(z @ np.array([0.5, 2.5, -1.0, 0.3]))).astype(float)
    case = Problem(z, stayed, np.zeros((4, 4)), FREE)
    assert case.value(np.zeros(4))[1][2] < 0
    t, without = case.mode(start), Problem(z[:, [0, 1, 3]], stayed, np.zeros((3, 3)), FREE[[0, 1, 3]]).mode()
    assert t[2] == 0.0
    assert t[[0, 1, 3]] == pytest.approx(without, abs=1e-6)

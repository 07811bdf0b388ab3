import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from cs_ml.models.capacity import mrr_captured
from cs_ml.models.metrics import (
    average_precision,
    brier,
    brier_parts,
    capture_at,
    ece,
    lift_at,
    log_loss,
    measure,
    roc_auc,
)


@st.composite
def scored(draw):
    n = draw(st.integers(2, 30))
    y = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=float)
    y[0], y[1] = 0.0, 1.0
    p = np.array(draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))) / 10
    w = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)), dtype=float)
    w[:2] += 1.0
    return y, p, w


@given(scored())
def test_all_agree_with_scikit_learn_under_weights_and_ties(case):
    y, p, w = case
    assert roc_auc(y, p, w) == pytest.approx(sk.roc_auc_score(y, p, sample_weight=w))
    assert average_precision(y, p, w) == pytest.approx(sk.average_precision_score(y, p, sample_weight=w))
    assert log_loss(y, p, w) == pytest.approx(sk.log_loss(y, p, sample_weight=w))
    assert brier(y, p, w) == pytest.approx(sk.brier_score_loss(y, p, sample_weight=w))


@given(scored())
def test_a_weight_is_a_repeated_row(case):
    y, p, w = case
    times = w.astype(int)
    weighted, repeated = (
        measure(y, p, w, shares=(0.3,)),
        measure(np.repeat(y, times), np.repeat(p, times), shares=(0.3,)),
    )
    for name in ("roc_auc", "average_precision", "log_loss", "brier", "capture_at_30%", "lift_at_30%"):
        assert weighted[name] == pytest.approx(repeated[name])


@given(scored())
def test_parts_of_the_brier_score_add_up(case):
    y, p, w = case
    parts = brier_parts(y, p, w)
    whole = parts["reliability"] - parts["resolution"] + parts["uncertainty"] + parts["within"]
    assert whole == pytest.approx(brier(y, p, w))


def test_constant_predictions_within_bins_leave_no_remainder():
    y, p = np.array([0.0, 1, 0, 1, 1, 1]), np.array([0.2, 0.2, 0.2, 0.7, 0.7, 0.7])
    parts = brier_parts(y, p, bins=2)
    assert parts["within"] == pytest.approx(0)
    assert parts["reliability"] == pytest.approx(0.5 * (0.2 - 1 / 3) ** 2 + 0.5 * (0.7 - 1) ** 2)


def test_ece_by_hand():
    assert ece(np.array([0.0, 1, 1, 1]), np.array([0.2, 0.2, 0.6, 0.6]), bins=2) == pytest.approx(0.5 * 0.3 + 0.5 * 0.4)


def test_capture_of_a_constant_prediction_is_the_share():
    y = np.array([1.0, 0, 0, 1, 0])
    assert capture_at(y, np.full(5, 0.3), share=0.4) == pytest.approx(0.4)
    assert lift_at(y, np.full(5, 0.3), share=0.4) == pytest.approx(1.0)


def test_capture_takes_part_of_the_row_at_the_edge():
    assert capture_at(np.array([0.0, 1, 0, 0]), np.array([0.9, 0.8, 0.1, 0.1]), share=0.375) == pytest.approx(0.5)


def test_mrr_is_captured_date_by_date():
    y, p = np.array([1.0, 0, 1, 1]), np.array([0.5, 0.9, 0.4, 0.1])
    mrr, dates = np.array([100.0, 10, 50, 150]), ["d1", "d1", "d2", "d2"]
    assert mrr_captured(y, p, mrr=mrr, capacity=1, dates=dates) == pytest.approx((100 + 50) / 300)


def test_one_class_has_no_auc():
    assert np.isnan(roc_auc(np.zeros(3), np.array([0.1, 0.2, 0.3])))


@settings(max_examples=20)
@given(scored())
def test_replicates_equal_single_calls(case):
    y, p, w = case
    both = measure(y, p, np.vstack([w, np.ones(len(y))]), shares=(0.2,))
    for name, value in measure(y, p, w, shares=(0.2,)).items():
        assert both[name][0] == pytest.approx(value, nan_ok=True)

import numpy as np
import pytest

from cs_ml.health.belief import VIEWS, believed, left_out


def test_shares_by_hand():
    """One nat ahead and one size less: e against one over e to the cost of a size, half the logarithm of nine."""
    weights = np.array([np.e, 1.0, 1.0 / 3.0])
    found = believed({"expert": -3.0, "model": -4.0, "both": -4.0}, 9)
    assert list(found.values()) == pytest.approx(weights / weights.sum())


def test_a_hopeless_view_counts_for_nothing_and_no_number_overflows():
    assert believed({"expert": -9e4, "model": -1e3, "both": -9e4}, 50) == {"expert": 0.0, "model": 1.0, "both": 0.0}


def test_each_view_leaves_out_what_the_others_have():
    """Intercept, an offset, two measures, the model."""
    out = {view: left_out(view, slice(2, 4), 5).tolist() for view in VIEWS}
    assert out == {
        "expert": [False, False, False, False, True],
        "model": [False, False, True, True, False],
        "both": [False] * 5,
    }

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from cs_ml.errors import FrameError
from cs_ml.models.encode import SnapshotEncoder, sum_by_source


@parametrize_with_checks([SnapshotEncoder()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def frame():
    plan = pd.Categorical(["a"] * 6 + ["b"] * 3 + ["c"])
    return pd.DataFrame({"x": [*map(float, range(9)), np.nan], "plan": plan})


def test_linear_view_is_centred_scaled_and_complete(frame):
    values = SnapshotEncoder(min_level_rows=1).fit_transform(frame)
    assert np.isfinite(values).all()
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-12)
    assert values[:, 0].std() == pytest.approx(1)


def test_missing_gets_the_median_and_an_indicator(frame):
    encoder = SnapshotEncoder(min_level_rows=1, clip=(0, 1)).fit(frame)
    names = encoder.get_feature_names_out().tolist()
    assert names == ["x", "x is missing", "plan=a", "plan=b", "plan=c"]
    values = encoder.transform(frame)
    assert values[9, 0] == values[4, 0]  # median of 0..8 is 4
    assert values[9, 1] > 0 > values[0, 1]


def test_outliers_are_winsorised_at_training_quantiles(frame):
    encoder = SnapshotEncoder(clip=(0.0, 1.0)).fit(frame)
    far, edge = frame.assign(x=1e9), frame.assign(x=8.0)
    np.testing.assert_array_equal(encoder.transform(far), encoder.transform(edge))


def test_rare_and_unknown_levels_share_a_code(frame):
    encoder = SnapshotEncoder(min_level_rows=2).fit(frame)
    codes = encoder.tree(frame.assign(plan=["a", "b", "c", "new", None] * 2)).matrix[:5, 1]
    np.testing.assert_array_equal(codes, [0, 1, 2, 2, np.nan])


def test_wrong_order_is_put_right_and_further_columns_are_ignored(frame):
    encoder = SnapshotEncoder().fit(frame)
    shuffled = frame.assign(extra=1.0)[["extra", "plan", "x"]]
    np.testing.assert_array_equal(encoder.transform(shuffled), encoder.transform(frame))


def test_dates_and_infinities_are_refused_together():
    X = pd.DataFrame({"when": pd.to_datetime(["2026-01-01"]), "x": [np.inf]})
    with pytest.raises(FrameError, match="2 faults"):
        SnapshotEncoder().fit(X)


def test_state_round_trip_is_bit_for_bit(frame):
    encoder = SnapshotEncoder(min_level_rows=1).fit(frame)
    again = SnapshotEncoder.from_state(json.loads(json.dumps(encoder.to_state())))
    assert again.transform(frame).tobytes() == encoder.transform(frame).tobytes()
    assert again.tree(frame).matrix.tobytes() == encoder.tree(frame).matrix.tobytes()


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=8))
def test_sum_by_source_keeps_the_row_sum(sources):
    parts = np.arange(2.0 * len(sources)).reshape(2, -1)
    summed = sum_by_source(parts, tuple(sources), ["c", "a", "b"])
    np.testing.assert_array_equal(summed.sum(axis=1), parts.sum(axis=1))


def test_levels_are_coded_from_the_most_frequent_to_the_rarest():
    frame = pd.DataFrame({"plan": ["b", "a", "b", "c", "a", "b", "d", None]})
    view = SnapshotEncoder(min_level_rows=1).fit(frame).tree(frame)
    np.testing.assert_equal(view.matrix[:, 0], [0, 1, 0, 2, 1, 0, 3, np.nan])


def test_the_wide_view_is_the_linear_one_within_the_bounds_and_ends_one_range_further_out(frame):
    encoder = SnapshotEncoder(clip=(0.0, 1.0)).fit(frame)
    np.testing.assert_array_equal(encoder.wide(frame).matrix, encoder.linear(frame).matrix)
    beyond, edge, far = (encoder.wide(frame.assign(x=x)).matrix[0, 0] for x in (12.0, 16.0, 1e9))
    assert beyond < edge == far

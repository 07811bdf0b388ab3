import numpy as np

from cs_ml.models.scale import ColumnScale


def learn(values, **options):
    return ColumnScale.learn(np.array(values), levels=None, clip=(0.0, 1.0), min_rows=1, **options)


def test_a_constant_column_becomes_zero():
    assert learn([7.0, 7.0]).apply(np.array([7.0, 9.0]))[:, 0].tolist() == [0.0, 0.0]


def test_an_empty_column_becomes_zero():
    assert learn([np.nan, np.nan]).apply(np.array([np.nan, 5.0])).tolist() == [[0.0], [0.0]]


def test_a_rare_indicator_is_not_blown_up():
    scale = learn([0.0] * 999 + [np.nan])
    assert abs(scale.apply(np.array([np.nan]))[0, 1]) <= 5.0


def test_reach_is_counted_in_widths_between_the_bounds_and_categories_have_none():
    scale = learn([0.0, 2.0])
    assert scale.apply(np.array([-9.0, 3.0, 9.0]), reach=1.0)[:, 0].tolist() == [-3.0, 2.0, 3.0]
    levels = ColumnScale.learn(np.array([0.0, 1.0]), levels=3, clip=(0.0, 1.0), min_rows=1)
    codes = np.array([0.0, 1.0, 2.0, np.nan])
    np.testing.assert_array_equal(levels.apply(codes, reach=1.0), levels.apply(codes))

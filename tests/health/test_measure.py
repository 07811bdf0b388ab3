import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cs_ml.errors import ConfigError
from cs_ml.health.measure import Measure, unknown_features
from cs_ml.health.points import points_of

BOOK = np.array(["*"] * 3, dtype=object)


def measure(**rule):
    return Measure(**{"name": "m", "feature": "f", "dimension": "adoption", **rule})


def points(rule, values, segment=None, **more):
    X = pd.DataFrame({"f": values, **more})
    return points_of(rule, X, np.full(len(X), "*", object) if segment is None else segment).tolist()


def test_knots_are_linear_between_and_clamped_outside():
    assert points(measure(knots=((0, 0), (10, 50), (20, 100))), [-5, 5, 10, 17, 99]) == [0, 25, 50, 85, 100]


def test_knots_may_fall_and_rise_again():
    assert points(measure(knots=((0, 0), (1, 100), (2, 40))), [0.5, 1.5]) == [50, 70]


def test_change_reads_its_knots_like_any_number():
    assert points(measure(change=((-1, 0), (0, 60), (1, 100))), [-0.5, 0.5]) == [30, 80]


def test_missing_values_have_no_points():
    assert np.isnan(points(measure(knots=((0, 0), (1, 100))), [np.nan])).all()


def test_levels_give_points_to_categories_and_none_to_the_others():
    column = pd.Series(["pro", "free", "new", None], dtype="category")
    got = points(measure(levels={"pro": 90, "free": 20}), column)
    assert got[:2] == [90, 20]
    assert np.isnan(got[2:]).all()


def test_relative_is_the_mid_rank_percentage_within_the_segment():
    segment = np.array(["a"] * 20 + ["b"] * 20, dtype=object)
    values = [*range(20), *range(100, 120)]
    got = points(measure(relative="higher"), values, segment)
    assert got == pytest.approx([2.5 + 5 * k for k in range(20)] * 2)


def test_relative_lower_turns_the_percentage_round():
    segment = np.array(["a"] * 20, dtype=object)
    assert points(measure(relative="lower"), range(20), segment) == pytest.approx([97.5 - 5 * k for k in range(20)])


def test_a_small_segment_is_ranked_in_the_whole_book():
    segment = np.array(["a"] * 30 + ["b"], dtype=object)
    assert points(measure(relative="higher"), [*range(30), 15], segment)[30] == pytest.approx(100 * 16 / 31)


def test_a_stale_value_is_missing():
    rule = measure(knots=((0, 0), (10, 100)), stale_after=400, recency="age")
    got = points(rule, [5, 5, 5], age=[400.0, 401.0, np.nan])
    assert (got[0], np.isnan(got[1]), got[2]) == (50, True, 50)


def test_every_fault_of_a_measure_is_named_at_once():
    with pytest.raises(ConfigError) as caught:
        measure(knots=((0, 0), (1, 101)), wieght=2, dimension="adoptoin", weight=-1)
    text = str(caught.value)
    assert len(caught.value.faults) == 4
    for word in ("measure 'm'", "did you mean 'weight'?", "'adoptoin'", "101", "-1"):
        assert word in text


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, "exactly one rule"),
        ({"knots": ((0, 0), (1, 1)), "relative": "higher"}, "knots and relative"),
        ({"knots": ((1, 0), (0, 100))}, "rising values"),
        ({"knots": ((0, 0),)}, "at least two pairs"),
        ({"knots": ((-2.3e-308, 0), (2.3e-313, 100))}, "rising values"),
        ({"knots": ((0, 0), (float("nan"), 1))}, "finite"),
        ({"levels": {}}, "at least 1"),
        ({"relative": "higher", "stale_after": 3}, "stale_after and recency together"),
        ({"relative": "higher", "name": "model"}, "a name other than"),
    ],
)
def test_a_wrong_rule_is_refused(rule, said):
    with pytest.raises(ConfigError, match=said):
        measure(**rule)


def test_an_unknown_feature_is_met_with_the_nearest_one():
    rule = measure(relative="higher", feature="nps_score_lates", recency="nps_recency", stale_after=9)
    faults = unknown_features([rule], ["nps_score_latest", "nps_response_recency"])
    assert [fault.hint for fault in faults] == [
        "did you mean 'nps_score_latest'?",
        "did you mean 'nps_response_recency'?",
    ]


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6, unique=True), st.floats(-1e7, 1e7))
def test_points_always_lie_between_0_and_100(values, at):
    assume(np.diff(sorted(values)).min() >= 1e-9)
    knots = tuple((value, 100.0 * k / len(values)) for k, value in enumerate(sorted(values)))
    (got,) = points(measure(knots=knots), [at])
    assert 0 <= got <= 100


@settings(deadline=None)
@example([-2.3e-308, 2.3e-313], -1e-308, 1e-308)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=60), st.floats(-200, 200), st.floats(0, 50))
def test_a_percentage_never_falls_as_the_value_rises(sample, at, more):
    from cs_ml.health.relative import Ranks

    ranks = Ranks.learn(np.array(sample), np.full(len(sample), "*", object))
    low, high = ranks.points(np.array([at, at + more]), np.array(["*", "*"], object))
    assert 0 <= low <= high <= 100


def test_a_number_rule_refuses_text():
    from cs_ml.errors import FrameError

    with pytest.raises(FrameError, match="expected numbers"):
        points(measure(knots=((0, 0), (1, 100))), ["a"])

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.errors import FrameError
from cs_ml.report.headline import tiles
from cs_ml.report.summary import expected_events, latest, previous
from cs_ml.report.words import Words


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_expected_events_agree_with_all_outcomes(p):
    chances = np.zeros(len(p) + 1)
    for outcome in itertools.product((0, 1), repeat=len(p)):
        chances[sum(outcome)] += np.prod([one if hit else 1 - one for one, hit in zip(p, outcome, strict=True)])
    found = expected_events(pd.Series(p))
    assert found.mean == pytest.approx(sum(p))
    total = np.cumsum(chances)
    for quantile, count in ((0.05, found.low), (0.95, found.high)):
        assert total[count] >= quantile - 1e-9
        assert count == 0 or total[count - 1] <= quantile + 1e-9


def test_the_interval_of_many_accounts_is_the_normal_one():
    p = pd.Series(np.full(20_000, 0.05))
    found = expected_events(p)
    spread = np.sqrt(20_000 * 0.05 * 0.95)
    assert found.low == pytest.approx(1000 - 1.645 * spread, abs=1.5)
    assert found.high == pytest.approx(1000 + 1.645 * spread, abs=1.5)


def test_no_probability_expects_nothing():
    assert expected_events(pd.Series([np.nan])) == (0.0, 0, 0)


def test_a_probability_above_one_is_refused():
    with pytest.raises(FrameError, match=r"in \[0, 1\], found 1.2"):
        expected_events(pd.Series([0.2, 1.2]))


def test_headlines_by_hand(scores):
    found = {
        tile["label"]: (tile["value"], tile["note"]) for tile in tiles(latest(scores), previous(scores), Words("en"))
    }
    assert found["Accounts"] == ("6", "+0 / -0 since last time")
    assert found["MRR"] == ("2,100", "+0.0 % since last time")
    assert found["Mean health"][0] == f"{latest(scores)['health'].mean():.1f}"


def test_who_joined_and_who_left(scores):
    now, before = latest(scores).drop("a00005"), previous(scores).drop("a00000")
    assert tiles(now, before, Words("en"))[0]["note"] == "+1 / -1 since last time"


def test_scores_of_another_shape_are_refused(scores):
    with pytest.raises(FrameError, match="indexed by"):
        latest(scores.droplevel("as_of"))
    with pytest.raises(FrameError, match="at least one row"):
        latest(scores.iloc[:0])
    with pytest.raises(FrameError, match="again"):
        latest(pd.concat([scores, scores]))

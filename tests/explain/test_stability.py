import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.errors import FrameError, NotEnoughData
from cs_ml.explain import stability


def frame(*values):
    return pd.DataFrame([values], columns=list("abc")[: len(values)])


def test_shares_by_hand():
    refits = [frame(1.0, 1.0, 0.0), frame(2.0, -1.0, np.nan), frame(0.5, -1.0, 1.0), frame(0.1, -2.0, -1.0)]
    assert stability(refits).to_numpy().tolist() == [[1.0, 0.75, 0.25]]
    assert stability(refits, against=frame(-1.0, -1.0, 0.0)).to_numpy().tolist() == [[0.0, 0.75, 0.0]]


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=9))
def test_flipping_all_signs_changes_nothing(values):
    refits = [frame(value) for value in values]
    flipped = [frame(-value) for value in values]
    assert stability(refits).equals(stability(flipped))
    assert 0 <= stability(refits).iloc[0, 0] <= 1


def test_one_refit_says_nothing():
    with pytest.raises(NotEnoughData, match="at least two refits, found 1"):
        stability([frame(1.0)])


def test_every_unlike_refit_is_named():
    with pytest.raises(FrameError, match=r"(?s)2 faults.*refit 1.*refit 2"):
        stability([frame(1.0), frame(1.0, 2.0), frame(1.0).rename(columns={"a": "z"})])

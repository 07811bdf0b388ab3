from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from cs_ml.models.kaplan_meier import kaplan_meier, kaplan_meier_table

FOLLOWED = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=30)


@given(FOLLOWED)
def test_it_is_the_estimate_of_scipy(rows):
    duration, event = np.array([days for days, _ in rows], dtype=float), np.array([left for _, left in rows])
    days = np.arange(int(duration.max()) + 1)
    oracle = ecdf(CensoredData(duration[event], right=duration[~event])).sf
    np.testing.assert_allclose(kaplan_meier(duration, event, days), oracle.evaluate(days), atol=1e-12)


@given(FOLLOWED)
def test_weights_count_rows_as_often(rows):
    duration, event = np.array([days for days, _ in rows], dtype=float), np.array([left for _, left in rows])
    often = np.arange(len(rows)) % 3 + 1
    days = np.arange(int(duration.max()) + 1)
    repeated = kaplan_meier(duration.repeat(often), event.repeat(often), days)
    np.testing.assert_allclose(kaplan_meier(duration, event, days, often.astype(float)), repeated, atol=1e-12)


def test_beyond_what_was_seen_nothing_is_said():
    found = kaplan_meier(np.array([5.0, 9.0]), np.array([True, False]), [9, 10])
    assert found[0] == 0.5
    assert np.isnan(found[1])


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    rng, held = np.random.default_rng(0), 0
    for _ in range(60):
        stay = rng.exponential(100, 150)
        y = pd.DataFrame({"duration_days": np.minimum(stay, 150), "event": stay < 150})
        row = kaplan_meier_table(y, pd.DataFrame({50: np.full(150, 0.6)}), np.arange(150), n_boot=200).iloc[0]
        held += row["low"] <= np.exp(-0.5) <= row["high"]
    assert held >= 52  # fewer has a chance of 2 in 100 at 95 %


def test_ten_equal_rows_of_an_account_know_no_more_than_one():
    y = pd.DataFrame({"duration_days": [10.0, 20.0, 30.0, 40.0] * 10, "event": [True, False, True, False] * 10})
    foreseen = pd.DataFrame({25: np.full(40, 0.6)})
    alone = kaplan_meier_table(y.iloc[:4], foreseen.iloc[:4], np.arange(4))
    pd.testing.assert_frame_equal(kaplan_meier_table(y, foreseen, np.arange(40) % 4), alone)

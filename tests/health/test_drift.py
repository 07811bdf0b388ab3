"""The level of the newest dates, held back by how little one knows of it."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from cs_ml.health.drift import Spaced

BASE = 2.5


def walked(levels, n, seed=0):
    """Rows whose log-odds, as the fit sees them, leave out what the level of each date adds."""
    rng, place = np.random.default_rng(seed), np.repeat(np.arange(len(levels)), n)
    stayed = (rng.uniform(size=len(place)) < expit(BASE + np.asarray(levels)[place])).astype(float)
    middle = np.log(stayed.mean() / (1 - stayed.mean()))
    return Spaced(np.full(len(place), middle), stayed, place, np.arange(len(levels)) / 4)


def test_dates_lie_so_far_apart_that_no_day_is_looked_at_twice():
    dates = pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-31", "2026-04-01", "2026-06-30"] * 2)
    found = Spaced.of(np.arange(10.0), np.ones(10), pd.DatetimeIndex(dates), 90)
    assert found.eta.tolist() == [0, 3, 4, 5, 8, 9]  # 90 days lie before June 30, and before April 1
    assert found.place.tolist() == [0, 1, 2, 0, 1, 2]
    assert np.diff(found.years) * 365.25 == pytest.approx([90, 90])


def test_a_level_that_falls_is_followed_where_rows_are_many():
    rows = walked([0.9, 0.6, 0.3, 0.0], 20_000)
    assert rows.drift() == pytest.approx(_newest(rows), abs=0.05)
    assert rows.drift() < -0.3


def test_chance_is_hardly_followed():
    drifts = [walked([0, 0, 0, 0], 250, seed).drift() for seed in range(40)]
    raw = [_newest(walked([0, 0, 0, 0], 250, seed)) for seed in range(40)]
    assert np.std(drifts) < 0.5 * np.std(raw)
    assert abs(np.mean(drifts)) < 0.1


def _newest(rows):
    at = rows.place == rows.place.max()
    share = rows.stayed[at].mean()
    return np.log(share / (1 - share)) - rows.eta[0]


def test_the_sign_turns_with_time():
    forth, back = (walked([1.0, 0.5, 0.0, -0.5][::step], 2_000).drift() for step in (1, -1))
    assert forth < -0.3
    assert back > 0.3


@pytest.mark.parametrize("stayed", [[1.0, 1.0], [0.0, 0.0]])
def test_without_both_outcomes_or_a_second_date_nothing_drifts(stayed):
    assert Spaced(np.zeros(2), np.array(stayed), np.array([0, 1]), np.array([0.0, 0.25])).drift() == 0
    assert Spaced(np.zeros(2), np.array([0.0, 1.0]), np.array([0, 0]), np.array([0.0])).drift() == 0

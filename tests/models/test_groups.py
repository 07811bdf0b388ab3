from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cs_ml.models.groups import calibration_by, tenure_group
from cs_ml.models.reliability import wilson


def test_gap_by_hand():
    y, p = np.array([1.0, 0, 0, 0, 1, 1]), np.array([0.5, 0.5, 0.5, 0.5, 0.9, 0.7])
    table = calibration_by(y, p, list("aaaabb")).set_index("group")
    assert table.loc["a", ["n", "events", "predicted", "observed", "gap"]].tolist() == [4, 1, 0.5, 0.25, 0.25]
    least, most = wilson(0.25, 4, level=0.975)
    assert table.loc["a", ["low", "high"]].tolist() == pytest.approx([0.5 - most, 0.5 - least])
    assert not table["off"].any()


def test_a_group_without_events_is_not_accused_for_being_small():
    y, p = np.zeros(220), np.r_[np.full(20, 0.05), np.full(200, 0.05)]
    off = calibration_by(y, p, ["small"] * 20 + ["large"] * 200).set_index("group")["off"]
    assert off.to_dict() == {"large": True, "small": False}


def test_repeated_snapshots_prove_no_more():
    y, p = np.repeat([1.0, 0.0], [10, 20]), np.full(30, 0.18)
    once = calibration_by(y, p, np.zeros(30))
    often = calibration_by(np.repeat(y, 6), np.repeat(p, 6), np.zeros(180), np.repeat(np.arange(30), 6))
    assert often["high"][0] - often["low"][0] == pytest.approx(once["high"][0] - once["low"][0], rel=0.05)


def test_calibrated_worlds_are_seldom_accused():
    """All groups of a world together: at most 5 in 100, here of 400 worlds of 6 groups with three snapshots each."""
    accused = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        margin = np.repeat(rng.beta(2, 20, 300), 3)
        y = np.repeat((rng.random(300) < margin[::3]).astype(float), 3)
        groups, accounts = np.repeat(rng.integers(0, 6, 300), 3), np.repeat(np.arange(300), 3)
        accused += calibration_by(y, margin, groups, accounts)["off"].any()
    assert accused <= 0.07 * 400


def test_a_wrong_segment_is_named():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.3, 2_000)
    monthly = np.arange(2_000) % 2 == 0
    y = (rng.random(2_000) < np.where(monthly, 1.5 * p, p)).astype(float)
    off = calibration_by(y, p, np.where(monthly, "monthly", "annual")).set_index("group")["off"]
    assert off.to_dict() == {"annual": False, "monthly": True}


def test_tenure_begins_a_group_on_its_first_day():
    days = pd.Series([-1.0, 0, 89.9, 90, 364, 365, 729, 730, np.nan])
    found = tenure_group(days).str.removeprefix("tenure ").tolist()
    year = "90 days to 1 year"
    assert found == ["under 90 days"] * 3 + [year] * 2 + ["1 to 2 years"] * 2 + ["from 2 years", "missing"]

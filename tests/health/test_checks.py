import numpy as np
import pandas as pd
import pytest

from cs_ml.health import Bands, ship_checks
from cs_ml.health.checks import verdict_on

HEALTH = np.array([30, 30, 30, 50, 50, 65, 65, 65, 65, 65.0])
STAYED = np.array([0, 0, 1, 0, 1, 1, 1, 1, 1, 0.0])


def test_the_three_figures_are_those_counted_by_hand():
    table = ship_checks(HEALTH, STAYED, np.arange(10))
    assert table["value"].tolist() == pytest.approx([(2 / 3) / (4 / 10), 3 / 4, 5 / 10])
    assert table["holds"].tolist() == [False, True, True]
    assert ((table["low"] < table["value"]) & (table["value"] < table["high"])).all()


def test_limits_follow_the_bands():
    table = ship_checks(HEALTH, STAYED, np.arange(10), bands=Bands(red_below=55, green_from=66))
    assert table["value"].tolist() == pytest.approx([(3 / 5) / (4 / 10), 1.0, 0.0])


def test_only_churners_seen_sixty_to_ninety_days_before_count_where_there_are_any():
    lead = np.array([10, 60, np.nan, 100, np.nan, np.nan, np.nan, np.nan, np.nan, 90])
    table = ship_checks(HEALTH, STAYED, np.arange(10), lead)
    assert table.loc["churners_caught", "value"] == 1 / 2
    early = ship_checks(HEALTH, STAYED, np.arange(10), np.where(STAYED == 0, 20.0, np.nan))
    assert early.loc["churners_caught", "value"] == 3 / 4


def test_what_cannot_be_measured_does_not_hold():
    table = ship_checks(np.array([]), np.array([]), np.array([], int))
    assert not table["holds"].any()
    assert table["sentence"].str.startswith("Could not be measured").all()


def test_an_empty_red_band_has_no_lift():
    table = ship_checks(np.full(4, 55.0), np.array([0, 1, 1, 1.0]), np.arange(4))
    assert np.isnan(table.loc["red_churn_lift", "value"])
    assert not table.loc["red_churn_lift", "holds"]


def test_a_version_ships_when_every_check_holds_and_otherwise_says_which_does_not():
    table = ship_checks(HEALTH, STAYED, np.arange(10))
    assert verdict_on(table) == verdict_on(table.reset_index()) == "failed: red_churn_lift"
    assert verdict_on(table.assign(holds=True)) == "passed"
    assert verdict_on(pd.DataFrame()) == "not measured"

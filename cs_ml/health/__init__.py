"""How accounts are: measures with learned weights, one score with a stated meaning."""

from __future__ import annotations

from cs_ml.health.bands import Bands, steady_bands
from cs_ml.health.card_file import default_scorecard, load_scorecard
from cs_ml.health.checks import ship_checks
from cs_ml.health.measure import DIMENSIONS, Measure
from cs_ml.health.reliability import reliability_table
from cs_ml.health.score import HealthScore
from cs_ml.health.scorecard import Scorecard

__all__ = [
    "DIMENSIONS",
    "Bands",
    "HealthScore",
    "Measure",
    "Scorecard",
    "default_scorecard",
    "load_scorecard",
    "reliability_table",
    "ship_checks",
    "steady_bands",
]

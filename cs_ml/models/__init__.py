"""What we expect: propensity models, their honest evaluation, and alarms."""

from __future__ import annotations

from cs_ml.models.alarms import column_auc, leak_alarms
from cs_ml.models.backtest import Backtest, backtest
from cs_ml.models.baselines import BaseRateRule, OneRule, PlainLogistic, default_baselines
from cs_ml.models.calibrate import AffineCalibrator
from cs_ml.models.drift import base_rate_drift, feature_drift, psi
from cs_ml.models.encode import SnapshotEncoder
from cs_ml.models.hazard import HazardModel
from cs_ml.models.metric_table import metric_table, paired_differences
from cs_ml.models.periods import Periods
from cs_ml.models.profile import FeatureProfile
from cs_ml.models.propensity import PropensityClassifier
from cs_ml.models.reliability import reliability_table, wilson
from cs_ml.models.report_card import ReportCard, detectable_auc, report_card
from cs_ml.models.text import TextSignal

__all__ = [
    "AffineCalibrator",
    "Backtest",
    "BaseRateRule",
    "FeatureProfile",
    "HazardModel",
    "OneRule",
    "Periods",
    "PlainLogistic",
    "PropensityClassifier",
    "ReportCard",
    "SnapshotEncoder",
    "TextSignal",
    "backtest",
    "base_rate_drift",
    "column_auc",
    "default_baselines",
    "detectable_auc",
    "feature_drift",
    "leak_alarms",
    "metric_table",
    "paired_differences",
    "psi",
    "reliability_table",
    "report_card",
    "wilson",
]

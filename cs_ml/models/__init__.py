"""What we expect: propensity models, their honest evaluation, and alarms."""

from __future__ import annotations

from cs_ml.models.propensity import PropensityClassifier

__all__ = ["PropensityClassifier"]

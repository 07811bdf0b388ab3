"""The only part that knows MLflow: runs, and models by version and alias."""

from __future__ import annotations

from cs_ml.tracking.run import Run
from cs_ml.tracking.tracker import CHECKS_TAG, Tracker

__all__ = ["CHECKS_TAG", "Run", "Tracker"]

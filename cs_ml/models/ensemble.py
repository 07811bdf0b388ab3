"""Fitted learners, their weights and the calibration: one straight sum in log-odds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.models.blend import blend_margin
from cs_ml.models.calibrate import AffineCalibrator
from cs_ml.models.encode import SnapshotEncoder, View, sum_by_source
from cs_ml.models.learners import Member, TrainingRows, log_odds
from cs_ml.models.roster import learner_from_state
from cs_ml.models.tree_sum import TreeSum, tree_sum

__all__ = ["Ensemble"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ensemble:
    """Everything a fitted classifier needs to score and to explain.

    Parameters
    ----------
    encoder
        Fitted encoder.
    learners
        Fitted learners.
    weights
        Weight of each learner; what they leave of one goes to the base rate.
    base_log_odds
        Log-odds of the base rate of the training rows.
    calibration
        From blended margin to calibrated log-odds.
    """

    encoder: SnapshotEncoder
    learners: tuple[Member, ...]
    weights: Floats
    base_log_odds: float
    calibration: AffineCalibrator

    @classmethod
    def train(
        cls, learners: Sequence[Member], weights: Floats, calibration: AffineCalibrator, rows: TrainingRows
    ) -> Self:
        """Fit every learner that has a weight on all rows."""
        used = np.flatnonzero(weights > 0)
        base = log_odds(rows.y, rows.weights)
        wanted = {learners[i].reads for i in used.tolist()} - {"tree"}
        views = {"tree": rows.tree} | _views(rows.encoder, rows.X, wanted)
        fitted = tuple(learners[i].fit(views[learners[i].reads], rows.y, rows.weights) for i in used.tolist())
        return cls(rows.encoder, fitted, weights[used], base, calibration)

    @cached_property
    def trees(self) -> TreeSum:
        """What explains the trees of all learners together; made when it is first asked for."""
        return tree_sum(self.learners, self.weights, self.encoder.tree_sources_)

    def margin(self, frame: pd.DataFrame) -> Floats:
        """Return calibrated log-odds, shape (n_rows,)."""
        views = _views(self.encoder, frame, {learner.reads for learner in self.learners})
        margins = [learner.margin(views[learner.reads]) for learner in self.learners]
        columns = np.column_stack(margins) if margins else np.empty((len(frame), 0))
        return self.calibration.apply(blend_margin(self.base_log_odds, columns, self.weights))

    def contributions(self, frame: pd.DataFrame) -> tuple[Floats, float]:
        """Return what each feature adds, shape (n_rows, n_features), and the bias; they sum to the margin."""
        views = _views(self.encoder, frame, {learner.reads for learner in self.learners})
        features = self.encoder.features_
        parts = np.zeros((len(frame), len(features)))
        bias = self.base_log_odds * (1.0 - float(self.weights.sum()))
        if (tables := self.trees.tables) is not None and "tree" in views:
            parts += sum_by_source(tables.contributions(views["tree"].matrix), views["tree"].sources, features)
            bias += tables.bias
        for at, (weight, learner) in enumerate(zip(self.weights, self.learners, strict=True)):
            if at in self.trees.held:
                continue
            encoded, start = learner.contributions(views[learner.reads])
            parts += weight * sum_by_source(encoded, views[learner.reads].sources, features)
            bias += float(weight) * start
        return self.calibration.b * parts, self.calibration.a + self.calibration.b * bias

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        return {
            "encoder": self.encoder.to_state(),
            "learners": [{"name": learner.name, "state": learner.to_state()} for learner in self.learners],
            "weights": self.weights.tolist(),
            "base_log_odds": self.base_log_odds,
            "calibration": self.calibration.to_state(),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the ensemble that ``to_state`` described."""
        return cls(
            SnapshotEncoder.from_state(state["encoder"]),
            tuple(learner_from_state(part["name"], part["state"]) for part in state["learners"]),
            np.array(state["weights"], dtype=np.float64),
            state["base_log_odds"],
            AffineCalibrator.from_state(state["calibration"]),
        )


def _views(encoder: SnapshotEncoder, frame: pd.DataFrame, wanted: set[str]) -> dict[str, View]:
    make = {"tree": encoder.tree, "linear": encoder.linear, "wide": encoder.wide}
    return {reads: make[reads](frame) for reads in sorted(wanted)}

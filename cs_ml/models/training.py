"""Evidence gathered out of time, and what is decided by it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.errors import InputError
from cs_ml.models.average import Average, chosen_settings
from cs_ml.models.blend import blend_margin, choose_weights
from cs_ml.models.calibrate import METHODS, AffineCalibrator, choose_calibrator
from cs_ml.models.folds import Folds
from cs_ml.models.further import Guarded
from cs_ml.models.learners import Learner, TrainingRows, log_odds
from cs_ml.models.losses import log_loss_rows
from cs_ml.models.recency import choose_half_life, rate_shift
from cs_ml.models.target import Target
from cs_ml.models.threads import one_thread

__all__ = ["Evidence", "choose_calibration", "gather", "learner_weights"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
EVENTS_FOR_SLOPE = 2_000  # so many tell a slope of 1.05 from one
EVENTS_FOR_LEVEL = 200  # with so many in the newest origins older ones are not needed: their level may be another


@dataclass
class Evidence:
    """Margins of each learner on rows predicted before their outcome was known.

    Parameters
    ----------
    learners
        Each averaged over the settings chosen, unfitted.
    folds
        How the rows were predicted.
    y, weights, clusters
        Label, weight and account code of each row predicted, in the order of ``folds.test``.
    base
        Log-odds of the base rate known at its origin.
    margins
        Shape (n_rows, n_learners).
    settings
        What was chosen for each learner, with the log loss of each choice.
    half_life
        Days after which an outcome counts half for the level of the base rate; None counts all alike.
    """

    learners: list[Average]
    folds: Folds
    y: Floats
    weights: Floats
    clusters: Rows
    base: Floats
    margins: Floats
    settings: dict[str, Any] = field(default_factory=dict)
    half_life: int | None = None

    def table(self, margin: Floats, index: pd.Index) -> pd.DataFrame:
        """Return the rows predicted out of time with label, calibrated margin, learners' margins and origin."""
        columns = {learner.name: self.margins[:, i] for i, learner in enumerate(self.learners)} if len(self.y) else {}
        named = {"label": self.y, "margin": margin, **columns, "origin": self.folds.origin}
        return pd.DataFrame(named, index=index[self.folds.test])

    def blend(self, weights: Floats) -> Floats:
        """Return the blended, uncalibrated margin of each row predicted."""
        return blend_margin(self.base, self.margins, weights) if len(self.y) else np.empty(0)

    def report(
        self, target: Target, weights: Floats, calibration: AffineCalibrator, notes: list[str]
    ) -> dict[str, Any]:
        """Return counts and choices as JSON-able values."""
        by_name = {learner.name: float(w) for learner, w in zip(self.learners, weights, strict=True)}
        by_name["base_rate"] = by_name.get("base_rate", 0.0) + 1.0 - float(weights.sum())
        positive = int(self.y.sum())
        return {
            "rows": len(target.y),
            "positive_rows": int(target.y.sum()),
            "accounts": len(np.unique(target.clusters)),
            "events": target.n_events,
            "left_out": target.left_out,
            "folds": {
                "kind": self.folds.kind,
                "origins": len(self.folds.pairs),
                "rows": len(self.y),
                "positive_rows": positive,
            },
            "settings": self.settings,
            "weights": by_name,
            "base_rate_half_life_days": self.half_life,
            "calibration": calibration.to_state(),
            "notes": list(notes),
        }


def gather(learners: list[Learner], rows: TrainingRows, folds: Folds, *, n_jobs: int = 1) -> Evidence:
    """Try every setting of every learner on every fold, and fix each learner to what did best.

    Parameters
    ----------
    learners
        Unfitted, simplest first.
    rows
        Labelled rows.
    folds
        As from ``training_folds``.
    n_jobs
        Folds at once, each on one thread; no result depends on it. Learners of other packages have their folds in turn.

    Returns
    -------
    Evidence
        Learners and their out-of-time margins.
    """
    test = folds.test
    bases = [np.full(len(b), log_odds(rows.y[a], rows.weights[a])) for a, b in folds.pairs]
    base = np.concatenate([np.empty(0), *bases])
    nothing = np.empty((len(test), 0))
    evidence = Evidence([], folds, rows.y[test], rows.weights[test], rows.clusters[test], base, nothing)
    rows.pasts = tuple(train for train, _ in folds.pairs)
    for learner in learners:
        _choose_setting(evidence, learner, rows, n_jobs)
    return evidence


def learner_weights(evidence: Evidence, blend: str | dict[str, float]) -> Floats:
    """Return the weight of each learner: given, or chosen on the evidence.

    Raises
    ------
    InputError
        If given weights are negative, sum to more than one, or name a learner that does not compete.
    """
    names = [learner.name for learner in evidence.learners]
    if blend != "auto":
        return _given(blend, names)
    if not len(evidence.y):
        return np.asarray(np.eye(len(names))[0], dtype=np.float64)
    n_accounts = len(np.unique(evidence.clusters))
    return choose_weights(evidence.base, evidence.margins, evidence.y, evidence.weights, n_independent=n_accounts)


def choose_calibration(
    evidence: Evidence, weights: Floats, method: str, target: Target
) -> tuple[AffineCalibrator, Floats]:
    """Learn the calibrator from the blended margins of the newest origins: the level of few events, the slope of many.

    Where recent outcomes would have told the base rate of past origins better than all outcomes, the shift towards the
    recent base rate is part of the calibrator; ``evidence.half_life`` says so.

    Parameters
    ----------
    evidence
        Margins out of time.
    weights
        Weight of each learner.
    method
        ``auto``, ``none``, ``temperature`` or ``sigmoid``.
    target
        All labelled rows.

    Returns
    -------
    calibrator, margin
        For rows to come; and the calibrated margins of the rows predicted out of time.

    Raises
    ------
    InputError
        If the method is not known.
    """
    if method != "auto" and method not in METHODS:
        raise InputError(f"calibrate: expected 'auto' or one of {METHODS}, found {method!r}")
    margin = evidence.blend(weights)
    if len(np.unique(evidence.y)) < 2 or method == "none":
        return AffineCalibrator(), margin
    half_life, shifts = choose_half_life(target, evidence.folds, margin, evidence.clusters)
    evidence.half_life = half_life
    found = _calibrator(evidence, margin + shifts, method, target)
    now = rate_shift(target, np.arange(len(target.y)), half_life)
    return replace(found, a=found.a + found.b * now), found.apply(margin + shifts)


def _calibrator(evidence: Evidence, margin: Floats, method: str, target: Target) -> AffineCalibrator:
    """Learn the level from the newest origins; where there are more, learn a slope from those before, too."""
    rows_an_event = max(target.y.sum() / max(target.n_events, 1), 1.0)
    share, events = evidence.weights / rows_an_event, round(float(evidence.y.sum()) / rows_an_event)
    new, more = (_newest(evidence, rows_an_event, n) for n in (EVENTS_FOR_LEVEL, EVENTS_FOR_SLOPE))
    if method != "auto":
        return AffineCalibrator.learn(margin[new], evidence.y[new], method=method, weights=share[new])

    def chosen(margin: Floats, rows: npt.NDArray[np.bool_], *, shift: bool) -> AffineCalibrator:
        parts = margin[rows], evidence.y[rows], evidence.clusters[rows], evidence.folds.origin[rows]
        return choose_calibrator(*parts, n_events=events, weights=share[rows], shift=shift)

    slope = chosen(margin, more, shift=False) if more.sum() > new.sum() else AffineCalibrator()
    return chosen(slope.apply(margin), new, shift=True).after(slope)


def _choose_setting(evidence: Evidence, learner: Learner, rows: TrainingRows, n_jobs: int) -> None:
    settings = learner.settings
    chosen, losses = np.array([len(settings) // 3]), np.empty(0)
    if len(evidence.y):
        path = np.concatenate(_paths(learner, rows, evidence.folds, n_jobs))
        lost = log_loss_rows(evidence.y, path) * evidence.weights[:, None]
        chosen, losses = chosen_settings(learner, lost, evidence.clusters), lost.mean(axis=0)
        evidence.margins = np.column_stack([evidence.margins, path[:, chosen].mean(axis=1)])
    averaged = [settings[at] for at in chosen]
    evidence.learners.append(Average([learner.with_setting(setting) for setting in averaged]))
    evidence.settings[learner.name] = {"averaged": averaged, "tried": settings, "log_loss": losses.tolist()}


def _paths(learner: Learner, rows: TrainingRows, folds: Folds, n_jobs: int) -> list[Floats]:
    """Try a learner's settings on every fold, some at once; what folds share is made before they begin."""
    if n_jobs < 2 or isinstance(learner, Guarded):
        return [learner.path(rows, train, test) for train, test in folds.pairs]
    if learner.reads == "tree":
        _ = rows.binned
    with one_thread(), ThreadPoolExecutor(n_jobs) as pool:
        return list(pool.map(lambda fold: learner.path(rows, *fold), folds.pairs))


def _given(blend: str | dict[str, float], names: list[str]) -> Floats:
    if isinstance(blend, str) or set(blend) - set(names) - {"base_rate"}:
        raise InputError(f"blend: expected 'auto' or weights of {names}, found {blend!r}")
    weights = np.array([float(blend.get(name, 0.0)) for name in names])
    if (weights < 0).any() or weights.sum() > 1 + 1e-9:
        raise InputError(f"blend: expected non-negative weights that sum to at most one, found {blend!r}")
    return weights


def _newest(evidence: Evidence, rows_an_event: float, events: int) -> npt.NDArray[np.bool_]:
    """Return the rows of the newest origins that hold so many events."""
    by_origin = np.bincount(evidence.folds.origin, weights=evidence.y) / rows_an_event
    newer = np.cumsum(by_origin[::-1])[::-1] - by_origin
    return (
        np.asarray(newer[evidence.folds.origin] < events)
        if evidence.folds.kind == "time"
        else np.ones(len(evidence.y), dtype=bool)
    )

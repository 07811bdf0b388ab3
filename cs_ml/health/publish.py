"""From coefficients to what is published: health, interval, band, coverage, and the parts that add up to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from cs_ml.health.intervals import Z90
from cs_ml.health.learn import Learned
from cs_ml.health.measure import DIMENSIONS
from cs_ml.health.scorecard import Scorecard

__all__ = ["Reading", "contributions_of", "publish"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """Rows of a book read with a fitted score.

    Parameters
    ----------
    learned
        The fitted score.
    index
        Index of the rows.
    points
        Points of each measure, shape (rows, measures); NaN where missing.
    columns
        What the log-odds add up, shape (rows, columns).
    scale
        ``"odds"`` or ``"probability"``.
    at
        Position of each row in the whole.
    """

    learned: Learned
    index: pd.Index
    points: Floats
    columns: Floats
    scale: str
    at: NDArray[np.intp]

    @property
    def card(self) -> Scorecard:
        """The scorecard the score was fitted with."""
        return self.learned.typical.scorecard

    @property
    def coverage(self) -> Floats:
        """Share of the expert's weight present."""
        return self.learned.typical.coverage(self.points)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Rows with enough coverage for a score."""
        return np.asarray(self.coverage >= self.card.coverage_floor - 1e-12)

    def eta(self, deviations: float = 0.0) -> Floats:
        """Return calibrated log-odds of staying, moved by so many standard deviations."""
        eta = np.einsum("ij,j->i", self.columns, self.learned.mode)
        if deviations:
            eta = eta + deviations * self.learned.posterior.eta_sd(self.columns)
        return self.learned.affine(eta)

    def odds_points(self, eta: Floats) -> Floats:
        """Return points on the odds scale, before the cut."""
        return np.asarray(50.0 + self.learned.points_per_log_odds * (eta - self.learned.eta_ref))

    def health(self, eta: Floats) -> Floats:
        """Return health on the chosen scale, cut at 0 and 100."""
        points = 100.0 * expit(eta) if self.scale == "probability" else self.odds_points(eta)
        return np.asarray(np.clip(points, 0.0, 100.0))

    def log_odds_parts(self) -> tuple[dict[str, Floats], float]:
        """Return what each measure adds to the calibrated log-odds, and the log-odds of a typical account."""
        typical, slope = self.learned.typical, self.learned.affine.slope
        parts = slope * self.columns * self.learned.mode
        at = typical.weights_at
        named = {"segment": parts[:, 1 : at.start].sum(axis=1)} if at.start > 1 else {}
        named |= dict(zip(typical.scorecard.names, parts[:, at].T, strict=True))
        if parts.shape[1] > at.stop:
            named["model"] = parts[:, -1]
        return named, float(self.learned.affine.shift + slope * self.learned.mode[0])

    def contributions(self) -> tuple[pd.DataFrame, float]:
        """Return parts in health points and their base; see ``HealthScore.contributions``."""
        named, base_eta = self.log_odds_parts()
        base_at = np.array([base_eta])
        if self.scale == "probability":
            factor, base = self._mean_slope(base_eta), float(100.0 * expit(base_eta))
        else:
            factor, base = (
                np.full(len(self.index), self.learned.points_per_log_odds),
                float(self.odds_points(base_at)[0]),
            )
        parts = pd.DataFrame({name: factor * part for name, part in named.items()}, index=self.index)
        parts["clipped"] = self.health(self.eta()) - (base + parts.sum(axis=1))
        parts[~self.known] = np.nan
        return parts, base

    def _mean_slope(self, base_eta: float) -> Floats:
        """Mean slope of 100 p between the typical account and each row: Aumann-Shapley shares of a sum."""
        eta = self.eta()
        gap, middle = eta - base_eta, expit(eta) * (1 - expit(eta))
        rise = expit(eta) - expit(base_eta)
        return np.asarray(100.0 * np.divide(rise, gap, out=middle, where=np.abs(gap) > 1e-9))


def publish(parts: list[Reading], mrr: Floats | None) -> pd.DataFrame:
    """Return the published frame; see ``HealthScore.score``.

    Parameters
    ----------
    parts
        Rows read with a fitted score: those of the default scorecard, and of each segment's.
    mrr
        MRR of each row, for bands by capacity, in the order of the whole.

    Returns
    -------
    pandas.DataFrame
        One row a row, in the order of the whole.
    """
    frame = pd.concat([_published(part) for part in parts])
    points = np.concatenate([np.where(part.known, part.odds_points(part.eta()), np.nan) for part in parts])
    back = _back(parts)
    frame, points = frame.iloc[back], np.clip(points[back], 0.0, 100.0)
    at_risk = None if mrr is None else pd.Series((1 - frame["p_stay"].to_numpy()) * mrr, index=frame.index)
    frame["band"] = parts[0].card.bands.of(pd.Series(points, index=frame.index), at_risk).to_numpy()
    order = [f"points_{name}" for name in DIMENSIONS if f"points_{name}" in frame]
    return frame[[name for name in frame if not str(name).startswith("points_")] + order]


def _back(parts: list[Reading]) -> NDArray[np.intp]:
    """Positions that bring the rows of all parts into the order of the whole."""
    return np.argsort(np.concatenate([part.at for part in parts]), kind="stable")


def _published(reading: Reading) -> pd.DataFrame:
    """Return the published frame of one part; its band comes with the others'."""
    eta, known = reading.eta(), reading.known
    frame = pd.DataFrame(index=reading.index)
    for name, at in {"health": eta, "health_low": reading.eta(-Z90), "health_high": reading.eta(Z90)}.items():
        frame[name] = np.where(known, reading.health(at), np.nan)
    frame["p_stay"] = np.where(known, expit(eta), np.nan)
    frame["band"] = pd.Series(None, index=frame.index, dtype=object)
    frame["coverage"] = reading.coverage
    frame["health_reason"] = _reasons(reading)
    frame["scorecard_version"] = reading.card.version
    for name in [name for name in DIMENSIONS if any(measure.dimension == name for measure in reading.card.measures)]:
        frame[f"points_{name}"] = _dimension(reading, name)
    return frame


def contributions_of(parts: list[Reading]) -> tuple[pd.DataFrame, float]:
    """Return the contributions of all parts about the default's base; a segment's own base is in its ``segment``.

    Parameters
    ----------
    parts
        As in :func:`publish`.
    """
    found = [part.contributions() for part in parts]
    base = found[0][1]
    if len(found) == 1:
        return found[0]
    moved = [
        terms.assign(segment=terms.get("segment", 0.0) + (own - base)).mask(terms["clipped"].isna())
        for terms, own in found
    ]
    frame = pd.concat(moved).iloc[_back(parts)]
    names = [name for name in frame if name not in ("model", "clipped")]
    frame = frame[names + [name for name in ("model", "clipped") if name in frame]]
    return frame.fillna(0.0).mask(frame["clipped"].isna()), base


def _reasons(reading: Reading) -> pd.Series:
    """Say why health is null; None where it is not."""
    reasons: list[Any] = [None] * len(reading.index)
    order = np.argsort(-reading.card.prior, kind="stable")
    for row in np.flatnonzero(~reading.known):
        missing = [reading.card.names[k] for k in order if np.isnan(reading.points[row, k])]
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        reasons[row] = (
            f"only {reading.coverage[row]:.0%} of the scorecard's weight is present "
            f"(at least {reading.card.coverage_floor:.0%} is needed); missing: {', '.join(missing[:3])}{more}"
        )
    return pd.Series(reasons, index=reading.index, dtype=object)


def _dimension(reading: Reading, name: str) -> Floats:
    """Points of a dimension: mean of its present measures, weighted by the expert."""
    inside = np.array([measure.dimension == name for measure in reading.card.measures])
    points, weight = reading.points[:, inside], reading.card.prior[inside]
    if not weight.any():
        weight = np.ones_like(weight)
    present = np.einsum("ij,j->i", (~np.isnan(points)).astype(float), weight)
    total = np.einsum("ij,j->i", np.nan_to_num(points), weight)
    return np.asarray(np.divide(total, present, out=np.full(len(points), np.nan), where=present > 0))

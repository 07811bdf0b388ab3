"""How long each account may stay, what it then pays, and how much of that is at stake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.models import HazardModel
from cs_ml.models.curve import HORIZONS, Curve, reach, span

__all__ = ["CURVE_DAYS", "Survival"]

Floats = npt.NDArray[np.float64]
CURVE_DAYS = (0, 30, 60, 90, 120, 150, 180, 240, 300, 365, 450, 540, 630, 730)
CHUNK = 20_000  # rows whose curves are held at once


@dataclass(frozen=True)
class Survival:
    """A hazard model, and what is made of its curves; a part of the bundle.

    Every curve is led through the published probability of leaving where there is one (:meth:`Curve.through`), so that
    all horizons agree with it and with each other.

    Parameters
    ----------
    model
        Fitted hazard model.
    target
        Target whose probability the curves are led through; None where there is none that fits.
    horizon_days
        Horizon of that probability; of what is at stake where there is none.
    within_days
        Time looked at for the remaining stay and its value.
    term_days
        Days after the horizon whose revenue is at stake.
    gross_margin, discount_rate
        Share of revenue left after delivery, and yearly rate by which later money counts less, for the value.
    """

    model: HazardModel
    target: str | None = None
    horizon_days: int = 90
    within_days: int = 1825
    term_days: int = 365
    gross_margin: float = 1.0
    discount_rate: float = 0.0

    def score(self, X: pd.DataFrame, scores: pd.DataFrame | None = None, mrr: pd.Series | None = None) -> pd.DataFrame:
        """Return what the curves of rows say.

        Parameters
        ----------
        X
            Features.
        scores
            Scores of the same rows, with the published probability of leaving ``p_<target>``; that of the hazard
            model is taken where missing.
        mrr
            Monthly revenue of each row, in the currency of the book; without it no money is counted.

        Returns
        -------
        pandas.DataFrame
            ``p_leave_30``, ``p_leave_90``, ``p_leave_180``, ``p_leave_365``; ``stay_months``, the expected remaining
            stay within ``within_days`` (restricted mean); ``term_months``, the months an account that stays through the
            horizon is then expected to pay within ``term_days``; ``ltv``, gross margin still to come within
            ``within_days``, discounted; ``at_stake = p * mrr * term_months``. Each of the last but ``term_months`` with
            ``_low`` and ``_high``, 90 % intervals from the refits, missing without them.
        """
        p, money = self._published(scores), None if mrr is None else mrr.to_numpy(dtype=np.float64)
        parts = [
            self._scored(X.iloc[rows], None if p is None else p[rows], None if money is None else money[rows])
            for rows in _chunks(len(X))
        ]
        return pd.concat(parts)

    def curve(self, X: pd.DataFrame, scores: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return the survival curve of each row up to two years.

        Parameters
        ----------
        X, scores
            As for :meth:`score`.

        Returns
        -------
        pandas.DataFrame
            Indexed as ``X``, one row a row of ``X`` and ``day``: ``stays``, the probability of staying at least so
            many days, and ``low`` and ``high``.
        """
        p = self._published(scores)
        parts = [self._curve(X.iloc[rows], None if p is None else p[rows]) for rows in _chunks(len(X))]
        return pd.concat(parts)

    def to_state(self) -> dict[str, Any]:
        """Return everything as JSON-able values."""
        facts = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "model"}
        return {**facts, "model": self.model.to_state()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return what ``to_state`` described."""
        return cls(**{**state, "model": HazardModel.from_state(state["model"])})

    def _published(self, scores: pd.DataFrame | None) -> Floats | None:
        known = scores is not None and f"p_{self.target}" in scores
        return np.asarray(scores[f"p_{self.target}"], dtype=np.float64) if known else None  # type: ignore[index]

    def _scored(self, X: pd.DataFrame, p: Floats | None, mrr: Floats | None) -> pd.DataFrame:
        own, *refits = self.model.curves(X, max(self.within_days, self.horizon_days + self.term_days))
        led = self._led(own, p)
        found = {f"p_leave_{day}": 1.0 - led.stays(day) for day in HORIZONS}
        full = Curve.flat(led)
        most = self._months(full)
        found |= _with_interval("stay_months", self._months(led), [self._months(one) for one in refits], most)
        found["term_months"] = self._term(led)
        if mrr is not None:
            worth = [self._value(one) for one in (led, full, *refits)]
            found |= _with_interval("ltv", mrr * worth[0], worth[2:], mrr * worth[1])
            others = [(1.0 - one.stays(self.horizon_days)) * self._term(one) for one in refits]
            stake = (1.0 - led.stays(self.horizon_days)) * mrr * found["term_months"]
            found |= _with_interval("at_stake", stake, others, mrr * self._term(full))
        return pd.DataFrame(found, index=X.index)

    def _curve(self, X: pd.DataFrame, p: Floats | None) -> pd.DataFrame:
        own, *refits = self.model.curves(X, CURVE_DAYS[-1])
        led = self._led(own, p)
        stays = np.column_stack([led.stays(day) for day in CURVE_DAYS])
        others = [_log_log(np.column_stack([one.stays(day) for day in CURVE_DAYS])) for one in refits]
        place, spread = _log_log(stays), np.broadcast_to(reach(others), stays.shape)
        ends = [np.where(stays == 1.0, 1.0, np.exp(-np.exp(place + way * spread))) for way in (1, -1)]
        columns = {"stays": stays, "low": ends[0], "high": ends[1]}
        index = X.index.repeat(len(CURVE_DAYS))
        days = {"day": np.tile(CURVE_DAYS, len(X))}
        return pd.DataFrame(days | {name: array.ravel() for name, array in columns.items()}, index=index)

    def _led(self, own: Curve, p: Floats | None) -> Curve:
        return own if p is None else own.through(self.horizon_days, p)

    def _months(self, curve: Curve) -> Floats:
        """Return the expected stay in months."""
        return curve.expected_months(self.within_days)

    def _term(self, curve: Curve) -> Floats:
        """Return the months after the horizon that are expected of those who stay through it."""
        months = curve.expected_months(self.horizon_days + self.term_days, since=self.horizon_days)
        return months / curve.stays(self.horizon_days)

    def _value(self, curve: Curve) -> Floats:
        """Return the margin still to come for each unit of monthly revenue."""
        return curve.worth(self.within_days, gross_margin=self.gross_margin, discount_rate=self.discount_rate)


def _with_interval(name: str, value: Floats, refits: Sequence[Floats], most: Floats) -> dict[str, Floats]:
    low, high = span(value, refits, most)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _log_log(stays: Floats) -> Floats:
    """Return log(-log S), on which curves err evenly (Kalbfleisch and Prentice 1980); certain stays are kept finite."""
    return np.asarray(np.log(-np.log(np.clip(stays, 1e-12, 1 - 1e-12))))


def _chunks(n: int) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, max(n, 1), CHUNK)]

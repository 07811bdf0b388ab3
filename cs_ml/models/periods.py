"""Snapshots cut into the periods that follow them, with what is known of these beforehand: when terms end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.models.columns import numbers
from cs_ml.models.halves import even_part

__all__ = ["Periods"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
DAYS_A_MONTH = 365.25 / 12
EARLY = 3  # first periods with a level of their own: who will leave soon has often said so, and is not asked
PERIOD, DUE, LEFT = "hazard_period", "hazard_renewals_due", "hazard_days_to_renewal"


@dataclass(frozen=True)
class Periods:
    """Rows of snapshots in each period after them.

    Parameters
    ----------
    n
        Periods told apart; later ones are like the last.
    days
        Length of a period.
    renewal
        Column with the days to the end of the term, as known on ``as_of``.
    term
        Column with the length of the term in months.
    """

    n: int = 12
    days: int = 30
    renewal: str = "contracts_term_days_to_end"
    term: str = "contracts_term_months"

    def of(self, X: pd.DataFrame, period: int, rows: Rows | slice = slice(None)) -> pd.DataFrame:
        """Return rows of a feature frame with the covariates of one period after them.

        A term is taken to be renewed at its length, so that later ends are known too. Where the columns of the term are
        absent, so are these covariates.

        Parameters
        ----------
        X
            Features.
        period
            Number of the period, from zero.
        rows
            Rows wanted.

        Examples
        --------
        >>> X = pd.DataFrame({"contracts_term_days_to_end": [40.0], "contracts_term_months": [12.0]})
        >>> [Periods().of(X, period)["hazard_renewals_due"].item() for period in (0, 1, 2, 13)]
        [0.0, 1.0, 0.0, 1.0]
        """
        chosen = X.iloc[rows]
        return chosen.assign(**self.covariates(chosen, period))

    def covariates(self, X: pd.DataFrame, period: int) -> pd.DataFrame:
        """Return what is known of one period after each row: its number, and the terms that end in it."""
        known = {PERIOD: np.full(len(X), float(min(period, self.n - 1)))}
        known |= {f"{PERIOD}_{early}": np.full(len(X), float(period == early)) for early in range(EARLY)}
        if self.renewal in X and self.term in X:
            left, length = numbers(X[self.renewal]), numbers(X[self.term]) * DAYS_A_MONTH
            start, end = period * self.days, (period + 1) * self.days
            before, until = (_ends(left, length, day) for day in (start, end))
            known |= {DUE: until - before, LEFT: left + before * length - start}
        return pd.DataFrame(known, index=X.index)

    def follow(self, X: pd.DataFrame, y: pd.DataFrame, max_rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return one row a snapshot and period it was seen through, dated at the begin of the period, and its label.

        Parameters
        ----------
        X
            Features.
        y
            ``duration_days``, ``event`` and ``watched_days``, optionally ``effective_at``, of the same rows.
        max_rows
            Beyond so many rows, every second, third, ... is kept, in turns over accounts, dates and periods, so that
            every month of every account is still seen, from fewer dates before it.

        Returns
        -------
        rows, labels
            Features with the covariates of the period, and a frame with ``label`` and ``effective_at``.
        """
        parts = [self._stayed(y, period) for period in range(self.n)]
        step = max(-(-sum(len(rows) for rows, _ in parts) // max_rows), 1)
        turn = even_part(X.index, step=2)  # by one, a month would be seen from all dates before it or from none
        frames, labels = [], []
        for period, (rows, left) in enumerate(parts):
            kept = (turn[rows] + period) % step == 0
            frames.append(self._dated(self.of(X, period, rows[kept]), period))
            effective = y["effective_at"].to_numpy()[rows[kept]] if "effective_at" in y else np.datetime64("NaT", "us")
            labels.append(pd.DataFrame({"label": left[kept], "effective_at": effective}, index=frames[-1].index))
        return pd.concat(frames), pd.concat(labels)

    def _stayed(self, y: pd.DataFrame, period: int) -> tuple[Rows, Floats]:
        """Return which rows entered a period and were watched through it, and whether they left in it (1.0 or 0.0).

        Leavers count only where stayers would have: else the risk in the last, half-watched period is overstated.
        """
        start, end = period * self.days, (period + 1) * self.days
        duration, watched = (y[name].to_numpy(dtype=np.float64) for name in ("duration_days", "watched_days"))
        rows = np.flatnonzero((duration >= start) & (watched >= end))
        left = y["event"].to_numpy(dtype=bool)[rows] & (duration[rows] < end)
        return rows, left.astype(np.float64)

    def _dated(self, part: pd.DataFrame, period: int) -> pd.DataFrame:
        """Move the dates of rows to the begin of their period; rows without dates stay."""
        if "as_of" not in part.index.names:
            return part
        accounts = part.index.get_level_values("account_id")
        moved = pd.DatetimeIndex(part.index.get_level_values("as_of")) + pd.Timedelta(days=period * self.days)
        names = ["account_id", "as_of", "period"]
        return part.set_axis(pd.MultiIndex.from_arrays([accounts, moved, np.full(len(part), period)], names=names))


def _ends(left: Floats, length: Floats, day: int) -> Floats:
    """Return how many terms end before a day, counted from ``as_of``."""
    more = np.floor((day - 1 - left) / np.where(length >= 1, length, np.nan)) + 1
    return np.asarray(np.maximum(more, 0.0))

"""What a score promised on rows it had not seen, and what became of them: reliability, ship checks, ranking."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from cs_ml.health.book import Book
from cs_ml.health.checks import ship_checks
from cs_ml.health.opinions import judged
from cs_ml.health.reliability import reliability_table
from cs_ml.health.scorecard import Scorecard

__all__ = ["as_published", "promises"]

NAMES = {
    "eta": "health",
    "equal": "equal weights",
    "expert": "expert's weights",
    "whole": "weights of the whole book",
}


def promises(unseen: pd.DataFrame, eta_ref: float, book: Book, scorecard: Scorecard) -> dict[str, pd.DataFrame]:
    """Return reliability table, ship checks and ranking of what would have been published on each date.

    Parameters
    ----------
    unseen
        Log-odds of staying by the position of the row in the book: ``eta`` and ``published``, and where they are known
        those by other weights on the same rows: ``equal``, ``expert``, ``whole`` (the whole book's, for a segment).
    eta_ref
        Log-odds that stand for 50 points.
    book
        Rows with outcomes.
    scorecard
        Points that double the odds, and the limits of the bands.
    """
    seen, told = book.rows(unseen.index.to_numpy(dtype=int)), as_published(unseen, eta_ref, book, scorecard)
    health, p_stay = told["health"].to_numpy(), told["p_stay"].to_numpy()
    checks = ship_checks(health, seen.stayed, seen.account, seen.lead, scorecard.bands)
    table = reliability_table(health, p_stay, seen.stayed, seen.account)
    return {"reliability": table, "checks": checks, "ranking": _ranking(unseen, seen)}


def as_published(unseen: pd.DataFrame, eta_ref: float, book: Book, scorecard: Scorecard) -> pd.DataFrame:
    """Return health and p_stay as they would have been published on each date, and whether the account stayed.

    Parameters
    ----------
    unseen, eta_ref, book, scorecard
        As in :func:`promises`.
    """
    seen, eta = book.rows(unseen.index.to_numpy(dtype=int)), unseen["published"].to_numpy(dtype=float)
    health = np.clip(50 + scorecard.pdo / float(np.log(2)) * (eta - eta_ref), 0, 100)
    return pd.DataFrame({"health": health, "p_stay": expit(eta), "stayed": seen.stayed}, index=seen.X.index)


def _ranking(unseen: pd.DataFrame, seen: Book) -> pd.DataFrame:
    """Return how each set of weights ranked rows it had not seen, the model's margin beside."""
    if not len(unseen):
        return pd.DataFrame()
    frame = unseen[[name for name in NAMES if name in unseen]].astype(float).rename(columns=NAMES)
    frame = frame.set_axis(seen.X.index)
    if seen.margin is not None and not seen.partly_modelled:
        frame["model"] = -seen.margin
    return judged(frame, pd.Series(1.0 - seen.stayed, index=seen.X.index))

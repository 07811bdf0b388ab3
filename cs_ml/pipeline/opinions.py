"""The CSM's view and manual overrides of a book, beside its scores."""

from __future__ import annotations

import pandas as pd

from cs_ml.features.sentiment import SentimentBuilder
from cs_ml.health import HealthScore
from cs_ml.health.opinions import beside, judged
from cs_ml.tables import Tables
from cs_ml.tables.redact import redact
from cs_ml.timeline import Clock

__all__ = ["judge_opinions", "opinions_of"]

OVERRIDES = "overrides"  # a table of one's own: account_id, points, author, reason, set_at, expires_at


def opinions_of(tables: Tables | None, scores: pd.DataFrame) -> pd.DataFrame | None:
    """Return health with what people said beside it, or ``None`` where no table of opinions is there.

    Parameters
    ----------
    tables
        Tables of the book. ``sentiment`` is the CSM's view; ``overrides``, where declared as a table of one's own with
        ``points, author, reason, set_at, expires_at``, holds what somebody stands up for.
    scores
        Published frame of a date. It is not changed.

    Returns
    -------
    pandas.DataFrame or None
        By ``(account_id, as_of)``: ``health, band, p_stay``, and ``csm_view...`` and ``override...`` with author,
        reason, beginning and expiry, of what held on the date.
    """
    if tables is None or "health" not in scores:
        return None
    shown = scores[["health", "band", "p_stay"]]
    found = _held(tables, shown)
    words = {f"{name}": found[name].map(redact, na_action="ignore") for name in found if f"{name}".endswith("_reason")}
    return None if found is shown else found.assign(**words)


def judge_opinions(tables: Tables | None, health: HealthScore) -> pd.DataFrame:
    """Return how people did against what happened, the score beside them on the same rows.

    Parameters
    ----------
    tables
        Tables of the book.
    health
        Fitted score; the rows and outcomes are those that it had not seen.

    Returns
    -------
    pandas.DataFrame
        As of :func:`cs_ml.health.opinions.judged`, by ``csm_view`` and ``override``: each as it held on the date, the
        view as a number. Empty where nobody had an opinion.
    """
    seen = health.out_of_time_
    if tables is None or seen.empty:
        return pd.DataFrame()
    found = _held(tables, seen)
    said = {"health": seen["health"]}
    if "csm_view" in found:
        said["csm_view"] = pd.Series(SentimentBuilder().numbers(found["csm_view"]), index=found.index)
    if "override" in found:
        said["override"] = found["override"].astype(float)
    table = judged(pd.DataFrame(said), 1.0 - seen["stayed"]).drop(index="health")
    return table[table["rows"] > 0] if len(table) else pd.DataFrame()


def _held(tables: Tables, scores: pd.DataFrame) -> pd.DataFrame:
    """Set beside the scores what held on each date; the scores themselves where there is no table of opinions."""
    accounts, clock = scores.index.get_level_values("account_id").unique().to_numpy(), Clock(tables.zone)
    if "sentiment" in tables:
        views = tables.frame("sentiment", accounts).rename(columns={"csm": "author"})
        scores = beside(scores, views, "csm_view", "level", clock=clock, strict=False)
    if OVERRIDES in tables:
        scores = beside(scores, tables.frame(OVERRIDES, accounts), "override", "points", clock=clock)
    return scores

"""The CSM's view and manual overrides of a book, beside its scores."""

from __future__ import annotations

import pandas as pd

from cs_ml.health.opinions import beside
from cs_ml.tables import Tables
from cs_ml.tables.redact import redact
from cs_ml.timeline import Clock

__all__ = ["opinions_of"]

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
    shown, accounts = scores[["health", "band", "p_stay"]], scores.index.get_level_values("account_id").to_numpy()
    found, clock = shown, Clock(tables.zone)
    if "sentiment" in tables:
        views = tables.frame("sentiment", accounts).rename(columns={"csm": "author"})
        found = beside(found, views, "csm_view", "level", clock=clock, strict=False)
    if OVERRIDES in tables:
        found = beside(found, tables.frame(OVERRIDES, accounts), "override", "points", clock=clock)
    words = {f"{name}": found[name].map(redact, na_action="ignore") for name in found if f"{name}".endswith("_reason")}
    return None if found is shown else found.assign(**words)
